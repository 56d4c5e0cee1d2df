//! What people read when something is wrong around a command: credentials, settings, the network, the server's refusals.
//! (What is wrong with a command's own arguments is in `verbs.rs`.)

#![allow(clippy::unwrap_used, reason = "test code outside of a test function")]

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use support::{Output, answering, command, fake_credentials, free_port};

/// A command, with the variables that it sees.
struct Case {
    title: &'static str,
    variables: Vec<(&'static str, String)>,
    arguments: Vec<String>,
}

fn case(title: &'static str, variables: &[(&'static str, &str)], line: &str) -> Case {
    Case {
        title,
        variables: variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        arguments: line.split(' ').map(str::to_owned).collect(),
    }
}

impl Case {
    fn run(&self) -> Output {
        let mut command = command(&self.arguments);
        // Nobody is a metadata server.
        command.env("GCE_METADATA_HOST", "127.0.0.1:1").env("CLOUDSDK_RUN_REGION", "us-central1");
        if !self.arguments.iter().any(|argument| argument == "--project") {
            command.env("CLOUDSDK_CORE_PROJECT", "my-project");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.output().expect("a binary that starts").into()
    }
}

/// Runs all of them at once, and writes down what they say.
fn told(cases: &[Case]) -> String {
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| scope.spawn(|| case.run())).collect();
        running.into_iter().map(|thread| thread.join().expect("a process")).collect()
    });
    let mut text = String::new();
    for (case, output) in cases.iter().zip(outputs) {
        let Case { title, arguments, .. } = case;
        assert_ne!(output.code, 0, "{title}: {output:?}");
        assert_eq!(output.stdout, "", "{title}");
        // Retries are as many as chance wants.
        let lines = output.stderr.lines().filter(|line| !line.contains("trying again in"));
        plain(title, &lines.clone().collect::<Vec<_>>().join("\n"));
        text.push_str(&format!("# {title}\n$ runctl {}\n", arguments.join(" ")));
        text.extend(lines.take_while(|line| !line.starts_with("Usage:")).map(|line| format!("{line}\n")));
        text.push_str(&format!("[{}]\n\n", output.code));
    }
    text
}

