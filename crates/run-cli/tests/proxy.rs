//! `runctl services proxy` as a process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use support::{Output, Running, answering, command, get, get_host};

/// A proxy on this port, for a service that is at this address.
fn proxy_on(port: &str, service_url: &str, more: &[&str]) -> Command {
    let body = format!(
        r#"{{"apiVersion":"serving.knative.dev/v1","kind":"Service","metadata":{{"name":"hello","namespace":"my-project","uid":"u"}},"status":{{"url":"{service_url}"}}}}"#
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let arguments =
        ["services", "proxy", "hello", "--port", port, "--project", "my-project", "--region", "us-central1"];
    let mut command = command(arguments.iter().chain(more));
    command.env("RUNCTL_ENDPOINT", answering(answer.leak()));
    command
}

/// A proxy on a free port, and its address.
fn proxy(service_url: &str, more: &[&str]) -> (Running, String) {
    let mut child = proxy_on("0", service_url, more).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let mut running = Running::new(child);
    running.wait_for_stderr("Ctrl-C ends it");
    (running, url.trim().to_owned())
}

/// What came of one request, up to the end of its headers.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn answers_come_as_they_are_sent_and_a_signal_ends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let (running, url) = proxy(&target, &["--token", "a.b.c"]);
    let mut client = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let host = url.strip_prefix("http://").unwrap();
    write!(client, "POST /x?y=1 HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\none\r\n")
        .unwrap();

    let (mut service, _) = listener.accept().unwrap();
    let request = head(&mut service).to_ascii_lowercase();
    assert!(request.starts_with("post /x?y=1 http/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: bearer a.b.c\r\n"), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", target.strip_prefix("http://").unwrap())), "{request}");
    // Both bodies are half sent, and arrive.
    let mut chunk = [0; 8];
    service.read_exact(&mut chunk).unwrap();
    assert_eq!(&chunk, b"3\r\none\r\n");
    service
        .write_all(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\nx-mine: 1\r\n\r\n5\r\nfirst\r\n")
        .unwrap();
    let answer = head(&mut client).to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 201") && answer.contains("x-mine: 1\r\n"), "{answer}");
    let mut first = [0; 10];
    client.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"5\r\nfirst\r\n");
    client.write_all(b"0\r\n\r\n").unwrap();
    // What is under way when the signal comes is brought to its end.
    running.signal("INT");
    service.write_all(b"4\r\nlast\r\n0\r\n\r\n").unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "4\r\nlast\r\n0\r\n\r\n");
    let output = running.finish();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.ends_with("stopped\n") && !output.stderr.contains("a.b.c"), "{output:?}");
    assert!(TcpStream::connect(host).is_err());
}

#[test]
fn protocols_change_on_both_sides() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_running, url) = proxy(&format!("http://{}", listener.local_addr().unwrap()), &[]);
    let host = url.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(host).unwrap();
    write!(client, "GET / HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
        .unwrap();
    let (mut service, _) = listener.accept().unwrap();
    assert!(head(&mut service).to_ascii_lowercase().contains("upgrade: websocket\r\n"));
    service.write_all(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").unwrap();
    assert!(head(&mut client).starts_with("HTTP/1.1 101"));
    let mut word = [0; 4];
    for (mut from, mut to) in [(&client, &service), (&service, &client)] {
        from.write_all(b"ping").unwrap();
        to.read_exact(&mut word).unwrap();
        assert_eq!(&word, b"ping");
    }
}

#[test]
fn what_is_not_forwarded_is_told_in_words() {
    let nobody = format!("http://127.0.0.1:{}", support::free_port());
    let (mut running, url) = proxy(&nobody, &[]);
    let strange = get_host(&url, "evil.example", "/");
    assert!(strange.starts_with("HTTP/1.1 403") && strange.contains("it is for another host"), "{strange}");
    let gone = get(&url, "/");
    assert!(gone.starts_with("HTTP/1.1 502"), "{gone}");
    assert!(gone.contains(&format!("no answer from {nobody}/: Connection refused")), "{gone}");
    running.wait_for_stderr("warning: no answer from");
    running.signal("TERM");
    assert_eq!(running.finish().code, 0);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port().to_string();
    let output: Output = proxy_on(&taken, &nobody, &[]).output().unwrap().into();
    assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{output:?}");
    assert!(output.stderr.contains(&format!("cannot listen on port {taken}: ")), "{output:?}");
    assert!(output.stderr.contains("hint: choose another one with --port"), "{output:?}");
}

#[cfg(feature = "emulator")]
#[test]
fn a_service_on_the_emulator_is_reached() {
    let server = support::Server::start(&["--delay", "1"]);
    let on = |words: &[&str]| {
        let mut command = command(words);
        command.env("RUNCTL_ENDPOINT", &server.url).env("RUNCTL_PROJECT", "demo-project");
        command.env("RUNCTL_REGION", "us-central1");
        command
    };
    let image = "us-docker.pkg.dev/cloudrun/container/hello";
    let deployed = on(&["deploy", "hello", "--image", image, "--allow-unauthenticated"]).output().unwrap();
    assert!(deployed.status.success(), "{deployed:?}");
    let mut child = on(&["services", "proxy", "hello", "--port", "0"]).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let running = Running::new(child);
    let answer = get(url.trim(), "/");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.signal("INT");
    assert_eq!(running.finish().code, 0);
    let missing: Output = on(&["services", "proxy", "hello", "--tag", "x"]).output().unwrap().into();
    assert_eq!(missing.code, 4, "{missing:?}");
}
