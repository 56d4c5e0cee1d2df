//! Looks that the waits of one region share: one list in place of a read each, when that is cheaper.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use run_api::types::Service;
use run_api::{Error, ErrorKind, ListOptions, Location, ServiceRef};
use tokio::time::Instant;

use crate::{CloudRun, ServiceView};

/// The regions in which waits are under way.
pub(crate) struct SharedLooks {
    tick: Duration,
    regions: Mutex<HashMap<Location, Arc<Region>>>,
}

/// One region, and what was seen there last.
struct Region {
    waits: AtomicUsize,
    /// Lists are refused, for want of a permission for instance: then each wait looks for itself.
    refused: AtomicBool,
    last: tokio::sync::Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    /// How many requests a list takes.
    pages: usize,
    state: State,
}

#[derive(Default)]
enum State {
    /// The list can not be had, for reasons that reading one service does not share: it takes too long, or one of
    /// the services in it can not be understood.
    #[default]
    Unreadable,
    /// The server said no.
    Failed(Error),
    Listed {
        began: Instant,
        services: HashMap<String, Service>,
    },
}

/// How long a list may take before looks go on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl SharedLooks {
    pub(crate) fn new(tick: Duration) -> Self {
        Self { tick: tick.max(Duration::from_millis(1)), regions: Mutex::default() }
    }

    /// Takes part in the looks of a region until the result is dropped.
    pub(crate) fn join(&self, location: &Location) -> Membership {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let region = regions.entry(location.clone()).or_insert_with(|| {
            Arc::new(Region {
                waits: AtomicUsize::new(0),
                refused: AtomicBool::new(false),
                last: tokio::sync::Mutex::default(),
            })
        });
        region.waits.fetch_add(1, Ordering::Relaxed);
        Membership { region: region.clone(), tick: self.tick, joined: Instant::now() }
    }
}

/// A wait that takes part.
pub(crate) struct Membership {
    region: Arc<Region>,
    tick: Duration,
    joined: Instant,
}

impl Membership {
    /// One look, at most a tick old, and never older than the wait: what was listed before may be another object of
    /// the same name. A service that a list does not have is read by itself: only that answer says that there is
    /// none.
    pub(crate) async fn look<C: CloudRun>(&self, api: &C, service: &ServiceRef) -> Result<Service, Error> {
        match self.listed(api, service).await? {
            Some(found) => Ok(found),
            None => api.get_service(service).await,
        }
    }

    async fn listed<C: CloudRun>(&self, api: &C, service: &ServiceRef) -> Result<Option<Service>, Error> {
        let waits = self.region.waits.load(Ordering::Relaxed);
        if waits < 2 || self.region.refused.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // Who comes while another lists waits for the result.
        let mut last = self.region.last.lock().await;
        if waits <= last.pages {
            return Ok(None);
        }
        if last.at.is_none_or(|at| at.elapsed() >= self.tick) {
            let began = Instant::now();
            last.state = match tokio::time::timeout(PATIENCE, list(api, &service.location)).await {
                Ok(Ok((pages, services))) => {
                    last.pages = pages;
                    State::Listed { began, services }
                }
                Err(_) => State::Unreadable,
                Ok(Err(error)) if error.kind() == ErrorKind::Decode => State::Unreadable,
                Ok(Err(error)) if error.is_retryable() || error.is_unauthenticated() => State::Failed(error),
                Ok(Err(_)) => {
                    self.region.refused.store(true, Ordering::Relaxed);
                    State::Unreadable
                }
            };
            last.at = Some(Instant::now());
        }
        match &last.state {
            State::Failed(error) => Err(echo(error)),
            State::Listed { began, services } if *began >= self.joined => {
                Ok(services.get(service.name.as_str()).cloned())
            }
            State::Listed { .. } | State::Unreadable => Ok(None),
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.region.waits.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").finish_non_exhaustive()
    }
}

/// All services of a region, and how many requests that took.
async fn list<C: CloudRun>(api: &C, location: &Location) -> Result<(usize, HashMap<String, Service>), Error> {
    let (mut services, mut pages) = (HashMap::new(), 0);
    let mut options = ListOptions::default();
    loop {
        let page = api.list_services(location, &options).await?;
        pages += 1;
        let named = page.items.into_iter().filter_map(|service| Some((service.name()?.to_owned(), service)));
        services.extend(named);
        let next = page.metadata.and_then(|metadata| metadata.continue_);
        match next.filter(|token| !token.is_empty() && options.continue_token.as_ref() != Some(token)) {
            Some(token) => options.continue_token = Some(token),
            None => return Ok((pages, services)),
        }
    }
}

/// The same error once more, for the others who waited for it.
fn echo(error: &Error) -> Error {
    match error.http_status() {
        Some(code) => {
            let copy = Error::from_status(code, error.status().unwrap_or_default(), error.message());
            match error.retry_after() {
                Some(pause) => copy.with_retry_after(pause),
                None => copy,
            }
        }
        None => Error::from_kind(error.kind(), error.message()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deadline, MockCloudRun, Ops, Written};
    use run_api::types::ListServicesResponse;
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
        api.expect_list_services().returning(move |_, options| {
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
            let metadata = (to < services).then(|| json!({"continue": to.to_string()}));
            let items: Vec<_> = (from..to).map(now).collect();
            let page: ListServicesResponse =
                serde_json::from_value(json!({"items": items, "metadata": metadata})).unwrap();
            Ok(page)
        });
        let reads = counts.clone();
        api.expect_get_service().returning(move |reference| {
            reads.1.fetch_add(1, Ordering::Relaxed);
            let at = reference.name.as_str().strip_prefix("service-").unwrap().parse().unwrap();
            Ok(now(at))
        });
        api
    }

    async fn wait_for_all(services: u64, denied: bool) -> (usize, usize) {
        let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let api = Arc::new(api(services, denied, &counts));
        let ops = Ops::new(api).share_looks(Duration::from_secs(1));
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
        api.expect_list_services().returning(move |_, _| {
            let count = lists.0.fetch_add(1, Ordering::Relaxed);
            match fault(count) {
                Some(error) => Err(error),
                None => {
                    let items: Vec<_> = (0..2).map(|at| service(&name(at), true)).collect();
                    Ok(serde_json::from_value(json!({"items": items})).unwrap())
                }
            }
        });
        let reads = counts.clone();
        api.expect_get_service().returning(move |reference| {
            reads.1.fetch_add(1, Ordering::Relaxed);
            Ok(service(reference.name.as_str(), true))
        });
        let ops = Ops::new(Arc::new(api)).share_looks(Duration::from_secs(1));
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

    /// Another service of the region can not be understood: that is no reason for these waits to fail.
    #[tokio::test(start_paused = true)]
    async fn a_list_that_can_not_be_read_starves_nobody() {
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
        api.expect_list_services().returning(|_, _| {
            let old = service("service-0", true);
            Ok(serde_json::from_value(json!({"items": [old]})).unwrap())
        });
        api.expect_get_service().returning(|reference| {
            let mut new = service(reference.name.as_str(), true);
            new.metadata.as_mut().unwrap().uid = Some("new".to_owned());
            Ok(new)
        });
        let ops = Ops::new(api).share_looks(Duration::from_secs(30));
        let others = [ops.watch_service(&hello()), ops.watch_service(&hello())];
        let goal = crate::wait::ready("service-0", 1);
        ops.wait(&others[0], &goal, soon()).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let watched = ops.watch_service(&hello());
        ops.wait(&watched, &crate::wait::ready("new", 1), soon()).await.unwrap();
    }
}
