//! Application default credentials, found or not. Each test runs again as a process of its own, since what is
//! found depends on the environment, and a process cannot change its own safely.

use std::env;
use std::process::Command;
use std::time::Duration;

use run_api::{Client, Credentials, Endpoint, ErrorKind};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::headers::hello;
use super::server::{ANYTHING, Answer, Server};

/// Set in the process that a test starts.
const ALONE: &str = "RUN_API_TEST_ALONE";
const METADATA_HOST: &str = "GCE_METADATA_HOST";

fn is_alone() -> bool {
    env::var_os(ALONE).is_some()
}

/// Runs one test of this file again, in an environment with these variables and no others.
async fn alone(test: &'static str, variables: Vec<(&'static str, String)>) {
    let run = move || {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args([&format!("credentials::{test}"), "--exact", "--nocapture"]);
        command.env_clear().env(ALONE, "yes").envs(variables).output().expect("a process")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// The metadata server's address is a parameter of the process, so that no test ever asks a real one.
fn metadata_host() -> String {
    env::var(METADATA_HOST).expect("set by the parent")
}

#[tokio::test]
async fn without_a_metadata_server_there_is_one_clear_error() {
    if !is_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = listener.local_addr().unwrap().to_string();
        drop(listener);
        return alone("without_a_metadata_server_there_is_one_clear_error", vec![(METADATA_HOST, nobody)])
            .await;
    }
    let client = Client::builder().build().expect("no file is named, so nothing is wrong yet");
    assert_eq!(client.endpoint(), &Endpoint::google());
    let error = client.get_service(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.is_unauthenticated() && !error.is_retryable() && !error.may_have_been_applied());
    assert!(
        error
            .message()
            .starts_with("no access token could be had: failed to fetch access token: 127.0.0.1: "),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Credentials);
}

/// The network swallows everything. (Time is paused: it jumps to the limit as soon as there is nothing to do.)
#[tokio::test(start_paused = true)]
async fn a_silent_metadata_server_is_given_up() {
    if !is_alone() {
        // The system accepts connections for this socket; nobody ever answers.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = listener.local_addr().unwrap().to_string();
        alone("a_silent_metadata_server_is_given_up", vec![(METADATA_HOST, silent)]).await;
        return drop(listener);
    }
    let client = Client::builder().build().unwrap();
    let start = Instant::now();
    let error = client.get_service(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(
        error.to_string().ends_with("no access token could be had within 10 s: nothing answered"),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_metadata_server_gives_the_token() {
    if !is_alone() {
        // One server plays both: this JSON is a token, and a service with unknown fields.
        let both = r#"{"access_token": "ya29.metadata", "expires_in": 3600, "token_type": "Bearer",
            "metadata": {"uid": "u"}}"#;
        let server = Server::start(Answer::json(200, both)).await;
        alone("the_metadata_server_gives_the_token", vec![(METADATA_HOST, server.address.to_string())]).await;
        let received = server.received();
        let token = received.first().unwrap();
        assert!(token.path().ends_with("/service-accounts/default/token"), "{token:?}");
        assert!(token.target.contains("cloud-platform"), "{token:?}");
        let request = received.last().unwrap();
        assert!(request.path().ends_with("/services/hello"), "{request:?}");
        assert_eq!(request.header("authorization"), Some("Bearer ya29.metadata"));
        return;
    }
    let client = Client::builder()
        .endpoint(Endpoint::fixed(&format!("http://{}", metadata_host())).unwrap())
        .credentials(Credentials::application_default().unwrap())
        .trust_endpoint()
        .build()
        .unwrap();
    client.get_service(&hello()).await.unwrap();
}

#[tokio::test]
async fn a_workforce_user_is_found_and_told() {
    if !is_alone() {
        // One server plays all: this JSON is a token, what there is to say of it, and a service.
        let all = r#"{"access_token": "ya29.workforce", "expires_in": 3600, "active": true,
            "username": "principal://pool/subject/alice", "metadata": {"uid": "u"}}"#;
        let server = Server::start(Answer::json(200, all)).await;
        let path = format!("{}/workforce.json", env!("CARGO_TARGET_TMPDIR"));
        let url = server.url();
        let content = format!(
            r#"{{"type": "external_account_authorized_user", "refresh_token": "hunter2", "client_id": "c",
            "client_secret": "hunter2", "quota_project_id": "file-project", "token_url": "{url}/token",
            "token_info_url": "{url}/introspect"}}"#
        );
        std::fs::write(&path, content).unwrap();
        let variables = vec![("GOOGLE_APPLICATION_CREDENTIALS", path), ("TEST_URL", url)];
        alone("a_workforce_user_is_found_and_told", variables).await;
        let received = server.received();
        let paths: Vec<&str> = received.iter().map(|request| request.path()).collect();
        assert_eq!(paths[0], "/token");
        assert!(paths[1].ends_with("/services/hello") && paths[2].ends_with("/services/hello"), "{paths:?}");
        assert_eq!(paths[3..], ["/introspect"], "one token was enough");
        let of = |at: usize, name: &str| received[at].header(name).map(str::to_owned);
        assert_eq!(of(1, "authorization").as_deref(), Some("Bearer ya29.workforce"));
        assert_eq!(of(1, "x-goog-user-project").as_deref(), Some("file-project"));
        assert_eq!(of(2, "x-goog-user-project").as_deref(), Some("flag-project"));
        return;
    }
    let credentials = Credentials::application_default().unwrap();
    let url = env::var("TEST_URL").unwrap();
    let client = || {
        let endpoint = Endpoint::fixed(&url).unwrap();
        Client::builder().endpoint(endpoint).credentials(credentials.clone()).trust_endpoint()
    };
    client().build().unwrap().get_service(&hello()).await.unwrap();
    let other = client().quota_project("flag-project").build().unwrap();
    other.get_service(&hello()).await.unwrap();
    let info = credentials.token_info().await.unwrap().unwrap();
    assert_eq!(info.principal.as_deref(), Some("principal://pool/subject/alice"));
    let error = credentials.identity_token("https://a").await.unwrap_err();
    assert!(error.to_string().contains("a workforce user has none"), "{error}");
    let file = run_api::CredentialFile::find().unwrap().unwrap();
    assert_eq!(
        (file.kind(), file.quota_project()),
        ("external_account_authorized_user", Some("file-project"))
    );
}

