//! A migration before a release: the new revision gets its traffic only if the migration has succeeded.
//!
//! `cargo run -p run-ops --example migrate`

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;
use std::time::Duration;

use run_api::{Client, Endpoint};
use run_emulator::Emulator;
use run_ops::{Deadline, DeployRequest, Deployed, Ops, Outcome, TrafficChange, TrafficIntent, edit};

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(300))
}

/// Deploys without traffic, migrates, promotes.
pub(crate) async fn release(
    client: Client,
    image: &str,
    migration: &str,
) -> Result<Deployed, Box<dyn Error>> {
    let (shop, job) = (client.service("shop")?, client.job("shop-migrate")?);
    let ops = Ops::new(client);
    let mut request = DeployRequest::new(shop.clone()).image(image);
    if ops.exists(&shop).await? {
        request = request.traffic(TrafficIntent::NoTraffic);
    }
    let deployed = ops.deploy(&request, soon()).await?;

    // It does not run because it is deployed, and not twice if an answer is lost.
    let wanted = edit::job().image(migration).max_retries(0).timeout(Duration::from_secs(600));
    let written = ops.deploy_job(&job, &wanted).await?;
    ops.wait_until_ready(&written, soon()).await?;
    let started = ops.run_job(&job, None).await?;
    let run = ops.finish_run(&started, soon()).await;
    println!("{run}");
    match run.outcome {
        Outcome::Succeeded => {}
        Outcome::Running => return Err("the migration goes on: promote when it has succeeded".into()),
        _ => return Err(run.success().expect_err("no success").into()),
    }

    let written = ops.update_traffic(&shop, &TrafficChange::to_latest()).await?;
    ops.wait_until_ready(&written, soon()).await?;
    Ok(deployed)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().start().await?;
    let endpoint = Endpoint::emulator(&emulator.url())?;
    let client = Client::builder().endpoint(endpoint).project("my-project").region("us-central1").build()?;
    let image = "us-docker.pkg.dev/cloudrun/container/hello";
    let deployed = release(client, image, "us-docker.pkg.dev/cloudrun/container/job").await?;
    println!("{} serves", deployed.revision());
    Ok(())
}
