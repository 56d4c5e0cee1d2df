//! The examples, run.

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/manifest.rs"]
mod manifest;

use run_api::{Client, Endpoint};
use run_emulator::Emulator;
use run_ops::Ops;
use run_ops::manifest::export;

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
