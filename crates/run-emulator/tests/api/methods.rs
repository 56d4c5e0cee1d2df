//! Every method of the API answers, and nothing else does.

use crate::support::World;
use run_api::methods::{self, Method, Verb};

/// A request of the method, about objects that there are not.
fn path(method: &Method) -> String {
    let mut path = method.path.to_owned();
    for (parameter, value) in [("namespace", "p"), ("project", "p"), ("location", "us-central1")] {
        path = path.replace(&format!("{{{parameter}}}"), value);
    }
    match (path.find('{'), path.find('}')) {
        (Some(start), Some(end)) => format!("{}ghost{}", &path[..start], &path[end + 1..]),
        _ => path,
    }
}

#[tokio::test(start_paused = true)]
async fn every_method_answers() {
    let world = World::start().await;
    for method in methods::all() {
        let (verb, path) = (method.verb.as_str(), path(method));
        let answer = world.send("localhost", verb, &path, b"{}").await;
        match answer.status {
            200 => drop(answer.json()),
            // The object is a ghost, or an empty one is refused: in the API's shape.
            400 | 404 => assert_eq!(answer.refusal().0, answer.status),
            other => panic!("{verb} {path}: {other}"),
        }
    }
}

/// (Seen: Google's front end answers with a page.)
#[tokio::test(start_paused = true)]
async fn what_is_no_method_is_not_found() {
    let world = World::start().await;
    for method in methods::all() {
        let path = path(method);
        for verb in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"] {
            if Verb::from_http(verb).is_some_and(|verb| methods::matching(verb, &path).is_some()) {
                continue;
            }
            let answer = world.send("localhost", verb, &path, b"{}").await;
            assert!(answer.status == 404 && answer.is_html(), "{verb} {path}: {answer:?}");
        }
        for other in [
            format!("{path}/more"),
            format!("{path}:undelete"),
            path.replace("/v1/", "/v2/"),
            path.replace("/v1/", "/v1alpha1/"),
            path.to_uppercase(),
            format!("/{path}"),
        ] {
            if methods::matching(method.verb, &other).is_some() {
                continue;
            }
            let answer = world.send("localhost", method.verb.as_str(), &other, b"{}").await;
            assert!(answer.status == 404 && answer.is_html(), "{other}: {answer:?}");
        }
    }
}
