//! Requests to services that are programs on this machine.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::{app, container, environment, world};
use crate::support::{Answer, Lines, World, bounded, host_of, latest_created, raw, url};

/// A service that runs, and the world that it runs in.
async fn running(edit: impl FnOnce(&mut Value)) -> (World, String) {
    let world = world(&Lines::default(), |builder| builder.queue_timeout(Duration::from_millis(500))).await;
    let mut object = app("");
    edit(&mut object);
    let service = world.create_settled(&object).await;
    let host = host_of(&url(&service)).to_owned();
    (world, host)
}

async fn get(world: &World, host: &str, path: &str) -> Answer {
    world.send(host, "GET", path, b"").await
}

/// A connection on which something was sent.
async fn sent(world: &World, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.emulator.addr()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Reads until a text has come.
async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut seen = String::new();
    bounded(async {
        while !seen.contains(wanted) {
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).await.unwrap();
            assert!(length > 0, "it ended with: {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    })
    .await;
    seen
}

#[tokio::test]
async fn headers_and_targets_go_through() {
    let (world, host) = running(|_| {}).await;
    let request = |target: &str, host: &str| {
        format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nX-Mine: 1\r\nX-Forwarded-For: 9.9.9.9\r\n\
             Connection: close, X-Hop\r\nX-Hop: 1\r\n\r\n"
        )
    };
    for (target, named) in
        [("/headers/x?y=%20", host.clone()), (&format!("http://{host}/headers/x?y=%20"), "proxy".into())]
    {
        let answer = raw(world.emulator.addr(), request(target, &named).as_bytes()).await.object();
        assert_eq!(answer["target"], "/headers/x?y=%20");
        let headers = &answer["headers"];
        assert_eq!(headers["host"], host);
        assert_eq!(headers["x-mine"], "1");
        assert_eq!(headers["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
        assert_eq!(headers["forwarded"], "for=127.0.0.1;proto=http");
        assert_eq!(headers["x-forwarded-proto"], "http");
        let trace = headers["x-cloud-trace-context"].as_str().unwrap();
        assert!(trace.len() > 36 && trace.ends_with(";o=1"), "{trace}");
        assert_eq!(headers.get("x-hop"), None);
    }
    let answer = get(&world, &host, "/cookie").await;
    let head = answer.head.to_lowercase();
    assert!(head.contains("set-cookie: mine=1") && head.contains("cache-control: private"), "{head}");
    assert!(!head.contains("public"), "{head}");
    let tunnel = format!("CONNECT {host}:80 HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(raw(world.emulator.addr(), tunnel.as_bytes()).await.status, 400);
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let (world, host) = running(|_| {}).await;
    let head = format!("POST /echo HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut stream = sent(&world, &head).await;
    for text in ["first", "other"] {
        stream.write_all(format!("5\r\n{text}\r\n").as_bytes()).await.unwrap();
        // The request has not ended yet.
        until(&mut stream, text).await;
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    until(&mut stream, "0\r\n\r\n").await;
    // The connection is good for another request.
    stream.write_all(format!("GET /sleep/0 HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    until(&mut stream, "slept").await;
}

#[tokio::test]
async fn large_bodies_up_to_a_limit() {
    const MIB: usize = 1 << 20;
    let (world, host) = running(|_| {}).await;
    let fine = vec![b'x'; 8 * MIB];
    assert_eq!(world.send(&host, "POST", "/length", &fine).await.body, fine.len().to_string());
    let long = vec![b'x'; 32 * MIB + 1];
    let answer = world.send(&host, "POST", "/length", &long).await;
    assert!(answer.status == 413 && answer.is_html(), "{}", answer.head);
}

#[tokio::test]
async fn a_web_socket() {
    let (world, host) = running(|_| {}).await;
    let head = format!(
        "GET /socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let mut stream = sent(&world, &head).await;
    let answer = until(&mut stream, "\r\n\r\n").await.to_lowercase();
    assert!(answer.starts_with("http/1.1 101 ") && answer.contains("upgrade: websocket"), "{answer}");
    for text in ["one", "another"] {
        stream.write_all(text.as_bytes()).await.unwrap();
        until(&mut stream, text).await;
    }
    stream.write_all(b"the last").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = String::new();
    bounded(stream.read_to_string(&mut rest)).await.unwrap();
    assert_eq!(rest, "the last", "it may still be answered");
}

#[tokio::test]
async fn the_time_for_a_request_is_limited() {
    let (world, host) =
        running(|object| object["spec"]["template"]["spec"]["timeoutSeconds"] = 1.into()).await;
    let start = Instant::now();
    let (silent, begun) = tokio::join!(get(&world, &host, "/sleep/60000"), get(&world, &host, "/drip"));
    assert!(start.elapsed() >= Duration::from_millis(990));
    assert!(silent.status == 504 && silent.is_html(), "{silent:?}");
    assert_eq!(begun.status, 200, "what has begun is cut");
    assert!(begun.body.contains("first") && begun.body.ends_with("0\r\n\r\n"), "{begun:?}");
    assert_eq!(get(&world, &host, "/sleep/0").await.body, "slept");
}

#[tokio::test]
async fn one_that_crashes_is_started_again() {
    let (world, host) = running(|_| {}).await;
    for _ in 0..2 {
        let answer = get(&world, &host, "/crash").await;
        assert!(answer.status == 503 && answer.is_html(), "{answer:?}");
        bounded(async {
            while get(&world, &host, "/sleep/0").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn requests_wait_for_their_turn_and_not_for_ever() {
    let (world, host) =
        running(|object| object["spec"]["template"]["spec"]["containerConcurrency"] = 1.into()).await;
    let (first, second) = tokio::join!(get(&world, &host, "/sleep/10"), get(&world, &host, "/sleep/10"));
    assert_eq!((first.status, second.status), (200, 200));
    let both = tokio::join!(get(&world, &host, "/sleep/1500"), get(&world, &host, "/sleep/1500"));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
}

/// Two revisions with half of the traffic each, and the first one under a tag.
async fn split(sticky: bool) -> (World, String, [String; 2]) {
    let world = world(&Lines::default(), |builder| builder.seed(7)).await;
    let mut object = app("");
    if sticky {
        object["spec"]["template"]["metadata"] =
            json!({"annotations": {"run.googleapis.com/sessionAffinity": "true"}});
    }
    let first = latest_created(&world.create_settled(&object).await);
    let traffic = json!([
        {"revisionName": first, "percent": 50, "tag": "old"}, {"latestRevision": true, "percent": 50},
    ]);
    let service = world
        .update_settled("app", |service| {
            container(service)["env"] = environment("slow:0");
            service["spec"]["traffic"] = traffic;
        })
        .await;
    let host = host_of(&url(&service)).to_owned();
    (world, host, [first, latest_created(&service)])
}

fn revision(answer: &Answer) -> String {
    answer.json()["revision"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_split_a_tag_and_a_seed() {
    let (world, host, both) = split(false).await;
    let mut seen = Vec::new();
    for _ in 0..12 {
        seen.push(revision(&get(&world, &host, "/").await));
        assert_eq!(revision(&get(&world, &format!("old---{host}"), "/").await), both[0]);
    }
    assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), both.iter().cloned().collect());
    let (again, host, others) = split(false).await;
    for (at, before) in seen.iter().enumerate() {
        let now = revision(&get(&again, &host, "/").await);
        assert_eq!(now == others[0], *before == both[0], "request {at}");
        // The tag's requests have drawn, too.
        get(&again, &format!("old---{host}"), "/").await;
    }
}

#[tokio::test]
async fn clients_stay_with_their_revision_if_they_are_asked_to() {
    let (world, host, both) = split(true).await;
    for _ in 0..4 {
        let first = get(&world, &host, "/").await;
        let cookie = first.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap();
        assert!(cookie.starts_with("GAESA="), "{cookie}");
        for _ in 0..6 {
            let request = format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nCookie: a=b; {cookie}\r\nConnection: close\r\n\r\n"
            );
            let answer = raw(world.emulator.addr(), request.as_bytes()).await;
            assert_eq!(revision(&answer), revision(&first));
            assert!(!answer.head.contains("set-cookie"), "{}", answer.head);
        }
    }
    assert_eq!(revision(&get(&world, &format!("old---{host}"), "/").await), both[0]);
}

#[tokio::test]
async fn services_that_are_internal_are_not_found() {
    for (annotation, value) in [
        ("ingress", "internal"),
        ("ingress", "internal-and-cloud-load-balancing"),
        ("default-url-disabled", "true"),
    ] {
        let (world, host) = running(|_| {}).await;
        let hide = |object: &mut Value| {
            object["metadata"]["annotations"][format!("run.googleapis.com/{annotation}")] = value.into();
        };
        world.update("app", hide).await;
        let answer = get(&world, &host, "/").await;
        assert!(answer.status == 404 && answer.is_html(), "{annotation} {answer:?}");
    }
}
