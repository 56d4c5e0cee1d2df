//! What the models do not know survives an update.

use run_ops::ServiceEdit;
use run_tests::World;
use serde_json::{Value, json};

#[tokio::test]
async fn fields_of_a_future_api_survive_an_update() {
    let paths = [
        "metadata.newThing",
        "spec.newThing",
        "spec.template.spec.newThing",
        "spec.template.spec.containers.newThing",
    ];
    let world =
        World::with(|builder| paths.iter().fold(builder, |builder, path| builder.future_field(*path))).await;
    let thing = json!({"nested": [1, {"two": null}], "text": "x"});
    let insert =
        |extra: &mut serde_json::Map<String, Value>| drop(extra.insert("newThing".to_owned(), thing.clone()));
    world
        .create("hello", |service| {
            insert(&mut service.metadata.as_mut().unwrap().extra);
            insert(&mut service.spec.as_mut().unwrap().extra);
            insert(&mut service.template_mut().spec.as_mut().unwrap().extra);
            insert(&mut service.container_mut().extra);
        })
        .await;
    let hello = world.service("hello");
    let written = world
        .ops
        .update_service(&hello, |service| {
            service.set_env("A", "1");
            Ok(())
        })
        .await
        .unwrap();
    assert!(written.changed());
    let stored = serde_json::to_value(world.client.get_service(&hello).await.unwrap()).unwrap();
    for pointer in ["/metadata", "/spec", "/spec/template/spec", "/spec/template/spec/containers/0"] {
        assert_eq!(stored.pointer(pointer).unwrap()["newThing"], thing, "{pointer}");
    }
}
