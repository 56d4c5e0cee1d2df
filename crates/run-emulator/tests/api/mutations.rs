//! Requests of every kind, spoilt at random: each is answered, none breaks anything.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_emulator::Delays;
use serde_json::{Value, json};

use crate::jobs::{JOBS, job};
use crate::kinds::KINDS;
use crate::support::{Answer, HELLO, IN_LOCATION, SERVICES, World, hello};

/// How many requests are sent; they take a second.
const REQUESTS: usize = 1200;

/// A request as it would be right.
struct Sound {
    method: &'static str,
    target: String,
    body: Value,
}

fn sound() -> Vec<Sound> {
    let of = |method, target: &str, body| Sound { method, target: target.to_owned(), body };
    let mut service = hello("hello");
    service["metadata"]["labels"] = json!({"team": "a"});
    service["metadata"]["annotations"] = json!({"run.googleapis.com/ingress": "internal", "mine": "x"});
    service["spec"]["traffic"] = json!([{"latestRevision": true, "percent": 100, "tag": "new"}]);
    let template = json!({
        "metadata": {"name": "hello-v1", "annotations": {"autoscaling.knative.dev/maxScale": "3"}},
        "spec": {
            "timeoutSeconds": 10, "containerConcurrency": 80, "serviceAccountName": "a@b.iam.gserviceaccount.com",
            "volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "1", "path": "p"}]}}],
            "containers": [{
                "image": HELLO, "args": ["a"], "env": [{"name": "A", "value": "b"}],
                "ports": [{"name": "http1", "containerPort": 8080}],
                "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                "startupProbe": {"httpGet": {"path": "/"}, "periodSeconds": 3, "timeoutSeconds": 2},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }],
        },
    });
    service["spec"]["template"] = template;
    let policy = json!({"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}], "etag": "", "version": 1}});
    let work = job(
        "work",
        HELLO,
        json!({"taskCount": 2, "parallelism": 1}),
        json!({"maxRetries": 1, "timeoutSeconds": "9"}),
    );
    let overrides = json!({"overrides": {"taskCount": 1, "timeoutSeconds": 5, "containerOverrides": [{"args": ["x"], "env": [{"name": "A", "value": "1"}]}]}});
    let mut all = vec![
        of("POST", SERVICES, service.clone()),
        of("POST", &format!("{SERVICES}?dryRun=all&fields=metadata(name,labels),spec"), service.clone()),
        of("PUT", &format!("{SERVICES}/hello"), service),
        of("GET", &format!("{SERVICES}?limit=2&labelSelector=team+in+(a,b),!x&continue="), Value::Null),
        of("GET", &format!("{SERVICES}/hello?fields=status.conditions"), Value::Null),
        of("DELETE", &format!("{SERVICES}/hello?dryRun=all&propagationPolicy=Background"), Value::Null),
        of("POST", &format!("{IN_LOCATION}/hello:setIamPolicy"), policy),
        of("GET", &format!("{IN_LOCATION}/hello:getIamPolicy?options.requestedPolicyVersion=3"), Value::Null),
        of(
            "POST",
            &format!("{IN_LOCATION}/hello:testIamPermissions"),
            json!({"permissions": ["run.services.get"]}),
        ),
        of("POST", JOBS, work),
        of("POST", &format!("{JOBS}/work:run"), overrides),
        of(
            "POST",
            "/v1/projects/test-project/locations/us-central1/operations/x:wait",
            json!({"timeout": "1s"}),
        ),
        of("GET", "/v1/projects/test-project/locations?filter=x&pageSize=3", Value::Null),
    ];
    for kind in &KINDS {
        all.push(Sound { method: "POST", target: kind.path(), body: kind.object("o") });
        all.push(Sound { method: "DELETE", target: kind.at("o"), body: Value::Null });
    }
    all
}

fn pick<'a, T: ?Sized>(random: &mut StdRng, of: &[&'a T]) -> &'a T {
    of[random.random_range(0..of.len())]
}

/// A value that is seldom thought of.
fn strange(random: &mut StdRng) -> Value {
    let text = [
        "",
        " ",
        "-1",
        "0",
        "1e999",
        "\u{0}",
        "\u{fffd}\u{10ffff}",
        "../..",
        "%2e",
        "a=b,c",
        "T",
        "latest",
        "1Gi",
        "s",
    ];
    match random.random_range(0..12) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => random.random::<bool>().into(),
        4 => random.random::<i64>().into(),
        5 => json!([i64::MAX, i64::MIN, 0, -1][random.random_range(0..4)]),
        6 => random.random::<f64>().into(),
        7 => json!(f64::MAX),
        8 => "x".repeat(random.random_range(0..5000)).into(),
        9 => json!([[{"": [null]}]]),
        _ => pick(random, &text).into(),
    }
}

