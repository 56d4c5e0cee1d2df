//! Who calls, and what they may do: private services, permissions, refusals.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use crate::support::{Answer, IN_LOCATION, SERVICES, World, hello, host_of, raw, url};
use run_emulator::Caller;
use serde_json::{Value, json};

/// A request with a token.
async fn send(world: &World, token: &str, host: &str, method: &str, target: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let authorization =
        if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    raw(world.emulator.addr(), format!("{head}{body}").as_bytes()).await
}

async fn call(world: &World, token: &str, method: &str, target: &str, body: &Value) -> Answer {
    send(world, token, "localhost", method, target, body).await
}

async fn world() -> World {
    World::with(|builder| {
        builder
            .caller("admin", Caller::new("user:admin@example.com").role("roles/run.admin"))
            .caller("ada", Caller::new("user:ada@example.com"))
            .caller("eve", Caller::new("user:eve@example.com"))
    })
    .await
}

/// The service, once it is ready.
async fn deployed(world: &World) -> Value {
    call(world, "admin", "POST", SERVICES, &hello("hello")).await.object();
    let path = format!("{SERVICES}/hello");
    crate::support::bounded(async {
        loop {
            let service = call(world, "admin", "GET", &path, &Value::Null).await.object();
            if crate::support::is(&service, "Ready") == "True" {
                return service;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    })
    .await
}

/// Identity tokens of invokers work on the real service, and those of nobody else.
#[tokio::test(start_paused = true)]
async fn a_private_service_answers_its_invokers() {
    let world = world().await;
    let service = deployed(&world).await;
    let host = host_of(&url(&service)).to_owned();
    let visit = async |token: &str| send(&world, token, &host, "GET", "/", &Value::Null).await.status;
    for token in ["", "ada", "nobody's"] {
        assert_eq!(visit(token).await, 403, "{token}");
    }
    assert_eq!(visit("admin").await, 200, "the role is one of all projects");
    let policy =
        json!({"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["user:ada@example.com"]}]}});
    call(&world, "admin", "POST", &format!("{IN_LOCATION}/hello:setIamPolicy"), &policy).await.object();
    assert_eq!((visit("ada").await, visit("eve").await), (200, 403));
}

/// A recorded refusal.
#[tokio::test(start_paused = true)]
async fn refusals_go_by_roles_and_policies() {
    let world = world().await;
    deployed(&world).await;
    let path = format!("{SERVICES}/hello");
    for token in ["", "nobody's"] {
        let (code, status, _) = call(&world, token, "GET", &path, &Value::Null).await.refusal();
        assert_eq!((code, status.as_str()), (401, "UNAUTHENTICATED"));
    }
    let (code, _, message) = call(&world, "ada", "GET", &path, &Value::Null).await.refusal();
    let expected = "Permission 'run.services.get' denied on resource 'namespaces/test-project/services/hello' (or \
                    resource may not exist).";
    assert_eq!((code, message.as_str()), (403, expected));
    assert_eq!(call(&world, "ada", "POST", SERVICES, &hello("other")).await.status, 403);
    let policy =
        json!({"policy": {"bindings": [{"role": "roles/run.viewer", "members": ["user:ada@example.com"]}]}});
    let set = format!("{IN_LOCATION}/hello:setIamPolicy");
    assert_eq!(call(&world, "ada", "POST", &set, &policy).await.status, 403);
    call(&world, "admin", "POST", &set, &policy).await.object();
    call(&world, "ada", "GET", &path, &Value::Null).await.object();
    assert_eq!(call(&world, "ada", "DELETE", &path, &Value::Null).await.status, 403);

    let asked = json!({"permissions": ["run.services.get", "run.services.delete", "storage.buckets.get"]});
    let test = async |token: &str| {
        let answer =
            call(&world, token, "POST", &format!("{IN_LOCATION}/hello:testIamPermissions"), &asked).await;
        answer.object()["permissions"].clone()
    };
    assert_eq!(test("ada").await, json!(["run.services.get"]));
    assert_eq!(test("eve").await, Value::Null);
    assert_eq!(test("admin").await, json!(["run.services.get", "run.services.delete"]));
}

/// Recorded objects say by address who has made them and who has written them last.
#[tokio::test(start_paused = true)]
async fn objects_say_who_has_written_them() {
    let world = World::with(|builder| {
        let admin = |name: &str| Caller::new(name).role("roles/run.admin");
        builder
            .caller("ada", admin("user:ada@example.com"))
            .caller("robot", admin("serviceAccount:robot@example.com"))
    })
    .await;
    let signed = |object: &Value, prefix: &str| {
        let annotations = &object["metadata"]["annotations"];
        ["creator", "lastModifier"].map(|what| annotations[format!("{prefix}/{what}")].clone())
    };
    let (ada, robot) = (json!("ada@example.com"), json!("robot@example.com"));
    let made = call(&world, "ada", "POST", SERVICES, &hello("hello")).await.object();
    assert_eq!(signed(&made, "serving.knative.dev"), [ada.clone(), ada.clone()]);
    let path = format!("{SERVICES}/hello");
    let mut next = call(&world, "ada", "GET", &path, &Value::Null).await.object();
    next["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let same = call(&world, "robot", "PUT", &path, &next).await.object();
    assert_eq!(signed(&same, "serving.knative.dev"), [ada.clone(), ada.clone()], "it has changed nothing");
    next["spec"]["template"]["spec"]["timeoutSeconds"] = 7.into();
    let written = call(&world, "robot", "PUT", &path, &next).await.object();
    assert_eq!(signed(&written, "serving.knative.dev"), [ada.clone(), robot.clone()]);
    let revisions = call(&world, "ada", "GET", crate::support::REVISIONS, &Value::Null).await.object();
    let creators = revisions["items"].as_array().unwrap().iter();
    let creators: Vec<_> =
        creators.map(|one| one["metadata"]["annotations"]["serving.knative.dev/creator"].clone()).collect();
    assert_eq!(creators, [robot.clone(), ada.clone()], "the newest first");

    let jobs = "/apis/run.googleapis.com/v1/namespaces/test-project/jobs";
    let containers = json!([{"image": crate::support::HELLO}]);
    let spec = json!({"template": {"spec": {"template": {"spec": {"containers": containers}}}}});
    let job = json!({"metadata": {"name": "batch"}, "spec": spec});
    call(&world, "ada", "POST", jobs, &job).await.object();
    let run = call(&world, "robot", "POST", &format!("{jobs}/batch:run"), &json!({})).await.object();
    assert_eq!(signed(&run, "run.googleapis.com"), [robot.clone(), robot]);
}

#[tokio::test(start_paused = true)]
async fn any_token_may_invoke_if_that_is_wanted() {
    let world = World::with(|builder| builder.any_token_invokes()).await;
    let service = world.create_settled(&hello("hello")).await;
    let host = host_of(&url(&service)).to_owned();
    let visit = async |token: &str| send(&world, token, &host, "GET", "/", &Value::Null).await.status;
    assert_eq!((visit("").await, visit("anything").await), (403, 200));
}