/// No names of Rust items and of calls, no control characters, and nothing twice.
fn plain(title: &str, text: &str) {
    for word in text.split(|c: char| c.is_whitespace() || "`,;(".contains(c)) {
        let is_path = word.contains("::") && !word.contains("[::");
        let is_call = ["get_", "list_", "create_", "replace_", "delete_", "set_", "test_", "run_job"]
            .iter()
            .any(|verb| word.starts_with(verb));
        assert!(!is_path && !is_call && !word.ends_with("()"), "{title}: `{word}` in: {text}");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{title}: {text:?}");
    let mut seen = BTreeSet::new();
    // A message of any length that stands there again was printed, or wrapped, twice.
    for part in text.lines().flat_map(|line| line.split(": ")).map(str::trim).filter(|part| part.len() > 25) {
        assert!(seen.insert(part), "{title}: twice: {part}\n{text}");
    }
}

fn settings() -> insta::Settings {
    let mut settings = support::settings();
    settings.add_filter(r"127\.0\.0\.1:\d{2,}", "[ADDRESS]");
    settings.add_filter(r"\(os error \d+\)", "(os error)");
    settings.add_filter(r"/\S*/(credentials\.json|no-token|no-file\.json|not-json)", "[FOLDER]/$1");
    settings
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The settings are wrong, so that nothing is sent.
#[test]
fn settings_that_are_wrong() {
    let not_json = file("not-json");
    std::fs::write(&not_json, "hunter2").unwrap();
    let not_json = not_json.to_str().unwrap().to_owned();
    let no_file = file("no-file.json").to_str().unwrap().to_owned();
    let no_token = file("no-token").to_str().unwrap().to_owned();
    let token = ("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.hunter2");
    let off = ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true");
    let text = told(&[
        case("no credentials", &[], "services list"),
        case("no credentials, and a deployment", &[], "deploy hello --image a/b"),
        case("no credentials, and a wait", &[], "wait hello"),
        case(
            "credentials that are not there",
            &[("GOOGLE_APPLICATION_CREDENTIALS", &no_file)],
            "services list",
        ),
        case("credentials that are none", &[("GOOGLE_APPLICATION_CREDENTIALS", &not_json)], "services list"),
        case("a token file that is not there", &[], &format!("services list --access-token-file {no_token}")),
        case("an empty token", &[("CLOUDSDK_AUTH_ACCESS_TOKEN", " ")], "services list"),
        case(
            "a token, and somebody to act as",
            &[token],
            "services list --impersonate-service-account a@example.com",
        ),
        case("no project", &[("CLOUDSDK_CORE_PROJECT", ""), off], "services list"),
        case("a project that is none", &[off], "services list --project My_Project"),
        case("no region", &[("CLOUDSDK_RUN_REGION", ""), off], "deploy hello --image a/b"),
        case("a region that is none", &[off], "services list --region moon"),
        case("RUN_EMULATOR_HOST is no address", &[("RUN_EMULATOR_HOST", "my emulator")], "services list"),
        case(
            "gcloud's endpoint is no address",
            &[("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "run")],
            "services list",
        ),
        case("an endpoint that is none", &[], "services list --endpoint nonsense"),
        case(
            "a token for somebody else's host",
            &[token],
            "services list --endpoint https://run.example.com",
        ),
        case("a token in the clear", &[token], "services list --endpoint http://10.1.2.3"),
        case("a log filter that is none", &[("RUNCTL_LOG", "run_api=loud")], "services list"),
        case("a flag that there is not", &[], "services list --colour"),
        case("a flag of gcloud's", &[], "deploy hello --source ."),
        case("a command that there is not", &[], "services lst"),
        case("nobody to confirm", &[off], "services delete hello"),
    ]);
    assert!(!text.contains("hunter2"), "{text}");
    settings().bind(|| insta::assert_snapshot!(text));
}

/// An answer of the API, in JSON.
fn json(status: &str, code: u16, name: &str, message: &str, more: &str) -> String {
    let body =
        format!(r#"{{"error": {{"code": {code}, "status": "{name}", "message": "{message}"{more}}}}}"#);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A server that says this to everything.
fn saying(answer: String) -> String {
    answering(Box::leak(answer.into_boxed_str()))
}

/// The server refuses, or it is another one.
#[test]
fn answers_that_are_refusals() {
    let denied = |permission: &str| {
        let message = format!(
            "Permission '{permission}' denied on resource 'namespaces/my-project/services/hello' (or resource may not exist)."
        );
        json("403 Forbidden", 403, "PERMISSION_DENIED", &message, "")
    };
    let act_as = "Permission 'iam.serviceaccounts.actAs' denied on service account run@my-project.iam.gserviceaccount.com (or it may not exist).";
    let disabled = r#", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com"}]"#;
    let field = r#", "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "spec.template.spec.containers[0].ports[0]", "description": "must be open"}]}]"#;
    let html = |status: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: 20\r\nconnection: close\r\n\r\n<html>a proxy</html>")
    };
    let get = "services describe hello";
    let rows: Vec<(&'static str, String, &str)> = vec![
        ("not found", json("404 Not Found", 404, "NOT_FOUND", "Resource 'hello' does not exist.", ""), get),
        (
            "not signed in",
            json("401 Unauthorized", 401, "UNAUTHENTICATED", "Request had invalid credentials.", ""),
            get,
        ),
        ("not allowed to read", denied("run.services.get"), get),
        ("not allowed to list", denied("run.services.list"), "services list"),
        ("not allowed to deploy", denied("run.services.update"), "deploy hello --image a/b"),
        (
            "not allowed to act as",
            json("403 Forbidden", 403, "PERMISSION_DENIED", act_as, ""),
            "deploy hello --image a/b",
        ),
        (
            "not enabled",
            json(
                "403 Forbidden",
                403,
                "PERMISSION_DENIED",
                "Cloud Run Admin API has not been used.",
                disabled,
            ),
            get,
        ),
        (
            "a field",
            json("400 Bad Request", 400, "INVALID_ARGUMENT", "The request has errors", field),
            "deploy hello --image a/b",
        ),
        (
            "a state",
            json("400 Bad Request", 400, "FAILED_PRECONDITION", "The revision is in use.", ""),
            "revisions delete hello-1 --quiet",
        ),
        (
            "a name",
            json("409 Conflict", 409, "ALREADY_EXISTS", "Resource 'hello' already exists.", ""),
            "revisions delete hello-1 --quiet",
        ),
        ("a proxy", html("200 OK"), get),
        ("a proxy's 404", html("404 Not Found"), get),
        ("a proxy's 403", html("403 Forbidden"), "deploy hello --image a/b"),
    ];
    let cases: Vec<Case> = rows
        .into_iter()
        .map(|(title, answer, line)| case(title, &[("RUNCTL_ENDPOINT", &saying(answer))], line))
        .collect();
    settings().bind(|| insta::assert_snapshot!(told(&cases)));
}

/// Nobody answers, or too late, or in another language.
#[test]
fn networks_that_fail() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    std::thread::spawn(move || {
        let _held: Vec<_> = silent.incoming().collect();
    });
    let plain = saying("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_owned());
    let plain = plain.replace("http://", "https://");
    let closed = format!("127.0.0.1:{}", free_port());
    let busy = saying(json("429 Too Many Requests", 429, "RESOURCE_EXHAUSTED", "Quota exceeded.", ""));
    let broken =
        saying(json("503 Service Unavailable", 503, "UNAVAILABLE", "The service is unavailable.", ""));
    let off = ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true");
    let text = told(&[
        case(
            "nobody listens",
            &[("RUNCTL_ENDPOINT", &format!("http://{closed}"))],
            "services describe hello",
        ),
        case("no emulator", &[("RUN_EMULATOR_HOST", &closed)], "services describe hello"),
        case("no emulator, and a deployment", &[("RUN_EMULATOR_HOST", &closed)], "deploy hello --image a/b"),
        case("https to http", &[("RUNCTL_ENDPOINT", &plain), off], "services describe hello"),
        case(
            "no answer",
            &[("RUNCTL_ENDPOINT", &format!("http://{address}"))],
            "services describe hello --deadline 1",
        ),
        case("too many requests", &[("RUNCTL_ENDPOINT", &busy)], "services describe hello --deadline 30"),
        case(
            "a fault that does not pass",
            &[("RUNCTL_ENDPOINT", &broken)],
            "services describe hello --deadline 30",
        ),
        case(
            "a fault of a write",
            &[("RUNCTL_ENDPOINT", &broken)],
            "deploy hello --image a/b --wait-timeout 30",
        ),
        case(
            "credentials that nobody takes",
            &[
                ("GOOGLE_APPLICATION_CREDENTIALS", fake_credentials().to_str().unwrap()),
                ("HTTPS_PROXY", &format!("http://{closed}")),
            ],
            "services describe hello --deadline 30",
        ),
    ]);
    // Who has no emulator is not sent to its command.
    let text = if cfg!(feature = "emulator") {
        assert!(text.contains("`runctl emulator serve`"));
        text
    } else {
        assert!(!text.contains("`runctl emulator serve`"));
        text.replace("start the emulator,", "start the emulator with `runctl emulator serve`,")
    };
    settings().bind(|| insta::assert_snapshot!(text));
}

/// A certificate that nobody vouches for: told at once, and not tried again.
#[test]
fn a_certificate_that_is_not_trusted() {
    let url = untrusted();
    let variables = [("RUNCTL_ENDPOINT", url.as_str()), ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")];
    let cases = [case("a certificate of our own making", &variables, "services describe hello")];
    settings().bind(|| insta::assert_snapshot!(told(&cases)));
}

/// A server with a certificate for localhost that it has signed itself.
fn untrusted() -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let _ = tls.read(&mut [0; 4096]).and_then(|_| tls.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        }
    });
    url
}

/// What is logged into a file is text.
#[cfg(feature = "emulator")]
#[test]
fn a_log_in_a_pipe_has_no_escape_codes() {
    let server = support::Server::start(&["--delay", "1"]);
    let log = ("RUNCTL_LOG", "run_api=debug,run_ops=debug");
    let output = case("a log", &[("RUNCTL_ENDPOINT", &server.url), log], "services list").run();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("DEBUG"), "{}", output.stderr);
    assert!(!output.stderr.contains('\u{1b}'), "{:?}", output.stderr);
}