/// Spoils one place of a value: it becomes something else, goes away, comes twice, or gets another name.
fn spoil(value: &mut Value, random: &mut StdRng) {
    let deeper = random.random_range(0..5) > 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = &names[random.random_range(0..names.len())];
            match random.random_range(0..12) {
                0 => drop(fields.remove(name)),
                1 => {
                    let field = fields.remove(name).unwrap_or_default();
                    fields.insert(format!("{name}{}", pick(random, &["s", "_", "\u{e9}", " "])), field);
                }
                2 => drop(fields.insert("unheardOf".to_owned(), strange(random))),
                _ => spoil(&mut fields[name], random),
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = random.random_range(0..items.len());
            match random.random_range(0..8) {
                0 => drop(items.remove(at)),
                1 => {
                    let twin = items[at].clone();
                    items.extend(std::iter::repeat_n(twin, random.random_range(1..40)));
                }
                _ => spoil(&mut items[at], random),
            }
        }
        _ => *value = strange(random),
    }
}

/// Spoils some bytes.
fn scratch(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..4) {
            0 if at < bytes.len() => bytes[at] = random.random(),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => bytes.insert(
                at,
                *pick(random, &[&b'{', &b'}', &b'"', &b'/', &b'%', &b':', &b'\\', &0, &255, &b'&']),
            ),
        }
    }
}

/// Any answer but one that says that something is broken, in the API's shape if it has one.
fn check(answer: &Answer, about: &str) {
    assert!((200..500).contains(&answer.status), "{about}: {answer:?}");
    if answer.status >= 400 && !answer.body.is_empty() && !answer.is_html() {
        let (_, status, message) = answer.refusal();
        assert!(!status.is_empty() && !message.is_empty(), "{about}: {answer:?}");
    }
}

#[tokio::test]
async fn whatever_is_sent_is_answered() {
    let world = World::with(|builder| builder.delays(Delays::none())).await;
    let all = sound();
    let mut accepted = 0;
    for seed in 0..REQUESTS {
        let random = &mut StdRng::seed_from_u64(seed as u64);
        let Sound { method, target, body } = &all[random.random_range(0..all.len())];
        let mut value = body.clone();
        for _ in 0..random.random_range(0..4) {
            spoil(&mut value, random);
        }
        let mut body = if value.is_null() { Vec::new() } else { value.to_string().into_bytes() };
        if random.random_range(0..8) == 0 {
            scratch(&mut body, random);
        }
        let mut target = target.clone().into_bytes();
        if random.random_range(0..8) == 0 {
            scratch(&mut target, random);
            // Beyond these, it is another request line and no longer another target.
            target.retain(|byte| byte.is_ascii_graphic());
            target.insert(0, b'/');
        }
        let target = String::from_utf8(target).unwrap();
        let host = *pick(
            random,
            &[&"localhost", &"us-central1-run.googleapis.com", &"run.googleapis.com", &"x", &""],
        );
        let answer = world.send(host, method, &target, &body).await;
        check(
            &answer,
            &format!("seed {seed}: {method} {target} at {host}: {}", String::from_utf8_lossy(&body)),
        );
        accepted += usize::from(answer.status == 200);
    }
    // Neither is everything refused, nor does anything go.
    assert!((REQUESTS / 10..REQUESTS * 9 / 10).contains(&accepted), "{accepted} of {REQUESTS}");
    assert_eq!(world.get(SERVICES).await.status, 200);
}
