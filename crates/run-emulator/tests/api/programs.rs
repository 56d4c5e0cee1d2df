//! Services that are programs on this machine: how they start and end.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::time::Duration;

use run_emulator::{Delays, LocalCommand};
use serde_json::{Value, json};

use crate::program::{IMAGE, app, container, environment, world};
use crate::support::{Lines, SERVICES, World, bounded, condition, host_of, is, latest_created, url};

/// The number of the process that answers.
async fn process(world: &World, service: &Value) -> u64 {
    world.visit(&url(service)).await.object()["process"].as_u64().unwrap()
}

async fn ended(lines: &Lines, source: &str) {
    lines.until(|line| line == format!("{source}: was asked to end")).await;
}

#[tokio::test]
async fn it_has_what_the_contract_promises() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let mut object = app("");
    let secret = json!({"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "latest"}}});
    container(&mut object)["env"].as_array_mut().unwrap().push(secret);
    let service = world.create_settled(&object).await;
    assert_eq!(is(&service, "Ready"), "True", "{service}");
    let revision = latest_created(&service);
    let answer = world.send(host_of(&url(&service)), "GET", "/env", b"").await.object();
    for (name, value) in [
        ("K_SERVICE", "app"),
        ("K_CONFIGURATION", "app"),
        ("K_REVISION", revision.as_str()),
        ("TOKEN", "hidden"),
        ("MODE", ""),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    let port: u16 = answer["PORT"].as_str().unwrap().parse().unwrap();
    assert!(port > 1024, "{port}");
    assert_eq!(answer.get("CLOUD_RUN_JOB"), None);
    assert!(lines.all().contains(&format!("{revision}: listens")), "{:?}", lines.all());
}

/// The conditions of a first deployment that fails: reason and message of the revision.
async fn failure(world: &World, object: &Value) -> (String, String) {
    let service = world.create_settled(object).await;
    assert_eq!(is(&service, "Ready"), "False");
    let revision = world.revision(&latest_created(&service)).await;
    let healthy = condition(&revision, "ContainerHealthy");
    assert_eq!(healthy["reason"], condition(&revision, "Ready")["reason"]);
    let text = |name: &str| healthy[name].as_str().unwrap().to_owned();
    (text("reason"), text("message"))
}

#[tokio::test]
async fn one_that_exits() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let (reason, message) = failure(&world, &app("exit:7")).await;
    assert_eq!(reason, "HealthCheckContainerError");
    let expected = "The user-provided container failed to start and listen on the port defined provided by the \
                    PORT=8080 environment variable within the allocated timeout.\n\nLogs URL: ";
    assert!(message.starts_with(expected), "{message}");
    lines.until(|line| line.starts_with("app-00001-") && line.ends_with(": Container called exit(7).")).await;
}

#[tokio::test]
async fn one_that_never_listens() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let mut object = app("silent");
    let probe = json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1});
    container(&mut object)["startupProbe"] = probe;
    let (reason, message) = failure(&world, &object).await;
    assert_eq!(reason, "HealthCheckContainerError");
    assert!(message.contains("PORT=8080 environment variable within the allocated timeout.\n"), "{message}");
}

