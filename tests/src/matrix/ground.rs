//! Where runs take place.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use run_api::{AnswerLimits, Client, Endpoint, ServiceRef};
use run_emulator::{Delays, Emulator};
use run_ops::{Deadline, Ops, PollSchedule};

use super::backstage::{AFTERWARDS, Backstage};
use super::operations::{Done, Failed, Operation, is_right, operate};
use super::verdict::verdict;
use super::{Ending, FalseClaim, Strike};
use crate::proxy::{BYSTANDER, Proxy};
use crate::refusing::Refusing;

/// Where runs take place: each has a service of its own.
pub struct Ground {
    _emulator: Emulator,
    backstage: Backstage,
    proxy: Proxy,
    api: Refusing,
    client: Client,
    runs: AtomicU32,
}

/// The longest that an operation may take.
const SOON: Duration = Duration::from_secs(300);

/// An endless answer ends for us here; nothing in the matrix is as long.
const LIMIT: usize = 128 << 10;

pub(super) fn soon() -> Deadline {
    Deadline::after(SOON)
}

impl Ground {
    /// A ground with an emulator of its own.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        let delays = Delays::uniform(Duration::from_millis(300));
        let emulator = Emulator::builder().delays(delays).start().await.expect("a port on loopback");
        let proxy = Proxy::start(&emulator).await.expect("a port on loopback");
        let client = Client::builder()
            .endpoint(Endpoint::emulator(&proxy.url()).expect("an address"))
            .project("test-project")
            .region("us-central1")
            .request_timeout(Duration::from_secs(5))
            .answer_limits(AnswerLimits { object: LIMIT, list: LIMIT, failure: LIMIT })
            .build()
            .expect("valid settings");
        let backstage = Backstage(emulator.addr());
        backstage.create(BYSTANDER).await;
        let api = Refusing::new(client.clone(), proxy.counter());
        Self { _emulator: emulator, backstage, proxy, api, client, runs: AtomicU32::new(0) }
    }

    /// A service with which the operation can take place.
    async fn place(&self, operation: Operation, strikes: &[(u32, &'static str, Strike)]) -> ServiceRef {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let service = self.client.service(&format!("run-{run}")).expect("a name");
        let has_a_past = strikes.iter().any(|(_, _, strike)| matches!(strike, Strike::Stale(_)));
        self.proxy.reset(has_a_past);
        let backstage = if has_a_past { Backstage(self.proxy.address()) } else { self.backstage };
        backstage.prepare(service.name.as_str(), operation).await;
        service
    }

    async fn run(
        &self,
        service: &ServiceRef,
        operation: Operation,
    ) -> Result<Result<Done, Failed>, tokio::time::error::Elapsed> {
        let schedule = PollSchedule::between(Duration::from_millis(200), Duration::from_secs(5));
        let ops = Ops::new(self.api.clone()).poll_schedule(schedule);
        tokio::time::timeout(SOON * 2, operate(&ops, service, operation)).await
    }
}

/// How many requests the operation sends if nothing goes wrong.
///
/// # Panics
/// If it does not succeed, or leaves another state than the right one.
pub async fn requests(ground: &Ground, operation: Operation) -> u32 {
    let service = ground.place(operation, &[]).await;
    let before = ground.backstage.state(service.name.as_str()).await;
    ground.api.refuse([]);
    ground.proxy.arm([]);
    match ground.run(&service, operation).await {
        Ok(Ok(_)) => {}
        other => panic!("{operation:?} without faults: {other:?}"),
    }
    let count = ground.proxy.counter().load(Ordering::Relaxed);
    let after = ground.backstage.state(service.name.as_str()).await;
    assert!(is_right(operation, before.as_ref(), after.as_ref()), "{operation:?} without faults: {after:?}");
    count
}

/// Runs an operation, struck at these requests by these faults, and says how it ended.
///
/// # Errors
/// If the ending does not fit what the server has then: a success that is none, a lost or double write, or an error
/// that says of the server what is not so.
pub async fn strike(
    ground: &Ground,
    operation: Operation,
    strikes: &[(u32, &'static str, Strike)],
) -> Result<Ending, FalseClaim> {
    let service = ground.place(operation, strikes).await;
    let before = ground.backstage.state(service.name.as_str()).await;
    let is_refused = |strike: &Strike| matches!(strike, Strike::Refused);
    ground.api.refuse(strikes.iter().filter(|(_, _, strike)| is_refused(strike)).map(|(at, ..)| *at));
    ground.proxy.arm(strikes.iter().map(|(at, _, strike)| (*at, strike.clone())));
    let outcome = ground.run(&service, operation).await;
    // What is on its way arrives, and what was begun comes to its end.
    ground.proxy.settled().await;
    tokio::time::sleep(AFTERWARDS).await;
    ground.proxy.reset(false);
    let after = ground.backstage.state(service.name.as_str()).await;
    let said = match &outcome {
        Err(_) => "it hangs".to_owned(),
        Ok(Ok(Done { changed: true })) => "success".to_owned(),
        Ok(Ok(Done { changed: false })) => "success without a change".to_owned(),
        Ok(Err(failed)) => failed.error.to_string(),
    };
    let verdict = match &outcome {
        Err(_) => Err("nothing must hang"),
        Ok(outcome) => verdict(operation, outcome, before.as_ref(), after.as_ref()),
    };
    verdict.map_err(|wrong| {
        let strikes: Vec<String> =
            strikes.iter().map(|(at, name, _)| format!("{name} at request {at}")).collect();
        let there = after.map_or_else(|| "none".to_owned(), |state| state.to_string());
        FalseClaim(format!("{operation:?}, {}: {said}. But {wrong}; there is {there}", strikes.join(", ")))
    })
}
