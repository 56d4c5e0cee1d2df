//! A service from a manifest and a job: listed, created, waited for, changed and run, and four kinds of errors told apart.
//!
//! `cargo run -p run-ops --example manifest` uses an emulator in this process.

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;
use std::time::Duration;

use run_api::types::Service;
use run_api::{Client, Endpoint, Resource};
use run_ops::edit::{self, probe};
use run_ops::{Deadline, ErrorKind, Ops, manifest};

const MANIFEST: &str = "
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello}
spec: {template: {spec: {containerConcurrency: '40', containers: [{image: us-docker.pkg.dev/cloudrun/container/hello}]}}}
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = run_emulator::Emulator::builder().start().await?;
    let endpoint = Endpoint::emulator(&emulator.url())?;
    tour(Client::builder().endpoint(endpoint).project("my-project").region("us-central1").build()?).await
}

/// The tour, in 40 lines. It leaves the service and the job behind.
pub(crate) async fn tour(client: Client) -> Result<(), Box<dyn Error>> {
    let (here, hello, nightly) = (client.location()?, client.service("hello")?, client.job("nightly")?);
    let (ops, soon) = (Ops::new(client), || Deadline::after(Duration::from_secs(300)));

    let written = ops.replace(&hello, &manifest::read_one::<Service>(MANIFEST)?).await?;
    ops.wait_until_ready(&written, soon()).await?;
    for service in ops.services().list(&here).await? {
        println!("{}", service.name().unwrap_or_default());
    }

    let safer = edit::service().secret_env("TOKEN", "token:latest").startup_probe(probe::http("/"));
    let written = ops.update(&hello, |service| Ok(safer.apply(service)?)).await?;
    ops.wait_until_ready(&written, soon()).await?;

    let job = edit::job().image("us-docker.pkg.dev/cloudrun/container/job").tasks(3);
    let written = ops.jobs().deploy(&nightly, &job).await?;
    ops.wait_until_ready(&written, soon()).await?;
    let execution = ops.jobs().execute(&nightly, None, soon()).await?;
    println!("{} completed", execution.name().unwrap_or_default());

    let broken = edit::service().image("docker.io/run-emulator/exits");
    let plain = edit::service().env("TOKEN", "hunter2");
    let update = ops.update(&hello, |service| Ok(broken.apply(service)?)).await?;
    let errors = [
        ops.get(&ops.api().service("nothing")?).await.err(),
        ops.update(&hello, |service| Ok(plain.apply(service)?)).await.err(),
        ops.wait_until_ready(&update, soon()).await.err(),
        ops.wait_until_ready(&ops.current(&nightly).await?, Deadline::after(Duration::ZERO)).await.err(),
    ];
    for error in errors.into_iter().flatten() {
        let advice = match error.kind() {
            _ if error.is_not_found() => "create it first",
            ErrorKind::Invalid => "take another value",
            ErrorKind::Failed => "look at the logs",
            ErrorKind::Deadline => "wait longer",
            _ => "read the message",
        };
        println!("{advice}: {error}");
    }
    Ok(())
}
