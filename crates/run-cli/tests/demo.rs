//! `runctl demo` as a process.

#![cfg(feature = "emulator")]

mod support;

use support::{Output, runctl};

#[test]
fn the_walkthrough_ends_well_and_leaves_nothing_running() {
    let output = runctl(["demo", "--format", "json", "--requests", "2000"]);
    assert_eq!(output.code, 0, "{output:?}");
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["requests"], 2000);
    assert_eq!(report["unattributed"], 0);
    assert_eq!(report["revisions"][0]["wanted_percent"], 90);
    assert_eq!(report["revisions"][1]["wanted_percent"], 10);
    let steps: Vec<_> =
        report["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(
        steps,
        ["check", "create", "wait", "private", "publish", "release", "split", "measure", "delete"]
    );
    for step in 1..=9 {
        assert!(output.stderr.contains(&format!("[{step}/9]")), "{}", output.stderr);
    }
    let url = report["url"].as_str().unwrap();
    let port: u16 = url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "the emulator still listens");
}

#[test]
fn the_report_for_people_is_a_table() {
    let output = runctl(["demo", "--requests", "200", "--canary", "0"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.starts_with("REVISION"), "{}", output.stdout);
    assert!(output.stdout.contains("100.0 %"), "{}", output.stdout);
}

#[test]
fn bad_input_is_told_before_anything_happens() {
    let errors: Vec<(Vec<&str>, Output)> = [
        vec!["demo", "--service", "Hello"],
        vec!["demo", "--service", ".."],
        vec!["demo", "--canary", "101"],
        vec!["demo", "--canary=-1"],
        vec!["demo", "--requests", "0"],
        vec!["demo", "--project", "my-project"],
        vec!["demo", "--project", "My-Project", "--region", "us-central1", "--yes"],
        vec!["demo", "--region", "moon"],
        vec!["demo", "--endpoint", "nonsense"],
        vec!["demo", "--endpoint", "https://user:secret@localhost"],
    ]
    .into_iter()
    .map(|arguments| (arguments.clone(), runctl(arguments)))
    .collect();
    let mut text = String::new();
    for (arguments, output) in errors {
        assert_eq!(output.code, 2, "{arguments:?}: {output:?}");
        assert_eq!(output.stdout, "");
        let lines: Vec<&str> = output.stderr.lines().take_while(|line| !line.starts_with("Usage")).collect();
        text.push_str(&format!("$ runctl {}\n{}\n", arguments.join(" "), lines.join("\n").trim_end()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_real_project_is_not_touched_without_a_yes() {
    let output = support::command(["demo", "--project", "my-project", "--region", "us-central1"])
        .env("GOOGLE_APPLICATION_CREDENTIALS", support::fake_credentials())
        .output()
        .unwrap()
        .into();
    let Output { code, stdout, stderr } = output;
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.contains("error: nobody is there to confirm"), "{stderr}");
    assert!(stderr.contains("hint: say so with --yes"), "{stderr}");
}

#[test]
fn nobody_listens() {
    let port = support::free_port();
    let output = runctl(["demo", "--endpoint", &format!("http://127.0.0.1:{port}")]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stderr.contains(&format!("no connection to http://127.0.0.1:{port}")),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("hint: check that the endpoint is right"), "{}", output.stderr);
}

#[test]
fn a_service_that_exists_is_left_alone() {
    let emulator = support::Server::start(&[]);
    let endpoint = emulator.url.clone();
    let first = support::command(["demo", "--endpoint", &endpoint, "--requests", "1000000"]).spawn().unwrap();
    let first = support::Running::new(first);
    emulator.wait_for_service("runctl-demo");
    let output = runctl(["demo", "--endpoint", &endpoint]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("exists already"), "{}", output.stderr);
    assert!(emulator.has_service("runctl-demo"), "the service of the first run was deleted by the second");
    drop(first);
}

#[cfg(unix)]
#[test]
fn the_first_interrupt_cleans_up() {
    let emulator = support::Server::start(&[]);
    let demo =
        support::command(["demo", "--endpoint", &emulator.url, "--requests", "1000000"]).spawn().unwrap();
    let demo = support::Running::new(demo);
    emulator.wait_for_service("runctl-demo");
    demo.signal("INT");
    let output = demo.finish();
    assert_eq!(output.code, 130, "{output:?}");
    assert!(output.stderr.contains("deleted\n"), "{}", output.stderr);
    assert!(output.stderr.ends_with("error: interrupted\n"), "{}", output.stderr);
    assert!(!emulator.has_service("runctl-demo"));
}

#[cfg(unix)]
#[test]
fn the_second_interrupt_quits_and_says_what_is_left() {
    // Each stage of the emulator takes a minute: the deletion cannot end in time.
    let emulator = support::Server::start(&["--delay", "60000"]);
    let demo = support::command(["demo", "--endpoint", &emulator.url]).spawn().unwrap();
    let mut demo = support::Running::new(demo);
    emulator.wait_for_service("runctl-demo");
    demo.signal("INT");
    demo.wait_for_stderr("deleting service");
    demo.signal("INT");
    let output = demo.finish();
    assert_eq!(output.code, 130, "{output:?}");
    assert!(
        output.stderr.contains("hint: it may still be there: `runctl services delete runctl-demo"),
        "{output:?}"
    );
}
