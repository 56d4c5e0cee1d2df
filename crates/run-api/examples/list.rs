//! Lists the services of a region in one of five ways, and prints how many there are.
//!
//! ```sh
//! runctl emulator serve &
//! RUN_EMULATOR_HOST=127.0.0.1:8787 cargo run --release -p run-api --example list -- views my-project us-central1
//! ```
//!
//! The ways: `whole` (all objects in memory), `pages`, `items` (one object at a time), `rows` (one row at a time, out of
//! whole objects), `views` (rows, and the server sends no more than is in them). What each costs is measured by
//! `cargo bench -p run-tests --bench lists`.

#![allow(clippy::print_stdout)]

use std::pin::pin;

use futures::TryStreamExt;
use run_api::types::Service;
use run_api::{Client, Credentials, FieldMask, ListOptions, Resource};
use serde::Deserialize;

/// What a table of services shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    url: Option<String>,
    latest_ready_revision_name: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, project, region] = arguments.as_slice() else {
        return Err("usage: list whole|pages|items|rows|views PROJECT REGION".into());
    };
    let mut builder = Client::builder().project(project).region(region);
    if std::env::var_os("RUN_EMULATOR_HOST").is_some() {
        builder = builder.credentials(Credentials::anonymous());
    }
    let Listed { services, letters } = count(&builder.build()?, way).await?;
    println!("{services} services, {letters} letters");
    Ok(())
}

/// What was seen.
#[derive(Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) services: usize,
    /// Of what was looked at, so that it is not optimised away.
    pub(crate) letters: usize,
}

/// Lists the services of the client's region in one of the ways.
pub(crate) async fn count(client: &Client, way: &str) -> Result<Listed, Box<dyn std::error::Error>> {
    let here = client.location()?;
    let options = ListOptions::default();
    let (mut services, mut letters) = (0, 0);
    match way {
        "whole" => {
            for service in client.list_all::<Service>(&here, options).await? {
                (services, letters) = (services + 1, letters + service.name().unwrap_or_default().len());
            }
        }
        "pages" => {
            let mut pages = pin!(client.pages::<Service>(&here, options));
            while let Some(page) = pages.try_next().await? {
                services += page.items.len();
                letters += page.items.iter().map(|one| one.name().unwrap_or_default().len()).sum::<usize>();
            }
        }
        "items" => {
            let mut items = client.items::<Service>(&here, options);
            while let Some(service) = items.next().await? {
                (services, letters) = (services + 1, letters + service.name().unwrap_or_default().len());
            }
        }
        "rows" | "views" => {
            let few = "metadata/name,status(url,latestReadyRevisionName)";
            let fields = FieldMask::new(if way == "views" { few } else { "metadata,spec,status" })?;
            let mut rows = client.views::<Service, Row>(&here, options, &fields);
            while let Some(Row { metadata, status }) = rows.next().await? {
                services += 1;
                letters += [Some(metadata.name), status.url, status.latest_ready_revision_name]
                    .into_iter()
                    .flatten()
                    .map(|text| text.len())
                    .sum::<usize>();
            }
        }
        other => return Err(format!("there is no way `{other}`").into()),
    }
    Ok(Listed { services, letters })
}
