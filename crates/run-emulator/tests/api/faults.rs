//! What goes wrong on purpose: from the library, from the start, and over the emulator's own paths.

use std::io::ErrorKind;
use std::time::Duration;

use run_emulator::{Delays, Emulator, Fault, FaultKind, Pause, Scenario, StatusFault};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{HELLO, IN_LOCATION, SERVICES, World, bounded, hello, service, set_env};

/// What comes of a request on a connection of its own: all bytes, or the error.
async fn bytes(world: &World, method: &str, target: &str, body: &Value) -> std::io::Result<String> {
    let body = body.to_string();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(world.emulator.addr()).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn at(name: &str) -> String {
    format!("{SERVICES}/{name}")
}

#[tokio::test]
async fn before_and_after() {
    let world = World::start().await;
    let faults = world.emulator.faults();
    for (kind, name, applied) in
        [(FaultKind::ResetBefore, "one", false), (FaultKind::ResetAfter, "two", true)]
    {
        faults.add(Fault::new(kind).on("create_service").times(1));
        let error = bytes(&world, "POST", SERVICES, &hello(name)).await.expect_err("a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        assert_eq!(world.get(&at(name)).await.status == 200, applied, "{name}");
    }
    faults.add(Fault::new(FaultKind::Truncated).on("create_service").times(1));
    let answer = bytes(&world, "POST", SERVICES, &hello("three")).await.expect("half an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).expect("a length");
    assert!(head.starts_with("HTTP/1.1 200") && body.len() == length / 2, "{length} {answer}");
    world.service("three").await;
    faults.add(Fault::new(FaultKind::Garbage).on("create_service").times(1));
    let answer = world.post(SERVICES, &hello("four")).await;
    assert!(answer.status == 200 && answer.is_html(), "{answer:?}");
    world.service("four").await;
    let hits: Vec<u32> = faults.active().iter().map(|fault| fault.hits).collect();
    assert_eq!(hits, [1, 1, 1, 1]);
    let struck: Vec<_> = world.emulator.requests().into_iter().filter_map(|one| one.fault).collect();
    assert_eq!(struck, ["reset-before", "reset-after", "truncated", "garbage"]);
}

#[tokio::test(start_paused = true)]
async fn refusals() {
    let world = World::start().await;
    let faults = world.emulator.faults();
    world.create_settled(&hello("hello")).await;
    for (kind, operation, expected) in [
        (FaultKind::Conflict, "get_service", (409, "ABORTED")),
        (FaultKind::TokenExpired, "get_service", (401, "UNAUTHENTICATED")),
        (FaultKind::QuotaExceeded, "get_*", (429, "RESOURCE_EXHAUSTED")),
        (FaultKind::Unavailable, "*", (503, "UNAVAILABLE")),
        (FaultKind::status(502), "get_service", (502, "UNAVAILABLE")),
    ] {
        faults.add(Fault::new(kind).on(operation).of("hello").times(1));
        let (code, status, _) = world.get(&at("hello")).await.refusal();
        assert_eq!((code, status.as_str()), expected);
        // The other tree of paths is the same operation, and the fault is spent.
        world.get(&format!("{IN_LOCATION}/hello")).await.object();
    }
    let status = StatusFault {
        code: 429,
        status: None,
        message: Some("slow down".to_owned()),
        retry_after_seconds: Some(7),
    };
    faults.add(Fault::new(FaultKind::Status(status)).on("create_service").of("other").times(1));
    world.create(&hello("third")).await;
    let answer = world.post(SERVICES, &hello("other")).await;
    assert!(answer.head.to_ascii_lowercase().contains("retry-after: 7"), "{answer:?}");
    assert_eq!(answer.refusal(), (429, "RESOURCE_EXHAUSTED".to_owned(), "slow down".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn slowly() {
    let world = World::start().await;
    let faults = world.emulator.faults();
    let second = Pause { milliseconds: 1000 };
    faults.add(Fault::new(FaultKind::Delay(second)).on("create_service"));
    faults.add(Fault::new(FaultKind::SlowDrip(second)).on("get_service"));
    let start = tokio::time::Instant::now();
    bytes(&world, "POST", SERVICES, &hello("hello")).await.expect("an answer");
    assert!((1000..1100).contains(&start.elapsed().as_millis()));
    let answer = bytes(&world, "GET", &at("hello"), &Value::Null).await.expect("an answer");
    assert!(answer.ends_with("}\n"), "{answer}");
    assert!((16_000..18_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    faults.clear();
    faults.add(Fault::new(FaultKind::HangAfter).on("delete_service"));
    let path = at("hello");
    let hangs = bytes(&world, "DELETE", &path, &Value::Null);
    assert!(tokio::time::timeout(Duration::from_secs(3600), hangs).await.is_err());
    assert_eq!(world.get(&at("hello")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn stale_reads_show_what_was_before_the_last_write() {
    let world = World::start().await;
    let faults = world.emulator.faults();
    let stale = faults.add(Fault::new(FaultKind::StaleRead).on("get_service"));
    let made = world.create(&hello("hello")).await;
    assert_eq!(world.get(&at("hello")).await.refusal().0, 404, "it was not there");
    let mut changed = made.clone();
    changed["metadata"]["resourceVersion"] = Value::Null;
    set_env(&mut changed, "2");
    let written = world.put(&at("hello"), &changed).await.object();
    assert_eq!(written["metadata"]["generation"], 2);
    let read = world.service("hello").await;
    assert_eq!((&read["metadata"]["generation"], &read["spec"]), (&1.into(), &made["spec"]));
    assert_eq!(world.get(&at("other")).await.status, 404, "what was not written is read as it is");
    faults.remove(stale);
    assert_eq!(world.service("hello").await["metadata"]["generation"], 2);
}

#[tokio::test(start_paused = true)]
async fn over_the_emulators_own_paths() {
    let world = World::start().await;
    let rule =
        json!([{"fault": {"status": {"code": 500}}, "on": "list_services", "times": 1, "name": "mine"}]);
    let added = world.post("/__emulator/faults", &rule).await.object();
    assert_eq!(added["ids"], json!([1]));
    assert_eq!(world.get(SERVICES).await.status, 500);
    assert_eq!(world.get(SERVICES).await.status, 200);
    let active = world.get("/__emulator/faults").await.object();
    assert_eq!(
        (&active[0]["name"], &active[0]["hits"], &active[0]["seen"]),
        (&"mine".into(), &1.into(), &2.into())
    );
    assert_eq!(world.delete("/__emulator/faults/7").await.status, 404);
    assert_eq!(world.delete("/__emulator/faults/1").await.status, 200);
    assert_eq!(world.get("/__emulator/faults").await.object(), json!([]));
    let refused = world.post("/__emulator/faults", &json!({"fault": "nonsense"})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("unknown variant `nonsense`"), "{refused:?}");
    let played = world.post("/__emulator/scenarios/endless-409", &json!({})).await.object();
    assert_eq!(played["ids"], json!([2]));
    let delays = world.put("/__emulator/delays", &json!({"observe": 7, "delete": 9})).await.object();
    assert_eq!((&delays["observe"], &delays["delete"]), (&7.into(), &9.into()));
    assert_eq!(world.put("/__emulator/delays", &json!({"observ": 7})).await.status, 400);
    let requests = world.get("/__emulator/requests").await.object();
    assert_eq!((&requests[0]["operation"], &requests[0]["fault"]), (&"list_services".into(), &"mine".into()));
    assert_eq!(world.get("/__emulator/nothing").await.status, 404);
    let at_google = world.send("run.googleapis.com", "GET", "/__emulator/faults", b"").await;
    assert!(at_google.status == 404 && at_google.is_html());
}

#[tokio::test(start_paused = true)]
async fn scenarios() {
    for scenario in Scenario::all() {
        let world = World::with(|builder| builder.scenario(scenario)).await;
        assert_eq!(world.emulator.faults().active().len(), scenario.faults().len());
    }
    let named = |name| Scenario::by_name(name).expect("a scenario");
    let world = World::with(|builder| builder.scenario(named("lost-answer"))).await;
    assert!(bytes(&world, "POST", SERVICES, &hello("hello")).await.is_err());
    let made = world.service("hello").await;
    assert_eq!(made["metadata"]["generation"], 1);

    let world = World::with(|builder| builder.scenario(named("stale-ready"))).await;
    world.create_settled(&hello("hello")).await;
    let written = world.update("hello", |service| set_env(service, "2")).await;
    assert_eq!(written["metadata"]["generation"], 2);
    tokio::time::sleep(Duration::from_millis(2900)).await;
    assert_eq!(world.service("hello").await["status"]["observedGeneration"], 1);
    bounded(world.settled("hello")).await;

    let world = World::with(|builder| builder.scenario(named("ready-never"))).await;
    world.create(&service("hello", HELLO)).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let conditions = world.service("hello").await["status"]["conditions"].clone();
    assert_eq!(conditions[0]["status"], "Unknown", "{conditions}");
}

#[tokio::test]
async fn delays_of_a_running_emulator() {
    let emulator = Emulator::builder().start().await.expect("a port");
    emulator.set_delays(Delays::none());
    let world = World { emulator };
    let start = std::time::Instant::now();
    world.create_settled(&hello("hello")).await;
    assert!(start.elapsed() < Duration::from_millis(300), "the default takes a third of a second");
}
