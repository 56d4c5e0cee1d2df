//! Sets a label of a service: reads it, changes it, and writes it back with the version that was read, so that the
//! write of somebody else in between is not lost: the API refuses ours then, and it is done again on the new object.
//!
//! ```sh
//! RUN_EMULATOR_HOST=127.0.0.1:8787 cargo run --example label -- my-project us-central1 hello team payments
//! ```
//!
//! run-ops does the same for any edit, and finds out what became of a write whose answer was lost.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use run_api::{Client, Credentials, Resource, WriteOptions};

const ATTEMPTS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [project, region, name, key, value] = arguments.as_slice() else {
        return Err("usage: label PROJECT REGION SERVICE KEY VALUE".into());
    };
    let mut builder = Client::builder().project(project).region(region);
    if std::env::var_os("RUN_EMULATOR_HOST").is_some() {
        builder = builder.credentials(Credentials::anonymous());
    }
    println!("{}", set(&builder.build()?, name, key, value).await?);
    Ok(())
}

/// Sets the label, and says since which version of the service it is there.
pub(crate) async fn set(
    client: &Client,
    name: &str,
    key: &str,
    value: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    let service = client.service(name)?;
    for _ in 0..ATTEMPTS {
        // `metadata.resourceVersion` comes with the object and goes back with it.
        let mut object = client.get(&service).await?;
        object.labels_mut().insert(key.to_owned(), value.to_owned());
        match client.replace(&service, &object, &WriteOptions::default()).await {
            Ok(written) => {
                let version = written.resource_version().unwrap_or("?");
                return Ok(format!("{name} has {key}={value} since version {version}"));
            }
            // Somebody else wrote it: again.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(format!("{name} was written by others {ATTEMPTS} times").into())
}
