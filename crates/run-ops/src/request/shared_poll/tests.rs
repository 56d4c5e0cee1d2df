//! Waits that share lists, and what can be wrong with a list.

use super::*;
use crate::api::Page;
use crate::{Deadline, MockCloudRun, Ops, Written};
use run_api::ServiceRef;
use run_api::types::Service;
use serde_json::json;

/// A service that is ready after some seconds.
fn service(name: &str, ready: bool) -> Service {
    serde_json::from_value(json!({
        "metadata": {"name": name, "uid": name, "generation": 1},
        "status": {"observedGeneration": 1, "conditions": [
            {"type": "Ready", "status": if ready { "True" } else { "Unknown" }},
        ]},
    }))
    .unwrap()
}

fn name(at: u64) -> String {
    format!("service-{at}")
}

/// Services of which each is ready a second after the one before; pages of 40.
fn api(services: u64, denied: bool, counts: &Arc<(AtomicUsize, AtomicUsize)>) -> MockCloudRun {
    let start = Instant::now();
    let now = move |at: u64| service(&name(at), start.elapsed() >= Duration::from_secs(at));
    let mut api = MockCloudRun::new();
    let lists = counts.clone();
    api.services.expect_list().returning(move |_, options| {
        lists.0.fetch_add(1, Ordering::Relaxed);
        if denied {
            return Err(Error::from_status(
                403,
                "PERMISSION_DENIED",
                "Permission 'run.services.list' denied",
            ));
        }
        let from: u64 = options.continue_token.as_deref().map_or(0, |token| token.parse().unwrap());
        let to = (from + 40).min(services);
        let items: Vec<_> = (from..to).map(now).collect();
        Ok(Page::new(items, (to < services).then(|| to.to_string())))
    });
    let reads = counts.clone();
    api.services.expect_get().returning(move |reference| {
        reads.1.fetch_add(1, Ordering::Relaxed);
        let at = reference.name.as_str().strip_prefix("service-").unwrap().parse().unwrap();
        Ok(now(at))
    });
    api
}

