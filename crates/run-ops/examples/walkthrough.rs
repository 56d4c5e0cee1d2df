//! A service's life: is it there, create, wait, make public, release a second revision, split, measure, delete.
//!
//! `cargo run -p run-ops --example walkthrough` uses an emulator in this process. With a project and a region as
//! arguments, the same code runs on the real Cloud Run with application default credentials.

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use run_api::{Client, Endpoint, LoopbackResolver};
use run_emulator::Emulator;
use run_ops::{Deadline, Ops, Percent, ServiceEdit, ServiceView, Target, TrafficShares, new_service};

const IMAGE: &str = "us-docker.pkg.dev/cloudrun/container/hello";

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(300))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (client, _emulator) = match &arguments[..] {
        [project, region] => (Client::builder().project(project).region(region).build()?, None),
        _ => {
            let emulator = Emulator::builder().start().await?;
            let endpoint = Endpoint::emulator(&emulator.url())?;
            let client =
                Client::builder().endpoint(endpoint).project("my-project").region("us-central1").build()?;
            (client, Some(emulator))
        }
    };
    let hello = client.service("hello")?;
    let ops = Ops::new(client);

    // Is it there?
    if ops.service_exists(&hello).await? {
        return Err(format!("{} exists already", hello.short()).into());
    }

    // Create it, and wait until it is ready.
    let mut object = new_service(&hello, IMAGE);
    object.set_env("RELEASE", "first").set_limit("memory", "256Mi");
    let written = ops.create_service(&hello, object).await?;
    let service = ops.wait_until_ready(&written, soon()).await?;
    let url = service.url().ok_or("a ready service has a URL")?;
    let first = Target::revision(service.latest_created_revision().ok_or("a ready service has a revision")?)?;
    println!("ready at {url}");

    // Make it public.
    ops.allow_public_access(&hello).await?;

    // Release a second revision with new environment and limits, at first without traffic.
    let nothing_yet = TrafficShares::all_to(first.clone());
    let written = ops
        .update_service(&hello, |service| {
            service.set_env("RELEASE", "second").set_limit("memory", "512Mi");
            Ok(service.assign_traffic(&nothing_yet)?)
        })
        .await?;
    let service = ops.wait_until_ready(&written, soon()).await?;
    let second =
        Target::revision(service.latest_created_revision().ok_or("a ready service has a revision")?)?;

    // Give it 10 % of the traffic; the first keeps the rest.
    let shares = TrafficShares::new([(second.clone(), Percent::new(10)?)])?;
    let written = ops.split_traffic(&hello, &shares).await?;
    ops.wait_until_ready(&written, soon()).await?;

    // See the split in real requests.
    let http = reqwest::Client::builder().dns_resolver(LoopbackResolver).build()?;
    let mut answers: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..1000 {
        let body = http.get(url).send().await?.error_for_status()?.text().await?;
        let revision = [&first, &second].into_iter().find(|revision| body.contains(&revision.to_string()));
        *answers.entry(revision.map_or_else(|| "neither".to_owned(), ToString::to_string)).or_default() += 1;
    }
    println!("{answers:?}");

    // Delete it, and wait until it is gone.
    ops.delete_service(&hello, soon()).await?;
    println!("gone");
    Ok(())
}
