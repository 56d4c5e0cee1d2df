//! A fan-out: one execution for each part of the work, each with an environment of its own, watched together.
//!
//! `cargo run -p run-ops --example fan_out`

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;
use std::time::Duration;

use futures::future::join_all;
use run_api::types::Overrides;
use run_api::{Client, Endpoint};
use run_emulator::Emulator;
use run_ops::{Deadline, Ops, OverridesEdit, Run, edit};

/// Runs the job once for each bucket, and says how each run ended.
pub(crate) async fn resize(
    client: Client,
    image: &str,
    buckets: &[&str],
) -> Result<Vec<Run>, Box<dyn Error>> {
    let job = client.job("resize")?;
    // One list for all that is waited for, in place of a read each; and no more runs a minute than the quota allows.
    let ops = Ops::new(client).share_polls(Duration::from_secs(2)).writes_per_minute(120);
    let written = ops.deploy_job(&job, &edit::job().image(image).tasks(4).max_retries(1)).await?;
    let deadline = Deadline::after(Duration::from_secs(3600));
    ops.wait_until_ready(&written, deadline).await?;
    let mut started = Vec::new();
    for bucket in buckets {
        started.push(ops.run_job(&job, Some(Overrides::default().env("BUCKET", *bucket))).await?);
    }
    Ok(join_all(started.iter().map(|one| ops.finish_run(one, deadline))).await)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().start().await?;
    let endpoint = Endpoint::emulator(&emulator.url())?;
    let client = Client::builder().endpoint(endpoint).project("my-project").region("us-central1").build()?;
    let buckets = ["photos-eu", "photos-us", "photos-asia"];
    for run in resize(client, "us-docker.pkg.dev/cloudrun/container/job", &buckets).await? {
        println!("{run}");
    }
    Ok(())
}
