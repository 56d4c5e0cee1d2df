//! The examples, run.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/label.rs"]
mod label;
#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/list.rs"]
mod list;

use run_api::types::{Container, Service};
use run_api::{Client, Endpoint, Resource, Workload, WriteOptions};
use run_emulator::{Delays, Emulator};

async fn start(services: usize) -> (Emulator, Client) {
    let emulator = Emulator::builder().delays(Delays::none()).start().await.unwrap();
    let endpoint = Endpoint::emulator(&emulator.url()).unwrap();
    let client = Client::builder().endpoint(endpoint).project("p").region("us-central1").build().unwrap();
    for number in 0..services {
        let mut service = Service::default();
        service.set_type();
        service.metadata_mut().get_or_insert_default().name = Some(format!("hello-{number}"));
        let image = Some("us-docker.pkg.dev/cloudrun/container/hello".to_owned());
        service.pod_mut().containers.push(Container { image, ..Container::default() });
        client.create(&client.location().unwrap(), &service, &WriteOptions::default()).await.unwrap();
    }
    (emulator, client)
}

#[tokio::test]
async fn every_way_to_list_sees_every_service() {
    let (_emulator, client) = start(3).await;
    for way in ["whole", "pages", "items"] {
        let listed = list::count(&client, way).await.unwrap();
        assert_eq!(listed, list::Listed { services: 3, letters: 3 * "hello-0".len() }, "{way}");
    }
    // Besides, it has URLs and revisions.
    for way in ["rows", "views"] {
        let listed = list::count(&client, way).await.unwrap();
        assert!(listed.services == 3 && listed.letters > 3 * "hello-0".len(), "{way}: {listed:?}");
    }
    assert!(list::count(&client, "backwards").await.is_err());
}

#[tokio::test]
async fn a_label_is_set() {
    let (_emulator, client) = start(1).await;
    label::set(&client, "hello-0", "team", "payments").await.unwrap();
    let service = client.get_service(&client.service("hello-0").unwrap()).await.unwrap();
    assert_eq!(service.label("team"), Some("payments"));
    assert!(label::set(&client, "hello-1", "team", "payments").await.is_err());
}
