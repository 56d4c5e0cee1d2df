//! What Google's front end keeps to itself, and the one question to another API.

use crate::support::{NUMBER, World, hello, host_of, url};

/// Google's "Known issues" of Cloud Run; `/healthz` was seen.
#[tokio::test(start_paused = true)]
async fn reserved_paths_and_methods() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    world.publish("hello").await;
    let url = url(&service);
    for (method, path, status) in [
        ("GET", "/healthz", 404),
        ("POST", "/eventlog", 404),
        ("GET", "/_ah/warmup", 404),
        ("TRACE", "/", 405),
        ("GET", "/quiz", 200),
        ("GET", "/healthz/more", 200),
        ("GET", "/health", 200),
    ] {
        let answer = world.send(host_of(&url), method, path, b"").await;
        assert_eq!((answer.status, answer.is_html()), (status, status != 200), "{method} {path}");
    }
}

/// gcloud asks for the project of a manifest that has a namespace, which its own exports have.
#[tokio::test(start_paused = true)]
async fn a_project_has_an_id_and_a_number() {
    let world = World::start().await;
    for named in ["test-project".to_owned(), NUMBER.to_string()] {
        let path = format!("/v1/projects/{named}");
        let project = world.send("cloudresourcemanager.googleapis.com", "GET", &path, b"").await.object();
        assert_eq!(project["projectId"], "test-project");
        assert_eq!(project["projectNumber"], NUMBER.to_string());
    }
    for (method, path) in [("GET", "/v1/projects"), ("POST", "/v1/projects/p"), ("GET", "/v3/projects/p")] {
        assert_eq!(world.send("cloudresourcemanager.googleapis.com", method, path, b"").await.status, 404);
    }
}

/// A client that takes the emulator for its proxy, and asks for a tunnel to somewhere else.
#[tokio::test(start_paused = true)]
async fn the_log_names_the_host_of_a_tunnel() {
    let world = World::start().await;
    world.send("oauth2.googleapis.com:443", "CONNECT", "oauth2.googleapis.com:443", b"").await;
    let paths: Vec<String> = world.emulator.requests().into_iter().map(|one| one.path).collect();
    assert_eq!(paths, ["oauth2.googleapis.com:443"]);
}
