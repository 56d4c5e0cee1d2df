//! What the host of a request says, and lists.

use crate::support::{IN_LOCATION, REVISIONS, SERVICES, World, hello, raw};
use serde_json::{Value, json};

const BELGIUM: &str = "europe-west1-run.googleapis.com";
const IOWA: &str = "us-central1-run.googleapis.com";
const GLOBAL: &str = "run.googleapis.com";

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
}

async fn make(world: &World, host: &str, name: &str) -> Value {
    world.send(host, "POST", SERVICES, hello(name).to_string().as_bytes()).await.object()
}

async fn list(world: &World, host: &str, target: &str) -> Vec<String> {
    names(&world.send(host, "GET", target, b"").await.object())
}

#[tokio::test(start_paused = true)]
async fn regions() {
    let world = World::start().await;
    let made = make(&world, BELGIUM, "a").await;
    assert_eq!(made["metadata"]["labels"]["cloud.googleapis.com/location"], "europe-west1");
    make(&world, "europe-west1-localhost:1234", "b").await;
    make(&world, "run.europe-west1.rep.googleapis.com", "c").await;
    make(&world, "localhost", "d").await;
    assert_eq!(list(&world, BELGIUM, SERVICES).await, ["c", "b", "a"]);
    assert_eq!(list(&world, IOWA, SERVICES).await, ["d"], "the default region");
    let path = "/v1/projects/test-project/locations/europe-west1/services";
    assert_eq!(list(&world, "localhost", path).await, ["c", "b", "a"], "by path");
    assert_eq!(world.send(IOWA, "GET", &format!("{SERVICES}/a"), b"").await.status, 404);
    assert_eq!(world.send(BELGIUM, "GET", &format!("{SERVICES}/a"), b"").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_global_host_has_no_region() {
    let world = World::start().await;
    make(&world, BELGIUM, "a").await;
    make(&world, IOWA, "b").await;
    let body = hello("c").to_string();
    for (method, target) in [
        ("POST", SERVICES.to_owned()),
        ("GET", format!("{SERVICES}/a")),
        ("PUT", format!("{SERVICES}/a")),
        ("DELETE", format!("{SERVICES}/a")),
    ] {
        let answer = world.send(GLOBAL, method, &target, body.as_bytes()).await;
        let (field, description) = answer.violations().remove(0);
        assert_eq!((answer.status, field.as_str()), (400, "region"), "{method}");
        assert!(description.starts_with("No region provided in host name"), "{description}");
    }
    for target in [SERVICES, "/v1/projects/test-project/locations/-/services"] {
        assert_eq!(list(&world, GLOBAL, target).await, ["b", "a"], "{target}");
    }
    assert_eq!(list(&world, GLOBAL, REVISIONS).await.len(), 2);
    let policy = format!("{IN_LOCATION}/b:getIamPolicy");
    assert_eq!(world.send(GLOBAL, "GET", &policy, b"").await.status, 200, "the path has the region");
}

/// gcloud writes services of several regions to the global host, and asks for them by a field selector.
#[tokio::test(start_paused = true)]
async fn services_of_several_regions_are_refused_in_words() {
    let world = World::start().await;
    make(&world, BELGIUM, "a").await;
    let only = format!("{SERVICES}?fieldSelector=multiRegionOnly");
    assert_eq!(list(&world, GLOBAL, &only).await, [""; 0]);
    assert_eq!(list(&world, GLOBAL, &format!("{SERVICES}?fieldSelector=metadata.name%3Db")).await, ["a"]);
    let mut several = hello("b");
    several["metadata"]["annotations"] = json!({"run.googleapis.com/regions": "us-central1,europe-west1"});
    let body = several.to_string();
    for host in [GLOBAL, BELGIUM] {
        let refused = world.send(host, "POST", SERVICES, body.as_bytes()).await.violations();
        assert!(refused.iter().any(|(_, text)| text.contains("several regions")), "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn regions_that_are_none() {
    let world = World::start().await;
    for (host, target) in [
        ("mars-north1-run.googleapis.com", SERVICES),
        ("run.mars-north1.rep.googleapis.com", SERVICES),
        (GLOBAL, "/v1/projects/test-project/locations/mars-north1/services"),
    ] {
        let answer = world.send(host, "GET", target, b"").await;
        assert!(answer.status == 404 && answer.is_html(), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_absolute_target_names_the_host_itself() {
    let world = World::start().await;
    make(&world, BELGIUM, "a").await;
    let request = |target: &str, host: &str| {
        format!("GET http://{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    };
    let address = world.emulator.addr();
    for (target, host, status) in [
        (format!("{BELGIUM}{SERVICES}/a"), "whatever", 200),
        (format!("{IOWA}{SERVICES}/a"), BELGIUM, 404),
        (format!("{GLOBAL}{SERVICES}/a"), BELGIUM, 400),
        ("ghost-x-uc.localhost/".to_owned(), BELGIUM, 404),
    ] {
        let answer = raw(address, request(&target, host).as_bytes()).await;
        assert_eq!(answer.status, status, "{target}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_and_selectors() {
    let world = World::start().await;
    let empty = world.get(SERVICES).await.object();
    assert_eq!((&empty["kind"], empty.get("items")), (&json!("ServiceList"), None));
    for at in 0..5 {
        let mut object = hello(&format!("s{at}"));
        object["metadata"]["labels"] = json!({"parity": if at % 2 == 0 { "even" } else { "odd" }});
        world.create(&object).await;
    }
    let all = world.get(SERVICES).await.object();
    assert_eq!(names(&all), ["s4", "s3", "s2", "s1", "s0"], "newest first");
    assert_eq!(all["metadata"].get("continue"), None, "a complete list does not go on");

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = world.get(&format!("{SERVICES}?limit=2&continue={token}")).await.object();
        seen.push(names(&page).len());
        // One that appears in between is newer than what comes next.
        if seen.len() == 1 {
            world.create(&hello("late")).await;
        }
        match page["metadata"]["continue"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(seen, [2, 2, 1]);
    assert_eq!(world.get(&format!("{SERVICES}?continue=nonsense")).await.refusal().0, 400);
    assert_eq!(world.get(&format!("{SERVICES}?limit=x")).await.refusal().0, 400);

    for (selector, expected) in [
        ("parity=odd", vec!["s3", "s1"]),
        ("parity%21%3Deven", vec!["late", "s3", "s1"]),
        ("parity+in+%28odd%2Cx%29", vec!["s3", "s1"]),
        ("%21parity", vec!["late"]),
        ("parity=odd,cloud.googleapis.com/location=us-central1", vec!["s3", "s1"]),
        ("nothing=x", vec![]),
    ] {
        let found = world.get(&format!("{SERVICES}?labelSelector={selector}")).await.object();
        assert_eq!(names(&found), expected, "{selector}");
    }
    assert_eq!(world.get(&format!("{SERVICES}?labelSelector=a+b")).await.refusal().0, 400);
    let of = world.get(&format!("{REVISIONS}?labelSelector=serving.knative.dev/service=s1")).await.object();
    assert_eq!(names(&of).len(), 1);
    let ignored =
        world.get(&format!("{SERVICES}?fieldSelector=x&watch=true&resourceVersion=1")).await.object();
    assert_eq!(names(&ignored).len(), 6, "not rejected");
}

#[tokio::test(start_paused = true)]
async fn locations() {
    let world = World::start().await;
    let all = world.send(GLOBAL, "GET", "/v1/projects/test-project/locations", b"").await.object();
    let all = all["locations"].as_array().unwrap().clone();
    assert_eq!(all.len(), 48);
    assert!(all.iter().any(|location| location["locationId"] == "us-central1"));
}
