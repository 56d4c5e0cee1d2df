//! Several writers at once: every acknowledged edit is in the end there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use run_api::Client;
use run_ops::{Event, Member, Ops, ServiceEdit};
use run_tests::{World, soon};

const ROUNDS: usize = 50;

/// Operations that count how often a write lost against the other one.
fn counting(world: &World) -> (Ops<Client>, Arc<AtomicU32>) {
    let conflicts = Arc::new(AtomicU32::new(0));
    let count = conflicts.clone();
    let ops = world.ops.clone().on_event(move |event| {
        if matches!(event, Event::Conflict { .. }) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (ops, conflicts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_one_service_lose_nothing() {
    let world = World::start().await;
    world.create_ready("hello").await;
    let hello = world.service("hello");
    let (ops, conflicts) = counting(&world);
    for round in 0..ROUNDS {
        let add = async |name: String| {
            ops.update_service(&hello, |service| {
                service.set_env(&name, "x");
                Ok(())
            })
            .await
            .unwrap();
        };
        futures::future::join(add(format!("A{round}")), add(format!("B{round}"))).await;
    }
    assert!(conflicts.load(Ordering::Relaxed) > 0, "the writers never met");
    let written = world.ops.current(&hello).await.unwrap();
    let mut service = world.ops.wait_until_ready(&written, soon()).await.unwrap();
    let names: Vec<_> = service.container_mut().env.iter().filter_map(|env| env.name.clone()).collect();
    for round in 0..ROUNDS {
        for writer in ["A", "B"] {
            assert!(names.contains(&format!("{writer}{round}")), "{writer}{round} is lost: {names:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_one_policy_lose_nothing() {
    let world = World::start().await;
    world.create_ready("hello").await;
    let hello = world.service("hello");
    let (ops, conflicts) = counting(&world);
    let member = |writer: &str, round| Member::user(&format!("{writer}{round}@example.com")).unwrap();
    for round in 0..ROUNDS {
        let (a, b) = ([member("a", round)], [member("b", round)]);
        let (a, b) =
            futures::future::join(ops.grant_invoker(&hello, &a), ops.grant_invoker(&hello, &b)).await;
        a.unwrap();
        b.unwrap();
    }
    assert!(conflicts.load(Ordering::Relaxed) > 0, "the writers never met");
    let policy = world.client.get_service_iam_policy(&hello).await.unwrap();
    assert_eq!(policy.bindings.len(), 1);
    assert_eq!(policy.bindings[0].members.len(), 2 * ROUNDS);
}