async fn wait_for_all(services: u64, denied: bool) -> (usize, usize) {
    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let api = Arc::new(api(services, denied, &counts));
    let ops = Ops::new(api).share_polls(Duration::from_secs(1));
    let start = Instant::now();
    let waits: Vec<_> = (0..services)
        .map(|at| {
            let ops = ops.clone();
            tokio::spawn(async move {
                let reference = ServiceRef::new("p", "us-central1", name(at)).unwrap();
                let written = Written::new(&reference, service(&name(at), false), true).unwrap();
                ops.wait_until_ready(&written, Deadline::after(Duration::from_secs(600))).await.unwrap();
                let late = start.elapsed().saturating_sub(Duration::from_secs(at));
                assert!(late <= Duration::from_secs(6), "{at} was noticed {late:?} later");
            })
        })
        .collect();
    for wait in waits {
        wait.await.unwrap();
    }
    (counts.0.load(Ordering::Relaxed), counts.1.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn many_waits_share_a_list_a_tick() {
    let (lists, reads) = wait_for_all(100, false).await;
    // Three pages a second at most while more than three wait, then reads.
    assert!(lists <= 3 * 100, "{lists}");
    assert!(reads <= 10, "{reads}");
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_to_list_each_looks_for_itself() {
    let (lists, reads) = wait_for_all(20, true).await;
    assert!((1..=20).contains(&lists) && reads > 20, "{lists} {reads}");
}

/// The list of the first second has the predecessor of one service, and another one not yet ready.
#[tokio::test(start_paused = true)]
async fn a_list_is_judged_once_and_not_if_it_is_older_than_the_wait() {
    let start = Instant::now();
    let now =
        move |at: u64| service(&name(at), start.elapsed() >= Duration::from_secs([20, 20, 2][at as usize]));
    let mut api = MockCloudRun::new();
    api.services.expect_list().returning(move |_, _| {
        let mut items: Vec<_> = (0..3).map(now).collect();
        if start.elapsed() < Duration::from_secs(1) {
            items[0].metadata.as_mut().unwrap().uid = Some("its predecessor".to_owned());
        }
        Ok(Page::new(items, None))
    });
    api.services.expect_get().returning(move |reference| {
        let at = reference.name.as_str().strip_prefix("service-").unwrap();
        Ok(now(at.parse().unwrap()))
    });
    let ops = Ops::new(Arc::new(api)).share_polls(Duration::from_secs(10));
    let wait = async |at: u64, from: u64| {
        tokio::time::sleep(Duration::from_secs(from)).await;
        let reference = ServiceRef::new("p", "us-central1", name(at)).unwrap();
        let written = Written::new(&reference, service(&name(at), false), true).unwrap();
        ops.wait_until_ready(&written, Deadline::after(Duration::from_secs(600))).await.unwrap();
        start.elapsed().as_secs()
    };
    let (first, _, late) = tokio::join!(wait(0, 0), wait(1, 0), wait(2, 3));
    assert!((20..=30).contains(&first), "{first}");
    assert_eq!(late, 3, "the first look is at what is there now");
}

#[tokio::test(start_paused = true)]
async fn a_single_wait_reads() {
    let (lists, reads) = wait_for_all(1, false).await;
    assert_eq!((lists, reads), (0, 1));
}

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "service-0").unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// Two waits for services that are ready, where lists fail like this.
async fn two_waits(fault: fn(usize) -> Option<Error>) -> (usize, usize) {
    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let mut api = MockCloudRun::new();
    let lists = counts.clone();
    api.services.expect_list().returning(move |_, _| {
        let count = lists.0.fetch_add(1, Ordering::Relaxed);
        match fault(count) {
            Some(error) => Err(error),
            None => {
                let items: Vec<_> = (0..2).map(|at| service(&name(at), true)).collect();
                Ok(Page::new(items, None))
            }
        }
    });
    let reads = counts.clone();
    api.services.expect_get().returning(move |reference| {
        reads.1.fetch_add(1, Ordering::Relaxed);
        Ok(service(reference.name.as_str(), true))
    });
    let ops = Ops::new(Arc::new(api)).share_polls(Duration::from_secs(1));
    let wait = |at| {
        let reference = ServiceRef::new("p", "us-central1", name(at)).unwrap();
        let goal = crate::wait::ready(name(at), 1);
        let ops = &ops;
        // Both take part before either looks.
        let watched = ops.watch_service(&reference);
        async move { ops.wait(&watched, &goal, soon()).await.unwrap() }
    };
    let (one, other) = (wait(0), wait(1));
    tokio::join!(one, other);
    (counts.0.load(Ordering::Relaxed), counts.1.load(Ordering::Relaxed))
}

/// Another service of the region cannot be understood: that is no reason for these waits to fail.
#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_starves_nobody() {
    let counts = two_waits(|_| Some(Error::from_kind(ErrorKind::Decode, "a field"))).await;
    assert_eq!(counts, (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_expired_credential_does_not_end_the_sharing() {
    let expired = |count| (count == 0).then(|| Error::from_status(401, "UNAUTHENTICATED", "expired"));
    assert_eq!(two_waits(expired).await.0, 2, "it is tried again");
}

/// What was listed before the service was deleted and created anew is not taken for its state, nor twice.
#[tokio::test(start_paused = true)]
async fn a_wait_is_not_shown_what_was_listed_before_it_began() {
    let mut api = MockCloudRun::new();
    api.services.expect_list().returning(|_, _| {
        let old = service("service-0", true);
        Ok(Page::new(vec![old], None))
    });
    api.services.expect_get().returning(|reference| {
        let mut new = service(reference.name.as_str(), true);
        new.metadata.as_mut().unwrap().uid = Some("new".to_owned());
        Ok(new)
    });
    let ops = Ops::new(api).share_polls(Duration::from_secs(30));
    let others = [ops.watch_service(&hello()), ops.watch_service(&hello())];
    let goal = crate::wait::ready("service-0", 1);
    ops.wait(&others[0], &goal, soon()).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let watched = ops.watch_service(&hello());
    ops.wait(&watched, &crate::wait::ready("new", 1), soon()).await.unwrap();
}
