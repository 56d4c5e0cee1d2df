//! The examples, run.

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/manifest.rs"]
mod manifest;

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/migrate.rs"]
mod migrate;

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/fan_out.rs"]
mod fan_out;

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/nightly_cleanup.rs"]
mod nightly_cleanup;

use run_api::{Client, Endpoint};
use run_emulator::Emulator;
use run_ops::manifest::export;
use run_ops::{Deadline, DeployRequest, Ops, Outcome, ServiceEdit, ServiceView};

const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";

async fn emulator() -> (Emulator, Client) {
    let emulator = Emulator::builder().start().await.expect("a port");
    let endpoint = Endpoint::emulator(&emulator.url()).expect("an address");
    let client = Client::builder()
        .endpoint(endpoint)
        .project("p")
        .region("us-central1")
        .build()
        .expect("valid settings");
    (emulator, client)
}

#[tokio::test(start_paused = true)]
async fn the_traffic_follows_only_a_migration_that_succeeds() {
    let (_emulator, client) = emulator().await;
    let job = "us-docker.pkg.dev/cloudrun/container/job";
    let first = migrate::release(client.clone(), HELLO, job).await.unwrap();
    let failed = migrate::release(client.clone(), HELLO, "docker.io/run-emulator/exits").await;
    assert!(failed.unwrap_err().to_string().contains("exit code"));
    let shop = client.service("shop").unwrap();
    let serving = |client: Client| {
        let shop = shop.clone();
        async move { client.get(&shop).await.unwrap().observed_traffic()[0].revision_name.clone().unwrap() }
    };
    assert_eq!(serving(client.clone()).await, first.revision());
    let newer = format!("{HELLO}:2");
    let second = migrate::release(client.clone(), &newer, job).await.unwrap();
    assert_ne!(second.revision(), first.revision());
    assert_eq!(serving(client).await, second.revision());
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_fan_out_has_its_environment() {
    let (_emulator, client) = emulator().await;
    let job = "us-docker.pkg.dev/cloudrun/container/job";
    let runs = fan_out::resize(client, job, &["a", "b", "c"]).await.unwrap();
    let mut seen = Vec::new();
    for run in &runs {
        assert_eq!((&run.outcome, run.tasks.succeeded), (&Outcome::Succeeded, 4));
        let task = run.execution.spec.as_ref().unwrap().template.as_ref().unwrap().spec.as_ref().unwrap();
        seen.push(task.containers[0].env[0].value.clone().unwrap());
    }
    assert_eq!(seen, ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_clean_up_leaves_what_is_in_use() {
    let (_emulator, client) = emulator().await;
    let hello = client.service("hello").unwrap();
    let ops = Ops::new(client.clone());
    let mut made = Vec::new();
    for release in 1..=5 {
        let request = DeployRequest::new(hello.clone()).image(HELLO).edit(move |service| {
            service.set_env("RELEASE", &release.to_string());
            Ok(())
        });
        let request = if release == 1 { request.tag("old".parse().unwrap()) } else { request };
        let soon = Deadline::after(std::time::Duration::from_secs(60));
        made.push(ops.deploy(&request, soon).await.unwrap().revision().to_owned());
    }
    let deleted = nightly_cleanup::clean_up(client.clone(), &hello, 1).await.unwrap();
    assert_eq!(deleted, [made[2].clone(), made[1].clone()], "the tagged, the serving and one more stay");
    assert_eq!(ops.revisions().list(&hello.location).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_becomes_a_service_and_a_job() {
    let emulator = Emulator::builder().start().await.unwrap();
    let endpoint = Endpoint::emulator(&emulator.url()).unwrap();
    let client = Client::builder().endpoint(endpoint).project("p").region("us-central1").build().unwrap();
    manifest::tour(client.clone()).await.unwrap();

    let ops = Ops::new(client.clone());
    let service = ops.get(&client.service("hello").unwrap()).await.unwrap();
    let spec = &export(&service).unwrap()["spec"]["template"]["spec"];
    assert_eq!(spec["containerConcurrency"], 40);
    assert_eq!(spec["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"], "token");
    assert_eq!(spec["containers"][0]["startupProbe"]["httpGet"]["path"], "/");
    let job = ops.get(&client.job("nightly").unwrap()).await.unwrap();
    assert_eq!(job.status.unwrap().execution_count, Some(1));
}
