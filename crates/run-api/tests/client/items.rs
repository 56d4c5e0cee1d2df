//! Lists that are read as they arrive: the same items as whole lists have, and a word when they are cut short.

use run_api::types::Service;
use run_api::{Client, Endpoint, ErrorKind, FieldMask, ListOptions, Location, Resource, Workload};
use run_emulator::Emulator;
use serde::Deserialize;

use super::server::{Answer, Server};

fn here() -> Location {
    Location::new("p", "us-central1").expect("a valid location")
}

#[derive(Debug, Deserialize, PartialEq)]
struct Row {
    metadata: Metadata,
    spec: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Metadata {
    name: String,
    uid: Option<String>,
}

#[tokio::test]
async fn items_and_views_of_several_pages_are_those_of_the_whole_list() {
    let emulator = Emulator::builder().start().await.unwrap();
    let endpoint = Endpoint::emulator(&emulator.url()).unwrap();
    let client = Client::builder().endpoint(endpoint).build().unwrap();
    for number in 0..5 {
        let mut service = Service::default();
        service.set_type();
        service.metadata_mut().get_or_insert_default().name = Some(format!("service-{number}"));
        let image = serde_json::from_str(r#"{"image": "us-docker.pkg.dev/cloudrun/container/hello"}"#);
        service.pod_mut().containers.push(image.unwrap());
        client.create_service(&here(), &service).await.unwrap();
    }
    let options = || ListOptions { limit: Some(2), ..ListOptions::default() };
    let names = |services: &[Service]| -> Vec<String> {
        services.iter().filter_map(|service| Some(service.name()?.to_owned())).collect()
    };

    let whole = client.list_all::<Service>(&here(), options()).await.unwrap();
    let mut streamed = Vec::new();
    let mut items = client.items::<Service>(&here(), options());
    while let Some(service) = items.next().await.unwrap() {
        streamed.push(service);
    }
    assert_eq!((streamed.len(), names(&streamed)), (5, names(&whole.items)));
    assert_eq!(items.unreachable(), Vec::<String>::new());

    let fields = FieldMask::new("metadata/name").unwrap();
    let mut rows = client.views::<Service, Row>(&here(), options(), &fields);
    let mut seen = Vec::new();
    while let Some(Row { metadata, spec }) = rows.next().await.unwrap() {
        assert_eq!((metadata.uid, spec), (None, None), "the server sends what was asked for");
        seen.push(metadata.name);
    }
    assert_eq!(seen, names(&whole.items));
}

#[tokio::test]
async fn a_list_that_is_cut_short_or_does_not_end_is_an_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let first = r#"{"items": [{"metadata": {"name": "a"}}, "#;
    let broken = Server::start(Answer::Bytes(format!("{head}{first}").into_bytes())).await;
    let client = broken.client();
    let mut items = client.items::<Service>(&here(), ListOptions::default());
    let mut outcomes = Vec::new();
    while let Some(outcome) = items.next().await.transpose() {
        outcomes.push(outcome.map(|service| service.name().map(str::to_owned)));
    }
    let error = outcomes.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert!(error.to_string().starts_with("list_services projects/p/locations/us-central1: "), "{error}");

    let short = Server::start(Answer::json(200, first)).await;
    let client = short.client();
    let mut items = client.items::<Service>(&here(), ListOptions::default());
    assert_eq!(items.next().await.unwrap().unwrap().name(), Some("a"));
    let error = items.next().await.unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Decode, Some(200)), "{error}");
    assert!(items.next().await.unwrap().is_none(), "it has ended");

    let endless = r#"{"items": [], "metadata": {"continue": "again"}}"#;
    let endless = Server::start(Answer::json(200, endless)).await;
    let client = endless.client();
    let error = client.items::<Service>(&here(), ListOptions::default()).next().await.unwrap_err();
    assert!(error.to_string().contains("does not end"), "{error}");
    assert_eq!(endless.received().len(), 2);
}

#[tokio::test]
async fn regions_end_with_the_last_page_and_with_an_error_at_one_that_there_was() {
    let page =
        |token: &str| format!(r#"{{"locations": [{{"locationId": "r"}}], "nextPageToken": "{token}"}}"#);
    let project = run_api::ProjectId::new("p").unwrap();
    let server = Server::start(Answer::json(200, &page(""))).await;
    assert_eq!(server.client().list_all_locations(&project, None).await.unwrap().len(), 1);
    let server = Server::start(Answer::json(200, &page("a"))).await;
    let error = server.client().list_all_locations(&project, Some(1)).await.unwrap_err();
    assert_eq!((error.kind(), server.received().len()), (ErrorKind::Decode, 2), "{error}");
}
