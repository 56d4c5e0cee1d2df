//! `runctl doctor` as a process.

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod support;

use support::{Output, answering, command};

/// Plays the token service, the endpoint that tells about tokens, and an API without services.
const ALL: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 129\r\n\r\n\
    {\"access_token\":\"ya29.hunter2\",\"expires_in\":3600,\"active\":true,\"username\":\"principal://pool/subject/alice\",\"metadata\":{},\"x\":\"y\"}";

fn doctor(variables: &[(&str, &str)], more: &[&str]) -> Output {
    let mut command =
        command(["doctor", "--project", "my-project", "--region", "us-central1"].iter().chain(more));
    command.envs(variables.iter().copied()).output().unwrap().into()
}

#[test]
fn a_credential_is_looked_at_and_never_shown() {
    let server = answering(ALL);
    let path = format!("{}/doctor.json", env!("CARGO_TARGET_TMPDIR"));
    let content = format!(
        r#"{{"type": "external_account_authorized_user", "refresh_token": "r-hunter2", "client_id": "c",
        "client_secret": "s-hunter2", "quota_project_id": "payer", "token_url": "{server}/token",
        "token_info_url": "{server}/introspect"}}"#
    );
    std::fs::write(&path, content).unwrap();
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", path.as_str()), ("RUNCTL_ENDPOINT", server.as_str())];
    let output = doctor(&variables, &["--trust-endpoint"]);
    assert_eq!(output.code, 0, "{output:?}");
    for line in [
        "✔ credential: application default credentials: `external_account_authorized_user` in ",
        ", named by GOOGLE_APPLICATION_CREDENTIALS",
        "✔ token: stands for principal://pool/subject/alice, good for 60 min",
        "✔ quota project: payer",
        "✔ access: services can be read at http://127.0.0.1",
        "project                      my-project",
    ] {
        assert!(output.stdout.contains(line), "{line}\n{}", output.stdout);
    }
    let json = doctor(&variables, &["--trust-endpoint", "--format", "json", "--billing-project", "other"]);
    let object: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&object["kind"], &object["checks"][2]["details"]["project"]),
        (&"Doctor".into(), &"other".into())
    );
    assert_eq!(object["checks"][1]["details"]["principal"], "principal://pool/subject/alice");
    for text in [&output.stdout, &output.stderr, &json.stdout, &json.stderr] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn each_thing_that_does_not_work_is_told_with_what_to_do() {
    let missing = doctor(&[("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file")], &[]);
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(
        missing.stdout.contains("X credential: the credentials file /no/such/file, which GOOGLE_"),
        "{missing:?}"
    );
    assert!(
        missing.stderr.starts_with("error: 2 of 2 checks failed; credential: the credentials file"),
        "{missing:?}"
    );

    let nobody = format!("http://127.0.0.1:{}", support::free_port());
    let output = doctor(&[("RUNCTL_ENDPOINT", nobody.as_str())], &[]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stdout.contains("✔ credential: none is sent, since the API is on this machine"),
        "{output:?}"
    );
    assert!(
        output.stdout.contains("X access: ") && output.stdout.contains("Connection refused"),
        "{output:?}"
    );
}
