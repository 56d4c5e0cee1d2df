//! The verbs, from a new user's first service to its deletion, and every way to get them wrong.

#![cfg(feature = "emulator")]

mod support;

use support::{Output, Server, command};

const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";

/// runctl on an emulator, with the settings in the environment.
fn on(server: &Server, arguments: &[&str]) -> Output {
    let mut command = command(arguments);
    command.env("RUNCTL_ENDPOINT", &server.url);
    command.env("CLOUDSDK_CORE_PROJECT", "my-project").env("CLOUDSDK_RUN_REGION", "us-central1");
    command.output().expect("a binary that starts").into()
}

fn fine(server: &Server, arguments: &[&str]) -> Output {
    let output = on(server, arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

fn json(server: &Server, arguments: &[&str]) -> serde_json::Value {
    let output = fine(server, &[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&output.stdout).expect("JSON")
}

/// What a test writes down of a process, without what differs from run to run.
fn shown(output: &Output) -> String {
    format!("exit {}\n--- stdout\n{}--- stderr\n{}", output.code, output.stdout, output.stderr)
}

fn snapshot_settings() -> insta::Settings {
    let mut settings = support::settings();
    settings.add_filter(r"after \d+ ms", "after [TIME]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "[ADDRESS]");
    settings.add_filter(r"(hello|fresh)-(\d{5})-[a-z0-9]{3}", "$1-$2-[SUFFIX]");
    settings.add_filter(r"logs: https://\S+", "logs: [URL]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[TIMESTAMP]      ");
    settings
}

#[test]
fn from_the_first_deploy_to_the_deletion() {
    let server = Server::start(&["--delay", "5"]);
    let _guard = snapshot_settings().bind_to_scope();

    let first = fine(
        &server,
        &["deploy", "hello", "--image", HELLO, "--set-env-vars", "A=1", "--allow-unauthenticated"],
    );
    insta::assert_snapshot!("deploy_new", shown(&first));
    insta::assert_snapshot!("services_list", shown(&fine(&server, &["services", "list"])));
    insta::assert_snapshot!("services_describe", shown(&fine(&server, &["services", "describe", "hello"])));
    let url = json(&server, &["services", "describe", "hello"])["status"]["url"].as_str().unwrap().to_owned();
    let host = url.strip_prefix("http://").unwrap();
    assert!(support::get_host(&server.url, host, "/").starts_with("HTTP/1.1 200"));

    let second = fine(
        &server,
        &["deploy", "hello", "--image", HELLO, "--set-env-vars=A=2", "--no-traffic", "--tag=next"],
    );
    insta::assert_snapshot!("deploy_no_traffic", shown(&second));
    insta::assert_snapshot!(
        "revisions_list",
        shown(&fine(&server, &["revisions", "list", "--service", "hello"]))
    );
    let tagged = support::get_host(&server.url, &format!("next---{host}"), "/");
    assert!(tagged.contains(r#""A": "2""#), "{tagged}");

    let split = fine(&server, &["services", "update-traffic", "hello", "--to-tags", "next=10"]);
    insta::assert_snapshot!("update_traffic_to_tags", shown(&split));
    let pinned = fine(&server, &["deploy", "hello", "--image", HELLO, "--set-env-vars=A=3"]);
    insta::assert_snapshot!("deploy_onto_pinned_traffic", shown(&pinned));
    let latest = fine(&server, &["services", "update-traffic", "hello", "--to-latest", "--clear-tags"]);
    insta::assert_snapshot!("update_traffic_to_latest", shown(&latest));
    insta::assert_snapshot!("wait", shown(&fine(&server, &["wait", "hello"])));

    let member = ["--member", "user:ana@example.com", "--role", "roles/run.invoker"];
    let policy = json(&server, &[&["services", "add-iam-policy-binding", "hello"], &member[..]].concat());
    assert_eq!(policy["bindings"][0]["members"], serde_json::json!(["allUsers", "user:ana@example.com"]));
    let policy = json(&server, &[&["services", "remove-iam-policy-binding", "hello"], &member[..]].concat());
    assert_eq!(policy["bindings"][0]["members"], serde_json::json!(["allUsers"]));
    fine(&server, &["deploy", "hello", "--image", HELLO, "--no-allow-unauthenticated"]);
    assert_eq!(json(&server, &["services", "get-iam-policy", "hello"]).get("bindings"), None);

    insta::assert_snapshot!("delete", shown(&fine(&server, &["services", "delete", "hello", "--quiet"])));
    insta::assert_snapshot!("services_list_empty", shown(&fine(&server, &["services", "list"])));
}

#[test]
fn every_error_says_what_and_what_to_do() {
    let server = Server::start(&["--delay", "5"]);
    fine(&server, &["deploy", "hello", "--image", HELLO]);
    let _guard = snapshot_settings().bind_to_scope();
    let mut text = String::new();
    for arguments in [
        &["services", "describe", "nobody"][..],
        &["services", "describe", "Hello"],
        &["services", "describe", ".."],
        &["services", "delete", "nobody", "--quiet"],
        &["services", "delete", "hello"],
        &["wait", "nobody"],
        &["revisions", "describe", "nobody-1"],
        &["services", "update-traffic", "hello"],
        &["services", "update-traffic", "hello", "--to-revisions", "hello-1=60,hello-2=41"],
        &["services", "update-traffic", "hello", "--to-revisions", "LATEST=90"],
        &["services", "update-traffic", "hello", "--to-revisions", "hello-1=10"],
        &["services", "update-traffic", "hello", "--to-tags", "nope=10"],
        &["services", "update-traffic", "hello", "--to-latest", "--to-revisions", "hello-1=10"],
        &["services", "add-iam-policy-binding", "hello", "--member", "ana", "--role", "roles/run.invoker"],
        &["services", "add-iam-policy-binding", "hello", "--member", "allUsers", "--role", "invoker"],
        &["deploy", "hello"],
        &["deploy", "hello", "--image", HELLO, "--memory", "99Gi"],
        &["deploy", "hello", "--image", HELLO, "--set-env-vars", "PORT=1"],
        &["deploy", "hello", "--image", HELLO, "--timeout", "soon"],
        &["deploy", "fresh", "--image", HELLO, "--no-traffic"],
        &["deploy", "fresh", "--image", "docker.io/run-emulator/missing"],
        &["deploy", "hello", "--image", "docker.io/run-emulator/exits"],
        &["services", "list", "--region", "moon"],
        &["services", "list", "--endpoint", "nonsense"],
    ] {
        let output = on(&server, arguments);
        assert_ne!(output.code, 0, "{arguments:?}");
        assert_eq!(output.stdout, "", "{arguments:?}");
        let lines = output.stderr.lines().take_while(|line| !line.starts_with("Usage:"));
        let talk: Vec<&str> =
            lines.filter(|line| !line.starts_with("[") && !line.starts_with("      ")).collect();
        text.push_str(&format!(
            "$ runctl {}\n[{}] {}\n\n",
            arguments.join(" "),
            output.code,
            talk.join("\n    ").trim_end()
        ));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_a_failed_deployment_leaves_is_told_and_repaired() {
    let server = Server::start(&["--delay", "5"]);
    let _guard = snapshot_settings().bind_to_scope();
    fine(&server, &["deploy", "hello", "--image", HELLO]);
    let failed = on(&server, &["deploy", "hello", "--image", "docker.io/run-emulator/never-listens"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    for told in [
        "(generation 2 was written)\n  cause: ",
        "[container-not-listening]\n",
        "  still serving: hello-00001-",
        "hint: --port: ",
        "hint: --startup-probe: ",
    ] {
        assert!(failed.stderr.contains(told), "{told}: {}", failed.stderr);
    }

    insta::assert_snapshot!(
        "repair_leaves_the_newest",
        shown(&fine(&server, &["services", "repair", "hello"]))
    );
    let planned = json(&server, &["services", "repair", "hello", "--dry-run", "--pin-serving"]);
    assert_eq!(planned["remaining"], serde_json::json!([]), "{planned}");
    assert_eq!(on(&server, &["services", "repair", "hello", "--pin-serving"]).code, 2, "nobody confirms it");
    let mended = fine(&server, &["services", "repair", "hello", "--pin-serving", "--quiet"]);
    insta::assert_snapshot!("repair_pins", shown(&mended));
    fine(&server, &["wait", "hello"]);
    let nothing = fine(&server, &["services", "repair", "hello"]);
    assert_eq!(nothing.stdout, "nothing is wrong with the traffic\n");
}

#[test]
fn a_deadline_has_its_own_code() {
    let server = Server::start(&["--delay", "60000"]);
    let output = on(&server, &["deploy", "hello", "--image", HELLO, "--wait-timeout", "1"]);
    assert_eq!(output.code, 3, "{output:?}");
    assert!(output.stderr.contains("was not ready within 1.0 s; last seen: "), "{}", output.stderr);
    let output = on(&server, &["deploy", "hello", "--image", HELLO, "--async"]);
    assert_eq!(output.code, 0, "{output:?}");
    let output = on(&server, &["wait", "hello", "--timeout", "1"]);
    assert_eq!(output.code, 3, "{output:?}");
}

#[test]
fn settings_are_asked_for_by_name() {
    for (arguments, what) in
        [(&["services", "list"][..], "project"), (&["wait", "x", "--project", "p"], "region")]
    {
        let output = support::runctl([arguments, &["--endpoint", "http://127.0.0.1:1"]].concat());
        assert_eq!(output.code, 2, "{output:?}");
        assert!(
            output.stderr.starts_with(&format!("error: no {what} is set\nhint: use --{what}, ")),
            "{output:?}"
        );
    }
}

#[test]
fn the_http_log_keeps_secrets() {
    let server = Server::start(&["--delay", "5"]);
    let mut command = command([
        "deploy",
        "hello",
        "--image",
        HELLO,
        "--set-env-vars",
        "KEY=hunter2",
        "--log-http",
        "--trust-endpoint",
    ]);
    command.env("RUNCTL_ENDPOINT", &server.url).env("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.t0ken");
    command.env("RUNCTL_PROJECT", "my-project").env("RUNCTL_REGION", "us-central1");
    let output: Output = command.output().unwrap().into();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("> POST http://"), "{}", output.stderr);
    assert!(output.stderr.contains("\"name\": \"KEY\""), "{}", output.stderr);
    assert!(!output.stderr.contains("hunter2") && !output.stderr.contains("ya29"), "{}", output.stderr);
}

#[test]
fn silence_leaves_data_and_errors() {
    let server = Server::start(&["--delay", "5"]);
    let output =
        fine(&server, &["deploy", "hello", "--image", HELLO, "--no-user-output-enabled", "--format", "yaml"]);
    assert_eq!(output.stderr, "");
    assert!(output.stdout.starts_with("apiVersion: serving.knative.dev/v1\n"), "{}", output.stdout);
    let output = on(&server, &["services", "describe", "nobody", "--no-user-output-enabled"]);
    assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
}

#[test]
fn an_endpoint_that_is_not_there_or_not_the_api() {
    let free = format!("http://127.0.0.1:{}", support::free_port());
    let html = support::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 18\r\nconnection: close\r\n\r\n<html>hello</html>",
    );
    let _guard = snapshot_settings().bind_to_scope();
    for (name, endpoint) in [("nobody_listens", free), ("a_body_that_is_not_json", html)] {
        let settings = ["--project", "my-project", "--region", "us-central1", "--endpoint", &endpoint];
        let output = support::runctl([&["services", "describe", "hello"], &settings[..]].concat());
        insta::assert_snapshot!(name, shown(&output));
    }
}

#[test]
fn no_credentials() {
    // Nobody listens where the metadata server would be.
    let nowhere = format!("127.0.0.1:{}", support::free_port());
    let mut command =
        command(["services", "describe", "hello", "--project", "my-project", "--region", "us-central1"]);
    let output: Output = command.env("GCE_METADATA_HOST", nowhere).output().unwrap().into();
    assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output:?}");
    assert!(output.stderr.contains("no access token could be had: "), "{}", output.stderr);
    assert!(
        output.stderr.contains("hint: log in with `gcloud auth application-default login`"),
        "{}",
        output.stderr
    );
}

#[test]
fn the_metadata_server_knows_project_and_region() {
    let server = support::answering(
        "HTTP/1.1 200 OK\r\nmetadata-flavor: Google\r\ncontent-length: 22\r\nconnection: close\r\n\r\nprojects/1/regions/xyz",
    );
    let mut command = command(["services", "list"]);
    command.env("GCE_METADATA_HOST", server.strip_prefix("http://").unwrap());
    let output: Output = command.output().unwrap().into();
    // The answer to every question is this region's name, which is no project.
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.starts_with("error: project `projects/1/regions/xyz` is not valid"), "{output:?}");
    let mut command = support::command(["wait", "hello", "--project", "my-project"]);
    command.env("GCE_METADATA_HOST", server.strip_prefix("http://").unwrap());
    let output: Output = command.output().unwrap().into();
    assert!(output.stderr.starts_with("error: region `xyz` is not valid"), "{output:?}");
}
