//! The end of an emulator.

use std::time::Duration;

use crate::support::{World, bounded, hello, raw};
use run_emulator::{Delays, Emulator};
use tokio::net::TcpStream;

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let world = World::start().await;
    let address = world.emulator.addr();
    // A connection that is open does not keep it.
    let open = TcpStream::connect(address).await.unwrap();
    drop(world);
    bounded(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    drop(open);
}

#[tokio::test]
async fn after_a_shutdown_the_port_is_free_at_once() {
    let world = World::start().await;
    let address = world.emulator.addr();
    assert_eq!(world.get("/").await.status, 200);
    world.emulator.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    let again = Emulator::builder().listen(address).start().await.unwrap();
    assert_eq!(raw(again.addr(), b"GET / HTTP/1.0\r\n\r\n").await.status, 200);
    let taken = Emulator::builder().listen(address).start().await.unwrap_err();
    assert!(taken.to_string().starts_with(&format!("cannot listen on {address}")), "{taken}");
}

#[tokio::test]
async fn its_tasks_end_with_it() {
    let hour = Delays::uniform(Duration::from_secs(3600));
    let before = alive();
    let emulator = Emulator::builder().delays(hour).start().await.unwrap();
    let world = World { emulator };
    for at in 0..10 {
        world.create(&hello(&format!("s{at}"))).await;
    }
    assert!(alive() >= before + 11, "a listener and ten rollouts");
    drop(world);
    bounded(async {
        while alive() > before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

fn alive() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn a_region_that_there_is_not() {
    let error = Emulator::builder().default_region("mars-north1").start().await.unwrap_err();
    assert_eq!(error.to_string(), "there is no region `mars-north1`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once() {
    let world = std::sync::Arc::new(World::start().await);
    let tasks: Vec<_> = (0..8)
        .map(|at| {
            let world = world.clone();
            tokio::spawn(async move {
                let name = format!("s{at}");
                world.create_settled(&hello(&name)).await;
                for value in ["2", "3"] {
                    world.update(&name, |service| crate::support::set_env(service, value)).await;
                }
                let last = world.settled(&name).await;
                assert_eq!(last["metadata"]["generation"], 3);
                assert_eq!(
                    last["status"]["traffic"][0]["revisionName"],
                    crate::support::latest_created(&last)
                );
                world.delete(&format!("{}/{name}", crate::support::SERVICES)).await.object();
                world.gone(&name).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.get(crate::support::REVISIONS).await.object().get("items"), None);
}
