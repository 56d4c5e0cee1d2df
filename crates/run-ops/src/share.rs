//! Looks that the waits of one region share: one list in place of a read each, when that is cheaper.

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::TryStreamExt;
use run_api::types::Service;
use run_api::{Error, ErrorKind, ListOptions, Location, Resource, ServiceRef};
use tokio::time::Instant;

use crate::CloudRun;

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
    /// One look, at most a tick old, never older than the wait (what was listed before may be another object of the
    /// same name), and at no list twice: what a wait sees several times was there several times. A service that a
    /// list does not have is read by itself: only that answer says that there is none.
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
            if next.is_zero() {
                self.region.list(api, &service.location, &mut last).await;
                self.judge(last.at);
            } else if self.judge(last.at) {
                drop(last);
                tokio::time::sleep(next).await;
                continue;
            }
            return match &last.state {
                State::Failed(error) => Err(echo(error)),
                State::Listed { began, services } if *began >= self.joined => {
                    Ok(services.get(service.name.as_str()).cloned())
                }
                State::Listed { .. } | State::Unreadable => Ok(None),
            };
        }
    }

    /// Takes note of a list, and says whether it was known.
    fn judge(&self, list: Option<Instant>) -> bool {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *judged, list) == list
    }
}

impl Region {
    /// Makes a new list.
    async fn list<C: CloudRun>(&self, api: &C, location: &Location, last: &mut Seen) {
        let began = Instant::now();
        last.state = match tokio::time::timeout(PATIENCE, list(api, location)).await {
            Ok(Ok((pages, services))) => {
                last.pages = pages;
                State::Listed { began, services }
            }
            Err(_) => State::Unreadable,
            Ok(Err(error)) if error.kind() == ErrorKind::Decode => State::Unreadable,
            Ok(Err(error)) if error.is_retryable() || error.is_unauthenticated() => State::Failed(error),
            Ok(Err(_)) => {
                self.refused.store(true, Ordering::Relaxed);
                State::Unreadable
            }
        };
        last.at = Some(Instant::now());
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
    let (mut services, mut requests) = (HashMap::new(), 0);
    let fetch = |options: ListOptions| async move { api.list_services(location, &options).await };
    let mut pages = pin!(run_api::pages(ListOptions::default(), fetch));
    while let Some(page) = pages.try_next().await? {
        requests += 1;
        services
            .extend(page.items.into_iter().filter_map(|service| Some((service.name()?.to_owned(), service))));
    }
    Ok((requests, services))
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
mod tests;
