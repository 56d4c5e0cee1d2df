//! Operations that are cut short: by a signal, or because the server is gone.
#![cfg(all(unix, feature = "emulator"))]

mod support;

use support::{Running, Server, command};

/// runctl on a server whose stages take a minute, up to the moment when it waits.
fn waiting(server: &Server, arguments: &[&str]) -> Running {
    let mut command = command(arguments);
    command.env("RUNCTL_ENDPOINT", &server.url);
    command.env("RUNCTL_PROJECT", "demo-project").env("RUNCTL_REGION", "us-central1");
    let mut running = Running::new(command.spawn().expect("a binary that starts"));
    running.wait_for_stderr("] wait ");
    running
}

const DEPLOY: [&str; 4] = ["deploy", "hello", "--image", "us-docker.pkg.dev/cloudrun/container/hello"];

#[test]
fn a_signal_ends_a_wait_and_takes_nothing_back() {
    let server = Server::start(&["--delay", "60000"]);
    for (arguments, signal) in [(&DEPLOY[..], "INT"), (&["wait", "hello"], "TERM")] {
        let running = waiting(&server, arguments);
        running.signal(signal);
        let output = running.finish();
        assert_eq!((output.code, output.stdout.as_str()), (130, ""), "{output:?}");
        let (_, end) = output.stderr.split_once("… interrupted").unwrap();
        let (_, error) = end.split_once('\n').unwrap();
        assert_eq!(
            error,
            "error: service `hello` (project demo-project, region us-central1): interrupted\n\
             hint: what was sent before is not taken back, and goes on: see `runctl services describe hello`\n"
        );
        assert!(server.has_service("hello"));
    }
}

#[test]
fn a_server_that_is_gone_is_told_once() {
    let server = Server::start(&["--delay", "60000"]);
    let running = waiting(&server, &[&DEPLOY[..], &["--wait-timeout", "1"]].concat());
    server.process.signal("KILL");
    let output = running.finish();
    assert_eq!(output.code, 3, "{output:?}");
    assert_eq!(output.stderr.matches("looking again after").count(), 1, "{}", output.stderr);
    assert!(output.stderr.contains("(generation 1 was written)"), "{}", output.stderr);
}
