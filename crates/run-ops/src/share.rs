//! Looks that the waits of one region share: one list in place of a read each, when that is cheaper.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use run_api::types::Service;
use run_api::{Error, ListOptions, Location, ServiceRef};
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
    began: Option<Instant>,
    at: Option<Instant>,
    /// How many requests a list takes.
    pages: usize,
    services: HashMap<String, Service>,
    failed: Option<Error>,
}

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
        let (joined, judged) = (Instant::now(), Mutex::new(None));
        Membership { region: region.clone(), tick: self.tick, joined, judged }
    }
}

/// A wait that takes part.
pub(crate) struct Membership {
    region: Arc<Region>,
    tick: Duration,
    joined: Instant,
    /// When the list was made that this wait knows already.
    judged: Mutex<Option<Instant>>,
}

impl Membership {
    /// One look, at most a tick old, and at no list twice: what a wait sees several times was there several times.
    /// What the list of a tick does not tell is read: a service that it does not have, since only that answer says
    /// that there is none, and whatever may be from before the wait.
    pub(crate) async fn look<C: CloudRun>(&self, api: &C, service: &ServiceRef) -> Result<Service, Error> {
        match self.listed(api, service).await? {
            Some(found) => Ok(found),
            None => api.get_service(service).await,
        }
    }

    async fn listed<C: CloudRun>(&self, api: &C, service: &ServiceRef) -> Result<Option<Service>, Error> {
        loop {
            let waits = self.region.waits.load(Ordering::Relaxed);
            if waits < 2 || self.region.refused.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // Who comes while another lists waits for the result.
            let mut last = self.region.last.lock().await;
            if waits <= last.pages {
                return Ok(None);
            }
            let next = last.at.map_or(Duration::ZERO, |at| self.tick.saturating_sub(at.elapsed()));
            let known = self.judge(last.at);
            match (next.is_zero(), known) {
                (true, _) => {
                    *last = list(api, &service.location).await;
                    self.judge(last.at);
                }
                (false, true) => {
                    drop(last);
                    tokio::time::sleep(next).await;
                    continue;
                }
                (false, false) if last.began < Some(self.joined) => return Ok(None),
                (false, false) => {}
            }
            return match &last.failed {
                None => Ok(last.services.get(service.name.as_str()).cloned()),
                Some(error) if error.is_retryable() => Err(echo(error)),
                Some(_) => {
                    self.region.refused.store(true, Ordering::Relaxed);
                    Ok(None)
                }
            };
        }
    }

    /// Takes note of a list, and says whether it was known.
    fn judge(&self, list: Option<Instant>) -> bool {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *judged, list) == list
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

/// All services of a region.
async fn list<C: CloudRun>(api: &C, location: &Location) -> Seen {
    let mut seen = Seen { began: Some(Instant::now()), ..Seen::default() };
    let mut options = ListOptions::default();
    loop {
        let page = match api.list_services(location, &options).await {
            Ok(page) => page,
            Err(error) => break seen.failed = Some(error),
        };
        seen.pages += 1;
        let named = page.items.into_iter().filter_map(|service| Some((service.name()?.to_owned(), service)));
        seen.services.extend(named);
        let next = page.metadata.and_then(|metadata| metadata.continue_);
        match next.filter(|token| !token.is_empty() && options.continue_token.as_ref() != Some(token)) {
            Some(token) => options.continue_token = Some(token),
            None => break,
        }
    }
    seen.at = Some(Instant::now());
    seen
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

    /// The list of the first second has the predecessor of one service, and another one not yet ready.
    #[tokio::test(start_paused = true)]
    async fn a_list_is_judged_once_and_not_if_it_is_older_than_the_wait() {
        let start = Instant::now();
        let now = move |at: u64| {
            service(&name(at), start.elapsed() >= Duration::from_secs([20, 20, 2][at as usize]))
        };
        let mut api = MockCloudRun::new();
        api.expect_list_services().returning(move |_, _| {
            let mut items: Vec<_> = (0..3).map(now).collect();
            if start.elapsed() < Duration::from_secs(1) {
                items[0].metadata.as_mut().unwrap().uid = Some("its predecessor".to_owned());
            }
            Ok(ListServicesResponse { items, ..ListServicesResponse::default() })
        });
        api.expect_get_service().returning(move |reference| {
            let at = reference.name.as_str().strip_prefix("service-").unwrap();
            Ok(now(at.parse().unwrap()))
        });
        let ops = Ops::new(Arc::new(api)).share_looks(Duration::from_secs(10));
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
}
