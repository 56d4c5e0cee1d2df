//! Who may use the emulator: not the pages of others in a browser.

use crate::support::{Answer, HELLO, IN_LOCATION, SERVICES, World, hello, host_of, raw, service, url};
use serde_json::json;

async fn send(world: &World, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("\r\n{body}");
    raw(world.emulator.addr(), request.as_bytes()).await
}

/// The API, the admin paths and the page.
fn everything() -> Vec<(String, String)> {
    let create = hello("mine").to_string();
    let policy = json!({"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}});
    vec![
        (format!("GET {SERVICES}"), String::new()),
        (format!("POST {SERVICES}"), create),
        (format!("POST {IN_LOCATION}/kept:setIamPolicy"), policy.to_string()),
        (format!("DELETE {SERVICES}/kept"), String::new()),
        ("GET /__emulator/requests".to_owned(), String::new()),
        ("POST /__emulator/faults".to_owned(), r#"{"fault": "conflict"}"#.to_owned()),
        ("PUT /__emulator/delays".to_owned(), "{}".to_owned()),
        ("GET /__emulator/watch".to_owned(), String::new()),
        ("OPTIONS /__emulator/faults".to_owned(), String::new()),
        ("GET /".to_owned(), String::new()),
    ]
}

/// A page of somebody's that posts text to loopback, and needs no leave for it (no preflight).
#[tokio::test(start_paused = true)]
async fn another_page_is_refused_everywhere_and_changes_nothing() {
    let world = World::start().await;
    world.create_settled(&hello("kept")).await;
    let host = world.emulator.addr().to_string();
    let before = world.service("kept").await;
    for marks in [
        &[("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")][..],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        for (line, body) in everything() {
            let headers = [&[("Host", host.as_str()), ("Content-Type", "text/plain")], marks].concat();
            let answer = send(&world, &line, &headers, &body).await;
            let (status, word, message) = answer.refusal();
            assert_eq!((status, word.as_str()), (403, "PERMISSION_DENIED"), "{line} {marks:?}");
            assert!(message.contains("page"), "{message}");
            assert!(!answer.head.to_ascii_lowercase().contains("access-control"), "{answer:?}");
        }
    }
    assert_eq!(world.service("kept").await, before);
    assert_eq!(world.get(&format!("{SERVICES}/mine")).await.status, 404);
    assert_eq!(world.emulator.faults().active(), []);
    assert!(world.emulator.requests().iter().any(|request| request.status == 403), "it is in the log");
}

/// The way around `Origin`: a name of somebody's that resolves to loopback once its page is open.
#[tokio::test(start_paused = true)]
async fn a_name_that_was_made_to_lead_here_is_not_served() {
    let world = World::with(|builder| builder.allow_host("emulator.test")).await;
    for (line, body) in everything() {
        for host in ["evil.example", "us-central1-evil.example:8787", "127.0.0.1.evil.example"] {
            let own = format!("http://{host}");
            let answer = send(&world, &line, &[("Host", host), ("Origin", &own)], &body).await;
            let (status, _, message) = answer.refusal();
            assert_eq!(status, 403, "{line} {host}");
            assert!(message.contains("--allow-host"), "{message}");
        }
    }
    for host in ["emulator.test", "Emulator.Test:1234", "us-central1-emulator.test", "emulator", "10.0.0.7:1"]
    {
        assert_eq!(
            send(&world, &format!("GET {SERVICES}"), &[("Host", host)], "").await.status,
            200,
            "{host}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_emulators_own_page_and_programs_are_served() {
    let world = World::start().await;
    let host = world.emulator.addr().to_string();
    let origin = format!("http://{host}");
    let json = ("Content-Type", "application/json");
    let own = [("Host", host.as_str()), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let faults = r#"{"fault": "conflict"}"#;
    assert_eq!(
        send(&world, "POST /__emulator/faults", &[&own[..], &[json]].concat(), faults).await.status,
        200
    );
    let text = [&own[..], &[("Content-Type", "text/plain")]].concat();
    assert_eq!(send(&world, "POST /__emulator/faults", &text, faults).await.refusal().0, 415);
    // curl -d
    let form = [("Host", host.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(send(&world, "POST /__emulator/faults", &form, faults).await.status, 200);

    let link = [
        ("Host", host.as_str()),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ];
    let page = send(&world, "GET /", &link, "").await;
    let head = page.head.to_ascii_lowercase();
    assert_eq!(page.status, 200);
    assert!(head.contains("frame-ancestors 'none'") && head.contains("x-frame-options: deny"), "{head}");
    assert_eq!(send(&world, &format!("GET {SERVICES}"), &link, "").await.refusal().0, 403);
}

#[tokio::test(start_paused = true)]
async fn services_talk_to_each_other_across_origins() {
    let world = World::start().await;
    let made = world.create_settled(&service("called", HELLO)).await;
    world.publish("called").await;
    let called = url(&made);
    let foreign = [
        ("Host", host_of(&called)),
        ("Origin", "http://caller-abc-uc.localhost:8787"),
        ("Sec-Fetch-Site", "same-site"),
        ("Content-Type", "text/plain"),
    ];
    assert_eq!(send(&world, "POST /", &foreign, "hello").await.status, 200);
    let elsewhere = [("Host", host_of(&called)), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(send(&world, "GET /", &elsewhere, "").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_has_one_host() {
    let world = World::start().await;
    let address = world.emulator.addr();
    for head in [
        format!("GET {SERVICES} HTTP/1.1\r\n"),
        format!("GET {SERVICES} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n"),
        format!("GET http://run.googleapis.com{SERVICES} HTTP/1.1\r\n"),
        "GET http://ghost-x-uc.localhost/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n".to_owned(),
    ] {
        let answer = raw(address, format!("{head}Connection: close\r\n\r\n").as_bytes()).await;
        let (status, word, message) = answer.refusal();
        assert_eq!((status, word.as_str()), (400, "INVALID_ARGUMENT"), "{head}");
        assert!(message.contains("Host"), "{message}");
    }
    let old = raw(address, format!("GET {SERVICES} HTTP/1.0\r\n\r\n").as_bytes()).await;
    assert_eq!(old.status, 200, "HTTP/1.0 knows no Host");
}

/// Whoever reaches an emulator that listens for other machines runs no program but those that it was given.
#[cfg(unix)]
#[tokio::test]
async fn beyond_loopback_a_container_replaces_no_program() {
    let listen = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let program = || "sh -c 'exit 0'".parse::<run_emulator::LocalCommand>().unwrap();
    let mark = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ran-beyond-loopback");
    let container = json!({"image": "docker.io/me/app", "command": ["/bin/sh", "-c"],
        "args": [format!("touch {}", mark.display())]});
    for (any, ran) in [(false, false), (true, true)] {
        let _ = std::fs::remove_file(&mark);
        let world = World::with(|builder| {
            let builder = builder.listen(listen).run("docker.io/me/app", program());
            if any { builder.run_any_command() } else { builder }
        })
        .await;
        let mut object = service("app", "docker.io/me/app");
        object["spec"]["template"]["spec"]["containers"] = json!([container]);
        let settled = world.create_settled(&object).await;
        let message = crate::support::condition(&settled, "Ready")["message"].as_str().unwrap().to_owned();
        assert_eq!(mark.exists(), ran, "{message}");
        assert_eq!(message.contains("--run-any-command"), !any, "{message}");
    }
}
