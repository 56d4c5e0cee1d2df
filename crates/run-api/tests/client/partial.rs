//! Masked reads against the emulator: what was asked for is there, and nothing else.

use run_api::types::Service;
use run_api::{Client, Endpoint, FieldMask, ListOptions, Resource, ServiceRef, Workload};
use run_emulator::Emulator;

async fn with_hello() -> (Emulator, Client, ServiceRef) {
    let emulator = Emulator::builder().start().await.expect("an emulator");
    let endpoint = Endpoint::emulator(&emulator.url()).expect("an address");
    let client =
        Client::builder().endpoint(endpoint).project("p").region("us-central1").build().expect("a client");
    let hello = client.service("hello").expect("a valid name");
    let mut service = Service::default();
    service.set_type();
    service.metadata_mut().get_or_insert_default().name = Some("hello".to_owned());
    service.labels_mut().insert("team".to_owned(), "red".to_owned());
    let image = serde_json::from_str(r#"{"image": "us-docker.pkg.dev/cloudrun/container/hello"}"#);
    service.pod_mut().containers.push(image.expect("a container"));
    client.create_service(&hello.location, &service).await.expect("a new service");
    (emulator, client, hello)
}

#[tokio::test]
async fn a_masked_read_has_what_was_asked_for_and_nothing_else() {
    let (_emulator, client, hello) = with_hello().await;
    let whole = client.get_service(&hello).await.unwrap();
    let mask = FieldMask::new("metadata(name,generation),spec/template/spec/containers/image").unwrap();
    let partial = client.get_fields(&hello, &mask).await.unwrap();
    partial.read(|service| {
        assert_eq!((service.name(), service.generation()), (Some("hello"), Some(1)));
        assert_eq!((service.uid(), service.label("team"), service.status.as_ref()), (None, None, None));
        let image = |service: &Service| service.pod().unwrap().containers[0].image.clone();
        assert_eq!(image(service), image(&whole));
        let written = serde_json::to_value(service).unwrap();
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), ["metadata", "spec"]);
    });
    // It has changed nothing.
    let again = client.get_service(&hello).await.unwrap();
    assert_eq!(
        (again.spec, again.metadata.map(|m| m.labels)),
        (whole.spec, whole.metadata.map(|m| m.labels))
    );
}

#[tokio::test]
async fn a_masked_list_has_what_was_asked_for_of_each() {
    let (_emulator, client, hello) = with_hello().await;
    let mask = FieldMask::new("items/metadata/uid").unwrap();
    let partial =
        client.list_fields::<Service>(&hello.location, &ListOptions::default(), &mask).await.unwrap();
    let whole = client.get_service(&hello).await.unwrap();
    partial.read(|list| {
        let [service] = list.items.as_slice() else { panic!("{list:?}") };
        assert_eq!((service.uid(), service.name(), service.spec.as_ref()), (whole.uid(), None, None));
        assert_eq!((list.kind.as_ref(), list.next_page()), (None, None));
    });
}
