//! Requests that make no sense: always an answer, in the API's shape or as a page, and the emulator lives on.

use crate::support::{Answer, IN_LOCATION, SERVICES, World, hello, raw};
use serde_json::{Value, json};

/// A refusal of the request, in the API's shape.
fn refused(answer: &Answer) -> String {
    let (code, status, message) = answer.refusal();
    assert_eq!((code, status.as_str()), (400, "INVALID_ARGUMENT"), "{answer:?}");
    message
}

async fn lives(world: &World) {
    assert_eq!(world.get(SERVICES).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_no_service() {
    let world = World::start().await;
    let deep = format!("{}1{}", "{\"spec\":".repeat(5000), "}".repeat(5000));
    for (body, part) in [
        ("{", "Invalid JSON payload received."),
        ("nonsense", "Invalid JSON payload received."),
        ("{} {}", "Invalid JSON payload received."),
        ("[]", "Invalid value at ''"),
        ("null", "Invalid value at ''"),
        ("\"text\"", "Invalid value at ''"),
        (&"[".repeat(100_000), "Recursion limit exceeded"),
        (&deep, "Recursion limit exceeded"),
        ("{\"spec\":{\"traffic\":[null]}}", "Invalid value at 'spec.traffic[0]'"),
        ("{\"spec\":{\"traffic\":[{\"percent\":99999999999}]}}", "(TYPE_INT32), 99999999999"),
        ("{\"spec\":{\"traffic\":[{\"percent\":true}]}}", "(TYPE_INT32), true"),
        (
            "{\"spec\":{\"template\":{\"spec\":{\"containers\":{}}}}}",
            "Invalid value at 'spec.template.spec.containers'",
        ),
        ("{\"metadata\":{\"labels\":[]}}", "Invalid value at 'metadata.labels'"),
        ("{\"metadata\":{\"name\":1}}", "Invalid value at 'metadata.name' (TYPE_STRING), 1"),
        ("{\"metadata\":{\"generation\":1e999}}", "Invalid JSON payload received."),
        ("{\"x\":1}", "Unknown name \"x\": Cannot find field."),
        (
            "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"imagee\":1}]}}}}",
            "Unknown name \"imagee\" at 'spec.template.spec.containers[0]': Cannot find field.",
        ),
    ] {
        for (method, target) in [("POST", SERVICES.to_owned()), ("PUT", format!("{SERVICES}/hello"))] {
            let answer = world.send("localhost", method, &target, body.as_bytes()).await;
            let message = refused(&answer);
            let start: String = body.chars().take(60).collect();
            assert!(message.contains(part), "{start}: {message}");
        }
    }
    for body in [&b"\xff\xfe"[..], b"{\"metadata\":{\"name\":\"\xff\"}}", b"\0"] {
        let answer = world.send("localhost", "POST", SERVICES, body).await;
        assert!(refused(&answer).starts_with("Invalid JSON payload received."));
    }
    let empty = world.send("localhost", "POST", SERVICES, b"").await;
    assert_eq!(empty.violations()[0].0, "metadata.name", "no body is an empty object");
    lives(&world).await;
}

#[tokio::test(start_paused = true)]
async fn every_problem_is_named_at_once() {
    let world = World::start().await;
    let mut object = hello("Hello");
    object["spec"]["template"]["spec"]["timeoutSeconds"] = 9999.into();
    object["spec"]["template"]["metadata"] = json!({"annotations": {"run.googleapis.com/memory": "1"}});
    let fields: Vec<String> =
        world.post(SERVICES, &object).await.violations().into_iter().map(|(field, _)| field).collect();
    for field in ["metadata.name", "spec.template.metadata.annotations", "spec.template.spec.timeoutSeconds"]
    {
        assert!(fields.iter().any(|found| found == field), "{fields:?}");
    }
    let unknown = json!({"a": 1, "spec": {"b": 2}});
    assert_eq!(world.post(SERVICES, &unknown).await.violations().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn strings_of_any_kind() {
    let world = World::start().await;
    let strange = [
        "ä",
        "日本",
        "a\u{0}b",
        "\u{10ffff}",
        "-",
        "..",
        "a//b",
        "%2e",
        "\r\n",
        &format!("{}!", "x".repeat(70)),
        &"é".repeat(40),
    ];
    for text in strange {
        for pointer in [
            "/metadata/name",
            "/metadata/namespace",
            "/spec/template/metadata/name",
            "/spec/template/spec/containers/0/image",
            "/spec/traffic/0/revisionName",
            "/spec/traffic/0/tag",
        ] {
            let mut object = hello("hello");
            object["metadata"]["namespace"] = "test-project".into();
            object["spec"]["template"]["metadata"] = json!({"name": "hello-1"});
            object["spec"]["traffic"] = json!([{"revisionName": "hello-1", "tag": "t", "percent": 100}]);
            *object.pointer_mut(pointer).unwrap() = text.into();
            refused(&world.post(SERVICES, &object).await);
        }
        // Where anything goes, it comes back as it was.
        let mut object = hello("hello");
        crate::support::set_env(&mut object, text);
        object["metadata"]["annotations"] = json!({"mine": text});
        let answer = world.post(&format!("{SERVICES}?dryRun=all"), &object).await.object();
        assert_eq!(answer["metadata"]["annotations"]["mine"], text);
        assert_eq!(answer["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], text);
    }
    lives(&world).await;
}

#[tokio::test(start_paused = true)]
async fn large_bodies_are_refused_and_answered() {
    let world = World::start().await;
    for megabytes in [5, 20] {
        let body = vec![b' '; megabytes << 20];
        let answer = world.send("localhost", "POST", SERVICES, &body).await;
        assert_eq!(answer.refusal().0, 413);
        let visited = world.send("ghost-x-uc.localhost", "POST", "/", &body).await;
        assert_eq!(visited.status, 404);
    }
    let mut object = hello("hello");
    object["metadata"]["annotations"] = json!({"mine": "x".repeat(3 << 20)});
    assert_eq!(world.post(SERVICES, &object).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn paths_that_lead_nowhere() {
    let world = World::start().await;
    world.create(&hello("hello")).await;
    for path in [
        "//",
        "/v1",
        "/apis/serving.knative.dev/v1/namespaces//services/hello",
        "/apis/serving.knative.dev/v2/namespaces/test-project/services",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/hello/x",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/../services/hello",
        "/apis/serving.knative.dev/v1/namespaces/test-project/./services/hello",
        "/apis/serving.knative.dev/v1/namespaces/a%2Fb/services/hello",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/hello%2Fx",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/%zz",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/%",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/%ff",
        "/apis/serving.knative.dev/v1/namespaces/test-project/services/hello:setIamPolicy",
        "/v1/projects/test-project/locations/us-central1/services/hello:unheardOf",
        "/v1/projects/test-project/locations/us-central1/services/:getIamPolicy",
        "/v1/projects/test-project/locations/-x/services",
    ] {
        let answer = world.get(path).await;
        assert!(answer.status == 404 && answer.is_html(), "{path}: {answer:?}");
    }
    // A name that is dots is just a name that nothing has.
    for name in ["..", "%2e%2e", "%2E", "hello%20", "%68ello%00"] {
        assert_eq!(world.get(&format!("{SERVICES}/{name}")).await.refusal().0, 404, "{name}");
    }
    assert_eq!(world.get(&format!("{SERVICES}/%68ello")).await.status, 200, "an encoded letter is a letter");
    assert_eq!(world.service("hello").await["metadata"]["generation"], 1);
}

#[tokio::test(start_paused = true)]
async fn methods_that_there_are_not() {
    let world = World::start().await;
    world.create(&hello("hello")).await;
    let path = format!("{SERVICES}/hello");
    for method in ["PATCH", "HEAD", "OPTIONS", "TRACE", "POST", "BREW", "get"] {
        let answer = world.send("localhost", method, &path, b"{}").await;
        assert_eq!(answer.status, 404, "{method}");
        assert!(method == "HEAD" || answer.is_html(), "{answer:?}");
    }
    assert_eq!(world.send("localhost", "DELETE", SERVICES, b"").await.status, 404);
    assert_eq!(world.send("localhost", "CONNECT", "localhost:1", b"").await.status, 404);
    assert_eq!(world.send("localhost", "OPTIONS", "*", b"").await.status, 404);
    assert_eq!(world.service("hello").await["metadata"]["generation"], 1);
}

#[tokio::test(start_paused = true)]
async fn queries_of_any_kind() {
    let world = World::start().await;
    for query in ["?", "?&&=&", "?%ff=%fe", "?a=%zz", "?limit=", "?dryRun=", "?limit=0", "?x=1&x=2"] {
        assert_eq!(world.get(&format!("{SERVICES}{query}")).await.status, 200, "{query}");
    }
    for query in
        ["?limit=99999999999", "?limit=%ff", "?continue=%ff", "?labelSelector=%ff", "?labelSelector=a%20b"]
    {
        refused(&world.get(&format!("{SERVICES}{query}")).await);
    }
    refused(&world.post(&format!("{SERVICES}?dryRun=%ff"), &hello("hello")).await);
    lives(&world).await;
}

#[tokio::test(start_paused = true)]
async fn the_older_shape_of_errors() {
    let world = World::start().await;
    let path = format!("{SERVICES}/ghost");
    let ask = |version: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nX-Goog-Api-Format-Version: {version}\r\nConnection: close\r\n\r\n"
        )
    };
    let old = raw(world.emulator.addr(), ask("1").as_bytes()).await.json();
    assert_eq!(old["error"]["errors"][0]["domain"], "global");
    assert_eq!(old["error"]["errors"][0]["reason"], "notFound");
    let new = raw(world.emulator.addr(), ask("2").as_bytes()).await.json();
    assert_eq!(new["error"].get("errors"), None);
    assert_eq!(
        (&new["error"]["message"], &new["error"]["status"]),
        (&old["error"]["message"], &json!("NOT_FOUND"))
    );

    let body = "{\"x\":1}";
    let request = format!(
        "POST {SERVICES} HTTP/1.1\r\nHost: x\r\nX-Goog-Api-Format-Version: 1\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let old = raw(world.emulator.addr(), request.as_bytes()).await.json();
    assert_eq!(old["error"].get("details"), None, "it has none");
    assert_eq!(old["error"]["errors"][0]["reason"], "badRequest");
}

#[tokio::test(start_paused = true)]
async fn what_is_hardly_http() {
    let world = World::start().await;
    let address = world.emulator.addr();
    let many = "X-A: b\r\n".repeat(500);
    let long = format!("X-A: {}\r\n", "b".repeat(1 << 20));
    let path = "x".repeat(1 << 17);
    for (request, statuses) in [
        (format!("GET {SERVICES} HTTP/1.1\r\nHost: x\r\n{many}\r\n"), &[431][..]),
        (format!("GET {SERVICES} HTTP/1.1\r\nHost: x\r\n{long}\r\n"), &[431]),
        (format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), &[404, 414]),
        ("nonsense\r\n\r\n".to_owned(), &[400]),
        (format!("GET {SERVICES} HTTP/9.9\r\n\r\n"), &[400]),
        (format!("GET {SERVICES} HTTP/1.0\r\n\r\n"), &[200]),
        (format!("GET {SERVICES} HTTP/1.1\r\nConnection: close\r\n\r\n"), &[400]),
        (format!("GET {SERVICES} HTTP/1.1\r\nHost: \u{e4}\r\nConnection: close\r\n\r\n"), &[400]),
        (format!("POST {SERVICES} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"), &[400]),
        (
            format!(
                "POST {SERVICES} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n"
            ),
            &[400],
        ),
    ] {
        let answer = raw(address, request.as_bytes()).await;
        let start: String = request.chars().take(120).collect();
        assert!(statuses.contains(&answer.status), "{start}: {answer:?}");
        lives(&world).await;
    }
}

/// A refusal of nonsense is not many times as large as the nonsense.
#[tokio::test(start_paused = true)]
async fn a_flood_of_mistakes_is_answered_in_short() {
    let world = World::start().await;
    let unknown: String = (0..100_000).map(|at| format!("\"a{at}\":1,")).collect();
    let wrong = "{\"percent\":[]},".repeat(100_000);
    let container = "{\"name\":\"A\",\"image\":\"\"},".repeat(50_000);
    for body in [
        format!("{{{unknown}\"b\":1}}"),
        format!("{{\"spec\":{{\"traffic\":[{wrong}{{}}]}}}}"),
        format!(
            "{{\"metadata\":{{\"name\":\"a\"}},\"spec\":{{\"template\":{{\"spec\":{{\"containers\":[{container}{{}}]}}}}}}}}"
        ),
    ] {
        let answer = world.send("localhost", "POST", SERVICES, body.as_bytes()).await;
        refused(&answer);
        assert_eq!(answer.violations().len(), 100);
        assert!(answer.body.len() < 100_000, "{}", answer.body.len());
    }
}

/// Those who say nothing for too long are not waited for.
#[tokio::test(start_paused = true)]
async fn slow_clients_do_not_hold_on_for_ever() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::start().await;
    for host in ["localhost", "ghost-x-uc.localhost"] {
        for (request, status) in [
            (format!("POST {SERVICES} HTTP/1.1\r\nHost: {host}\r\n"), None),
            (format!("POST {SERVICES} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{{"), Some("408")),
        ] {
            let mut stream = tokio::net::TcpStream::connect(world.emulator.addr()).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let started = tokio::time::Instant::now();
            let mut answer = String::new();
            let read = stream.read_to_string(&mut answer);
            tokio::time::timeout(std::time::Duration::from_secs(200), read).await.unwrap().unwrap();
            assert!(started.elapsed().as_secs() >= 29, "{:?}", started.elapsed());
            if host == "localhost" {
                assert_eq!(answer.split(' ').nth(1), status, "{answer}");
            }
        }
    }
    lives(&world).await;
}

#[tokio::test]
async fn many_idle_connections_are_in_nobodys_way() {
    let world = World::start().await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(tokio::net::TcpStream::connect(world.emulator.addr()).await.unwrap());
    }
    lives(&world).await;
}

#[tokio::test(start_paused = true)]
async fn clients_that_hang_up_harm_nobody() {
    use tokio::io::AsyncWriteExt;
    let world = World::start().await;
    for part in ["", "GET ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"] {
        let mut stream = tokio::net::TcpStream::connect(world.emulator.addr()).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    lives(&world).await;
}

#[tokio::test(start_paused = true)]
async fn fields_of_the_future() {
    let path = "spec.template.spec.containers.newThing";
    let world = World::with(|builder| builder.future_field(path)).await;
    let mut object = hello("hello");
    object["spec"]["template"]["spec"]["containers"][0]["newThing"] = json!({"a": [1, null, "x"]});
    let made = world.create_settled(&object).await;
    let kept = &made["spec"]["template"]["spec"]["containers"][0]["newThing"];
    assert_eq!(*kept, json!({"a": [1, null, "x"]}));
    let revision = world.revision(&crate::support::latest_created(&made)).await;
    assert_eq!(revision["spec"]["containers"][0]["newThing"], *kept);
    object["spec"]["newThing"] = Value::Bool(true);
    assert_eq!(world.put(&format!("{SERVICES}/hello"), &object).await.violations()[0].0, "spec");
    // Dropping it is a change of the template.
    let dropped = world.put(&format!("{SERVICES}/hello"), &hello("hello")).await.object();
    assert_eq!(dropped["metadata"]["generation"], 2);
    lives(&world).await;
}

#[tokio::test(start_paused = true)]
async fn policies_that_are_none() {
    let world = World::start().await;
    world.create(&hello("hello")).await;
    let path = format!("{IN_LOCATION}/hello:setIamPolicy");
    for body in [
        "",
        "{",
        "[]",
        "{\"policy\":[]}",
        "{\"policy\":{\"bindings\":{}}}",
        "{\"policy\":{\"version\":\"x\"}}",
    ] {
        refused(&world.send("localhost", "POST", &path, body.as_bytes()).await);
    }
}