#[tokio::test]
async fn users_and_machines_have_identity_tokens() {
    if !is_alone() {
        let server = Server::start(Answer::json(200, r#"{"id_token": "a.b.c"}"#)).await;
        let path = format!("{}/user.json", env!("CARGO_TARGET_TMPDIR"));
        let content = format!(
            r#"{{"type": "authorized_user", "refresh_token": "r", "client_id": "c", "client_secret": "s",
            "token_uri": "{}/token"}}"#,
            server.url()
        );
        std::fs::write(&path, content).unwrap();
        let test = "users_and_machines_have_identity_tokens";
        alone(test, vec![("GOOGLE_APPLICATION_CREDENTIALS", path)]).await;
        assert!(server.only_request().body.starts_with(b"grant_type=refresh_token"));
        let machine = Server::start(Answer::with(200, &[], "a.b.c\n")).await;
        alone(test, vec![(METADATA_HOST, machine.address.to_string())]).await;
        let target = machine.only_request().target;
        assert!(target.ends_with("/identity?audience=https%3A%2F%2Fa&format=full"), "{target}");
        return;
    }
    let token = Credentials::default().identity_token("https://a").await.unwrap();
    assert_eq!(token, "a.b.c");
}

#[tokio::test]
async fn a_key_file_that_is_none_is_an_error_that_does_not_show_it() {
    const KEY_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
    if !is_alone() {
        let file = |name: &str| format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(file("not-json"), "hunter2").unwrap();
        std::fs::write(file("not-a-key"), r#"{"type": "service_account", "private_key": "hunter2"}"#)
            .unwrap();
        for name in ["not-there", "not-json", "not-a-key"] {
            let variables = vec![(KEY_FILE, file(name))];
            alone("a_key_file_that_is_none_is_an_error_that_does_not_show_it", variables).await;
        }
        return;
    }
    let error = Client::builder().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert!(error.to_string().starts_with("no usable application default credentials: "), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn an_emulator_in_the_environment_needs_no_credential_and_no_proxy() {
    if !is_alone() {
        let server = Server::start(Answer::json(200, ANYTHING)).await;
        // A proxy is for other machines than this one; nobody is at this one's address.
        let proxy = "http://127.0.0.1:9".to_owned();
        let variables = vec![
            ("RUN_EMULATOR_HOST", server.address.to_string()),
            ("http_proxy", proxy.clone()),
            ("ALL_PROXY", proxy),
        ];
        alone("an_emulator_in_the_environment_needs_no_credential_and_no_proxy", variables).await;
        let request = server.only_request();
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("host"), Some("us-central1-run.googleapis.com"));
        return;
    }
    Client::builder().build().unwrap().get_service(&hello()).await.unwrap();
}

/// The token of the metadata server goes over plain http: a proxy would see it.
#[tokio::test]
async fn a_metadata_token_passes_no_proxy() {
    if !is_alone() {
        let token = r#"{"access_token": "ya29.metadata", "expires_in": 3600, "token_type": "Bearer"}"#;
        for (variable, exempt) in
            [("HTTP_PROXY", false), ("http_proxy", false), ("ALL_PROXY", false), ("HTTP_PROXY", true)]
        {
            let (server, proxy) = (
                Server::start(Answer::json(200, token)).await,
                Server::start(Answer::json(200, token)).await,
            );
            let mut variables = vec![
                (METADATA_HOST, server.address.to_string()),
                (variable, format!("http://{}", proxy.address)),
            ];
            if exempt {
                variables.push(("NO_PROXY", "127.0.0.1".to_owned()));
            }
            alone("a_metadata_token_passes_no_proxy", variables).await;
            assert_eq!(proxy.received().len(), 0, "{variable}");
            assert_eq!(server.received().is_empty(), !exempt, "{variable}");
        }
        return;
    }
    let built = Credentials::application_default();
    if env::var_os("NO_PROXY").is_none() {
        let error = built.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains("add the host to NO_PROXY"), "{error}");
        return;
    }
    let endpoint = Endpoint::fixed(&format!("http://{}", metadata_host())).unwrap();
    let client =
        Client::builder().endpoint(endpoint).credentials(built.unwrap()).trust_endpoint().build().unwrap();
    // The server is no Cloud Run: the token is what counts.
    client.get_service(&hello()).await.unwrap_err();
}
