//! The agenda of the project through its libraries, as a user would write it.

use std::collections::BTreeMap;

use futures::StreamExt;
use run_api::LoopbackResolver;
use run_ops::{Percent, ServiceEdit, ServiceView, Target, TrafficShares};
use run_tests::{World, soon};

#[tokio::test]
async fn from_nothing_to_a_split_and_back_to_nothing() {
    let world = World::start().await;
    let (ops, hello) = (&world.ops, world.service("hello"));
    assert!(!ops.service_exists(&hello).await.unwrap());

    let service = world.create_ready("hello").await;
    assert!(ops.service_exists(&hello).await.unwrap());
    let url = service.url().unwrap().to_owned();
    let first = Target::revision(service.latest_created_revision().unwrap()).unwrap();

    let http = reqwest::Client::builder().dns_resolver(LoopbackResolver).no_proxy().build().unwrap();
    let status = async || http.get(&url).send().await.unwrap().status().as_u16();
    assert_eq!(status().await, 403, "private until the binding is there");
    assert!(ops.allow_public_access(&hello).await.unwrap().changed());
    assert!(!ops.allow_public_access(&hello).await.unwrap().changed());
    assert_eq!(status().await, 200);

    let shares = TrafficShares::all_to(first.clone());
    let written = ops
        .update_service(&hello, |service| {
            service.set_env("RELEASE", "second").set_limit("memory", "1Gi");
            Ok(service.assign_traffic(&shares)?)
        })
        .await
        .unwrap();
    let service = ops.wait_until_ready(&written, soon()).await.unwrap();
    let second = Target::revision(service.latest_created_revision().unwrap()).unwrap();
    assert_ne!(first, second);
    let body = http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(body.contains(&first.to_string()), "the second revision has no traffic yet: {body}");

    let shares = TrafficShares::new([(second.clone(), Percent::new(10).unwrap())]).unwrap();
    let written = ops.split_traffic(&hello, &shares).await.unwrap();
    let service = ops.wait_until_ready(&written, soon()).await.unwrap();
    let observed: BTreeMap<_, _> =
        service.observed_traffic().iter().map(|t| (t.revision_name.clone().unwrap(), t.percent)).collect();
    assert_eq!(observed, BTreeMap::from([(first.to_string(), Some(90)), (second.to_string(), Some(10))]));

    let answers = futures::stream::iter(0..2000)
        .map(|_| async { http.get(&url).send().await.unwrap().text().await.unwrap() })
        .buffer_unordered(8)
        .collect::<Vec<_>>()
        .await;
    let canaries = answers.iter().filter(|body| body.contains(&second.to_string())).count();
    // Five standard deviations around 200 of 2000 (sigma = 13.4).
    assert!((133..=267).contains(&canaries), "{canaries} of 2000 went to the second revision");
    assert!(answers.iter().any(|body| body.contains(&second.to_string()) && body.contains("\"second\"")));

    ops.delete_service(&hello, soon()).await.unwrap();
    assert!(!ops.service_exists(&hello).await.unwrap());
    assert_eq!(status().await, 404);
}
