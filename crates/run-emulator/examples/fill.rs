//! Starts an emulator, fills it with services, asks it for them, and serves until it is stopped.
//!
//! ```sh
//! cargo run --release -p run-emulator --example fill -- 1000 127.0.0.1:8787
//! RUN_EMULATOR_HOST=127.0.0.1:8787 cargo run --release -p run-api --example list -- views my-project us-central1
//! ```
//!
//! With `--once` after the address it ends when it has asked.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;

use run_api::types::{Container, EnvVar, ResourceRequirements, Service};
use run_api::{Client, Endpoint, ListOptions, Resource, Workload, WriteOptions};
use run_emulator::{Delays, Emulator};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count: usize = arguments.first().map_or(Ok(10), |count| count.parse())?;
    let address = arguments.get(1).map_or("127.0.0.1:0", String::as_str).parse()?;

    let emulator = Emulator::builder().listen(address).delays(Delays::none()).start().await?;
    let bytes = fill(&emulator.url(), count).await?;
    println!("{count} services, {bytes} bytes, at {}", emulator.url());
    if arguments.get(2).is_none_or(|flag| flag != "--once") {
        tokio::signal::ctrl_c().await?;
    }
    emulator.shutdown().await;
    Ok(())
}

/// Creates the services, asks for them, and says how many bytes they are.
pub(crate) async fn fill(url: &str, count: usize) -> Result<usize, Box<dyn Error>> {
    let client = Client::builder()
        .endpoint(Endpoint::emulator(url)?)
        .project("my-project")
        .region("us-central1")
        .build()?;
    let here = client.location()?;
    for number in 0..count {
        client.create(&here, &service(number), &WriteOptions::default()).await?;
    }
    let all = client.list_all::<Service>(&here, ListOptions::default()).await?;
    if all.items.len() != count {
        return Err(format!("{count} were created, and {} are there", all.items.len()).into());
    }
    Ok(all.items.iter().map(|service| serde_json::to_string(service).map_or(0, |text| text.len())).sum())
}

/// A service as people have them: a few variables, limits, labels.
fn service(number: usize) -> Service {
    let mut service = Service::default();
    service.set_type();
    service.metadata_mut().get_or_insert_default().name = Some(format!("service-{number:04}"));
    service.labels_mut().insert("team".to_owned(), format!("team-{}", number % 7));
    let variable = |name: usize| EnvVar {
        name: Some(format!("SETTING_{name}")),
        value: Some(format!("value {name} of service {number}")),
        ..EnvVar::default()
    };
    let limits = [("cpu", "1"), ("memory", "512Mi")].map(|(name, limit)| (name.to_owned(), limit.to_owned()));
    service.pod_mut().containers.push(Container {
        image: Some("us-docker.pkg.dev/cloudrun/container/hello".to_owned()),
        env: (0..10).map(variable).collect(),
        resources: Some(ResourceRequirements {
            limits: BTreeMap::from(limits),
            ..ResourceRequirements::default()
        }),
        ..Container::default()
    });
    service
}
