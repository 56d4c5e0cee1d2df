//! Lists the services of a region in one of four ways, and prints how many there are.
//!
//! ```sh
//! runctl emulator serve &
//! RUN_EMULATOR_HOST=127.0.0.1:8787 cargo run --example list -- views my-project us-central1
//! ```
//!
//! The ways: `whole` (all objects in memory), `pages`, `items` (one object at a time), `views` (one row at a time). For
//! figures: `valgrind --tool=callgrind`, `/usr/bin/time -v`.

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
        return Err("usage: list whole|pages|items|views PROJECT REGION".into());
    };
    let mut builder = Client::builder().project(project).region(region);
    if std::env::var_os("RUN_EMULATOR_HOST").is_some() {
        builder = builder.credentials(Credentials::anonymous());
    }
    let client = builder.build()?;
    let here = client.location()?;
    let options = ListOptions::default();
    let (mut count, mut letters) = (0, 0);
    match way.as_str() {
        "whole" => {
            for service in client.list_all::<Service>(&here, options).await? {
                (count, letters) = (count + 1, letters + service.name().unwrap_or_default().len());
            }
        }
        "pages" => {
            let mut pages = pin!(client.pages::<Service>(&here, options));
            while let Some(page) = pages.try_next().await? {
                count += page.items.len();
            }
        }
        "items" => {
            let mut items = client.items::<Service>(&here, options);
            while let Some(service) = items.next().await? {
                (count, letters) = (count + 1, letters + service.name().unwrap_or_default().len());
            }
        }
        "views" => {
            let fields = FieldMask::new("metadata/name,status(url,latestReadyRevisionName)")?;
            let mut rows = client.views::<Service, Row>(&here, options, &fields);
            while let Some(Row { metadata, status }) = rows.next().await? {
                count += 1;
                letters += [Some(metadata.name), status.url, status.latest_ready_revision_name]
                    .into_iter()
                    .flatten()
                    .map(|text| text.len())
                    .sum::<usize>();
            }
        }
        other => return Err(format!("there is no way `{other}`").into()),
    }
    println!("{count} services, {letters} letters");
    Ok(())
}
