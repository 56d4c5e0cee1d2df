//! Tokio's paused time drives an emulator and its client in one current-thread runtime.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::time::Duration;

use crate::support::{ClockStandsStill, World, condition, hello};
use run_api::{Client, Endpoint};
use run_emulator::{Delays, Emulator};
use tokio::time::Instant;

/// Stages of an hour each are over at once; while the clock is held, reading the object takes no time.
#[tokio::test(start_paused = true)]
async fn hours_pass_in_no_time() {
    let hour = Duration::from_secs(3600);
    let world = World { emulator: Emulator::builder().delays(Delays::uniform(hour)).start().await.unwrap() };
    for round in 0..5 {
        let name = format!("hello-{round}");
        let start = Instant::now();
        world.create(&hello(&name)).await;
        let mut seen = Vec::new();
        for _ in 0..100 {
            let before = Instant::now();
            let service = world.service(&name).await;
            assert_eq!(before.elapsed(), Duration::ZERO, "time leapt while a request was on its way");
            if condition(&service, "Ready")["status"] == "True" {
                break;
            }
            seen.push(condition(&service, "Ready")["status"].clone());
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        let hours = start.elapsed().as_secs_f64() / 3600.0;
        assert!((5.0..5.4).contains(&hours), "five stages: {hours}");
        assert_eq!(seen.len(), 30);
    }
}

/// The same with run-api's client, which keeps connections and has timers of its own.
#[tokio::test(start_paused = true)]
async fn with_a_client_that_keeps_connections() {
    let hour = Duration::from_secs(3600);
    let emulator = Emulator::builder().delays(Delays::uniform(hour)).start().await.unwrap();
    let client = Client::builder()
        .endpoint(Endpoint::emulator(&emulator.url()).unwrap())
        .project("test-project")
        .region("us-central1")
        .build()
        .unwrap();
    let here = client.location().unwrap();
    for round in 0..5 {
        let start = Instant::now();
        let name = format!("hello-{round}");
        let object = serde_json::from_value(hello(&name)).unwrap();
        let still = ClockStandsStill::now();
        client.create_service(&here, &object).await.unwrap();
        drop(still);
        let reference = client.service(&name).unwrap();
        loop {
            let still = ClockStandsStill::now();
            let service = serde_json::to_value(client.get_service(&reference).await.unwrap()).unwrap();
            drop(still);
            if condition(&service, "Ready")["status"] == "True" {
                break;
            }
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        let hours = start.elapsed().as_secs_f64() / 3600.0;
        assert!((5.0..5.4).contains(&hours), "five stages: {hours}");
    }
}

/// An answer that comes from outside of the runtime, after a few milliseconds of real time. Returns how far the
/// paused clock moved meanwhile, with a timer of an hour pending.
async fn time_until_a_late_answer() -> Duration {
    let start = Instant::now();
    let pending = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let answering = std::thread::spawn(move || {
        let (_end, ended) = std::sync::mpsc::channel::<()>();
        let _ = ended.recv_timeout(Duration::from_millis(5));
        std::io::Write::write_all(&mut listener.accept().unwrap().0, b"x").unwrap();
    });
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut [0]).await.unwrap();
    answering.join().unwrap();
    pending.abort();
    start.elapsed()
}

/// What is not there yet lets the clock leap, unless it is held: so the tests hold it during every request.
#[tokio::test(start_paused = true)]
async fn a_late_answer_lets_the_clock_leap_unless_it_is_held() {
    assert_eq!(time_until_a_late_answer().await, Duration::from_secs(3600));
    let _still = ClockStandsStill::now();
    assert_eq!(time_until_a_late_answer().await, Duration::ZERO);
}