#[tokio::test]
async fn one_that_is_not_well() {
    let world = world(&Lines::default(), |builder| builder).await;
    let mut object = app("unwell");
    // Time enough to begin to listen on a busy machine; the first answer ends it.
    let probe = json!({"httpGet": {"path": "/well"}, "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 1});
    container(&mut object)["startupProbe"] = probe;
    let (reason, message) = failure(&world, &object).await;
    assert_eq!(reason, "HealthCheckContainerError");
    assert!(
        message.starts_with("The user-provided container failed the configured startup probe checks.\n"),
        "{message}"
    );
    let mended = world.update_settled("app", |service| container(service)["env"] = environment("")).await;
    assert_eq!(is(&mended, "Ready"), "True");
}

#[tokio::test]
async fn one_that_lacks_a_secret_or_is_not_there() {
    let world = World::with(|builder| builder.run(IMAGE, LocalCommand::new("/no/such/program"))).await;
    let (reason, message) = failure(&world, &app("")).await;
    assert_eq!(reason, "HealthCheckContainerError");
    assert!(message.contains("Application failed to start: No such file"), "{message}");
    let mut object = app("");
    object["metadata"]["name"] = "other".into();
    let secret = json!({"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "latest"}}});
    container(&mut object)["env"] = json!([secret]);
    let (reason, message) = failure(&world, &object).await;
    assert_eq!(reason, "SecretsAccessCheckFailed");
    assert!(message.ends_with("Secret 'token' (version 'latest') was not found."), "{message}");
}

#[tokio::test]
async fn it_is_asked_to_end_when_its_service_is_deleted() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let service = world.create_settled(&app("")).await;
    world.delete(&format!("{SERVICES}/app")).await.object();
    world.gone("app").await;
    ended(&lines, &latest_created(&service)).await;
}

#[tokio::test]
async fn it_is_asked_to_end_when_its_revision_retires() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let first = latest_created(&world.create_settled(&app("")).await);
    let service =
        world.update_settled("app", |service| container(service)["env"] = environment("slow:5")).await;
    ended(&lines, &first).await;
    assert_eq!(world.visited_revision(&url(&service)).await, latest_created(&service));
    // Routed to again, it starts again.
    let traffic = json!([{"revisionName": first, "percent": 100}]);
    let service = world.update_settled("app", |service| service["spec"]["traffic"] = traffic).await;
    assert_eq!(world.visited_revision(&url(&service)).await, first);
}

#[tokio::test]
async fn what_it_has_begun_to_answer_it_ends() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let first = world.create_settled(&app("")).await;
    let host = host_of(&url(&first)).to_owned();
    let update = async {
        lines.until(|line| line.ends_with("sleeps")).await;
        world.update_settled("app", |service| container(service)["env"] = environment("slow:0")).await
    };
    let (answer, _) = tokio::join!(world.send(&host, "GET", "/sleep/300", b""), update);
    assert_eq!(answer.body, "slept");
    ended(&lines, &latest_created(&first)).await;
}

#[tokio::test]
async fn it_scales_to_zero_and_back() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder.idle_timeout(Duration::from_millis(20))).await;
    let service = world.create_settled(&app("")).await;
    ended(&lines, &latest_created(&service)).await;
    assert_eq!(is(&world.service("app").await, "Ready"), "True", "that is no failure");
    let first = process(&world, &service).await;
    bounded(async {
        while process(&world, &service).await == first {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn with_a_least_number_of_instances_it_is_kept() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder.idle_timeout(Duration::from_millis(5))).await;
    let mut object = app("");
    object["spec"]["template"]["metadata"] =
        json!({"annotations": {"autoscaling.knative.dev/minScale": "1"}});
    let service = world.create_settled(&object).await;
    let first = process(&world, &service).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(process(&world, &service).await, first);
}

#[tokio::test]
async fn sidecars_start_in_order_and_have_no_port() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    let mut object = app("");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut sidecar = container(&mut object).clone();
    sidecar["env"] = environment(&format!("sidecar:{port}"));
    sidecar["name"] = "cache".into();
    sidecar["startupProbe"] = json!({"tcpSocket": {"port": port}, "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 1});
    let ingress = container(&mut object);
    ingress["name"] = "web".into();
    ingress["ports"] = json!([{"containerPort": 3000}]);
    object["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(sidecar);
    object["spec"]["template"]["metadata"] = json!({"annotations": {
        "run.googleapis.com/container-dependencies": r#"{"web":["cache"]}"#,
    }});
    let service = world.create_settled(&object).await;
    assert_eq!(is(&service, "Ready"), "True", "{service}");
    let revision = latest_created(&service);
    let said: Vec<String> =
        lines.all().into_iter().filter(|line| line.ends_with("began") || line.ends_with("listens")).collect();
    let line = |container: &str, text: &str| format!("{revision}/{container}: {text}");
    let expected =
        [line("cache", "began"), line("cache", "listens"), line("web", "began"), line("web", "listens")];
    assert_eq!(said, expected);
    let host = format!("127.0.0.1:{port}");
    let request = format!("GET /env HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let of_sidecar = crate::support::raw(host.parse().unwrap(), request.as_bytes()).await.object();
    assert_eq!((of_sidecar.get("PORT"), &of_sidecar["K_SERVICE"]), (None, &json!("app")));
}

#[tokio::test]
async fn nothing_is_left_of_an_emulator() {
    for shut_down in [true, false] {
        let lines = Lines::default();
        let world = world(&lines, |builder| builder.delays(Delays::none())).await;
        let service = world.create_settled(&app("")).await;
        let process = process(&world, &service).await;
        if shut_down {
            world.emulator.shutdown().await;
            ended(&lines, &latest_created(&service)).await;
        } else {
            drop(world);
        }
        let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
        bounded(async {
            while rustix::process::test_kill_process(process).is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_later_write_does_not_start_it_twice() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    world.create(&app("slow:60")).await;
    lines.until(|line| line.ends_with("began")).await;
    world.update("app", |service| service["spec"]["template"]["spec"]["timeoutSeconds"] = 7.into()).await;
    let service = world.settled("app").await;
    assert_eq!(world.visited_revision(&url(&service)).await, latest_created(&service));
    let begun = lines.all().iter().filter(|line| line.ends_with("began")).count();
    assert_eq!(begun, 2, "once for each revision: {:?}", lines.all());
}

#[tokio::test]
async fn args_come_after_those_of_the_program() {
    let lines = Lines::default();
    let world = World::with(|builder| {
        let command = LocalCommand::new("sh").args(["-c", "echo given $*", "sh"]);
        crate::support::logged(builder, &lines).run(IMAGE, command)
    })
    .await;
    let mut object = app("");
    container(&mut object)["args"] = json!(["--debug", "x y"]);
    world.create(&object).await;
    lines.until(|line| line.ends_with(": given --debug x y")).await;
}

/// Reports of programs that listen on 8080 whatever `PORT` says: on the real service that is what `PORT` says.
#[tokio::test]
async fn it_gets_the_port_of_its_container_if_that_is_free() {
    let world = world(&Lines::default(), |builder| builder).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut object = app("");
    container(&mut object)["ports"] = json!([{"containerPort": free}]);
    let service = world.create_settled(&object).await;
    world.publish("app").await;
    let env = world.send(host_of(&url(&service)), "GET", "/env", b"").await.object();
    assert_eq!(env["PORT"], free.to_string());
}

/// On Linux the log says at once why nothing comes of a program that listens elsewhere.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_log_says_where_a_program_listens_instead() {
    let lines = Lines::default();
    let world = world(&lines, |builder| builder).await;
    world.create(&app("elsewhere")).await;
    let said = lines.until(|line| line.contains("and not on PORT=")).await;
    assert!(said.starts_with("app-00001-") && said.contains(": listens on port "), "{said}");
}
