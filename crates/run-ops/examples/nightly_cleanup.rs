//! A nightly clean-up: revisions that no traffic and no tag names, but for the newest few, are deleted.
//!
//! `cargo run -p run-ops --example nightly_cleanup`
#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::collections::BTreeSet;
use std::time::Duration;

use run_api::{Client, Endpoint, Resource, ServiceRef, known};
use run_emulator::Emulator;
use run_ops::{Deadline, DeployRequest, Ops, ServiceEdit, ServiceView};

type Failure = Box<dyn std::error::Error>;

/// Deletes the revisions of a service that nothing names, but for the newest `keep` of them; their names.
pub(crate) async fn clean_up(client: Client, of: &ServiceRef, keep: usize) -> Result<Vec<String>, Failure> {
    let ops = Ops::new(client);
    let object = ops.get(of).await?;
    // What is wanted, what is so, and what will be so when the latest gets ready.
    let named = object.desired_traffic().iter().chain(object.observed_traffic());
    let named = named.filter_map(|target| target.revision_name.as_deref());
    let latest = [object.latest_created_revision(), object.latest_ready_revision()];
    let in_use: BTreeSet<&str> = named.chain(latest.into_iter().flatten()).collect();

    let selector = format!("{}={}", known::labels::SERVICE, of.name);
    let mut revisions = ops.revisions().list_labelled(&of.location, &selector).await?;
    revisions.sort_by_key(|revision| number(revision.label(known::labels::CONFIGURATION_GENERATION)));
    let unused = revisions.iter().rev().filter_map(Resource::name).filter(|name| !in_use.contains(name));
    let mut deleted = Vec::new();
    for name in unused.skip(keep) {
        let revision = of.location.revision(name)?;
        ops.delete(&revision, Deadline::after(Duration::from_secs(60))).await?;
        deleted.push(name.to_owned());
    }
    Ok(deleted)
}

fn number(generation: Option<&str>) -> u64 {
    generation.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let emulator = Emulator::builder().start().await?;
    let endpoint = Endpoint::emulator(&emulator.url())?;
    let client = Client::builder().endpoint(endpoint).project("my-project").region("us-central1").build()?;
    let hello = client.service("hello")?;
    let ops = Ops::new(client.clone());
    for release in ["1", "2", "3", "4", "5"] {
        let request = DeployRequest::new(hello.clone()).image("us-docker.pkg.dev/cloudrun/container/hello");
        let request = request.edit(move |service| {
            service.set_env("RELEASE", release);
            Ok(())
        });
        ops.deploy(&request, Deadline::after(Duration::from_secs(60))).await?;
    }
    println!("deleted: {:?}", clean_up(client, &hello, 2).await?);
    Ok(())
}
