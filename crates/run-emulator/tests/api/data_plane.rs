//! Requests to the services themselves.

use crate::support::{NUMBER, World, hello, host_of, latest_created, raw, set_env, url};
use run_emulator::Emulator;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_hello_image_says_who_it_is() {
    let world = World::start().await;
    let mut object = hello("hello");
    set_env(&mut object, "first");
    let service = world.create_settled(&object).await;
    world.publish("hello").await;
    let answer = world.visit(&url(&service)).await.object();
    assert_eq!(answer["service"], "hello");
    assert_eq!(answer["revision"], latest_created(&service));
    let environment = &answer["environment"];
    for (name, value) in
        [("RELEASE", "first"), ("K_SERVICE", "hello"), ("K_CONFIGURATION", "hello"), ("PORT", "8080")]
    {
        assert_eq!(environment[name], value);
    }
    assert_eq!(environment["K_REVISION"], latest_created(&service));
    let long = format!("hello-{NUMBER}.us-central1.localhost");
    assert_eq!(world.visit(&long).await.object(), answer, "both hosts lead there");
    let shouting = host_of(&url(&service)).to_uppercase();
    assert_eq!(world.visit(&shouting).await.status, 200, "hosts have no case");
    for (method, target) in [("POST", "/any/path?x=1"), ("PUT", "/"), ("OPTIONS", "*"), ("BREW", "/")] {
        let answer = world.send(host_of(&url(&service)), method, target, b"body").await;
        assert_eq!(answer.status, 200, "{method}");
    }
    let head = world.send(host_of(&url(&service)), "HEAD", "/", b"").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test(start_paused = true)]
async fn before_it_is_ready_and_after_it_failed() {
    let world = World::start().await;
    let image = "docker.io/run-emulator/exits";
    let made = world.create(&crate::support::service("bad", image)).await;
    world.publish("bad").await;
    let urls: Vec<String> =
        serde_json::from_str(made["metadata"]["annotations"]["run.googleapis.com/urls"].as_str().unwrap())
            .unwrap();
    for url in &urls {
        let answer = world.visit(url).await;
        assert!(answer.status == 503 && answer.is_html(), "{answer:?}");
    }
    world.settled("bad").await;
    assert_eq!(world.visit(&urls[0]).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn nobody_lives_there() {
    let world = World::start().await;
    for host in ["ghost-abcdefghij-uc.localhost", "x---ghost-1.us-central1.localhost", ".localhost"] {
        let answer = world.send(host, "GET", "/", b"").await;
        assert!(answer.status == 404 && answer.is_html(), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_split_is_kept_to() {
    let world = World::start().await;
    let first = latest_created(&world.create_settled(&hello("hello")).await);
    world.publish("hello").await;
    let service = world
        .update_settled("hello", |service| {
            set_env(service, "2");
            service["spec"]["traffic"] =
                json!([{"revisionName": first, "percent": 75}, {"latestRevision": true, "percent": 25}]);
        })
        .await;
    let mut latest = 0;
    for _ in 0..400 {
        match world.visited_revision(&url(&service)).await {
            name if name == first => {}
            name if name == latest_created(&service) => latest += 1,
            other => panic!("{other}"),
        }
    }
    // Six standard deviations around 100 of 400 (sigma = 8.7).
    assert!((48..=152).contains(&latest), "{latest}");
}

#[tokio::test(start_paused = true)]
async fn long_names_still_have_a_host() {
    let world = World::start().await;
    let name = "s".repeat(63);
    let service = world.create_settled(&hello(&name)).await;
    world.publish(&name).await;
    let url = url(&service);
    assert_eq!(host_of(&url).split('.').next().unwrap().len(), 63);
    assert_eq!(world.visited_revision(&url).await, latest_created(&service));
    let urls = service["metadata"]["annotations"]["run.googleapis.com/urls"].as_str().unwrap();
    assert_eq!(urls, format!("[\"{url}\"]"), "the other host would have too long a label");
}

#[tokio::test(start_paused = true)]
async fn requests_of_services_are_not_logged_and_those_of_the_api_are() {
    let world = World::start().await;
    let service = world.create_settled(&hello("hello")).await;
    world.publish("hello").await;
    let before = world.emulator.requests().len();
    world.visit(&url(&service)).await;
    assert_eq!(world.emulator.requests().len(), before);
    world.get("/nowhere?secret=1").await;
    let last = world.emulator.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), last.path.as_str(), last.status), ("GET", "/nowhere", 404));
}

#[tokio::test]
async fn two_emulators_do_not_see_each_other() {
    let (one, other) = (World::start().await, World { emulator: Emulator::builder().start().await.unwrap() });
    let service = one.create_settled(&hello("hello")).await;
    one.publish("hello").await;
    assert_eq!(other.get(&format!("{}/hello", crate::support::SERVICES)).await.status, 404);
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host_of(&url(&service)));
    assert_eq!(raw(one.emulator.addr(), request.as_bytes()).await.status, 200);
    assert_eq!(raw(other.emulator.addr(), request.as_bytes()).await.status, 404);
}
