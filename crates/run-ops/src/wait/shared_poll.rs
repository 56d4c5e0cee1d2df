//! Polls that the waits for objects of one kind and region share: one list in place of a read each, when that is cheaper.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use run_api::{Error, ErrorKind, ListOptions, Location, ResourceRef};
use tokio::time::Instant;

use crate::api::{Kind, ReadApi};
use crate::read::Pages;

/// The kinds and regions in which waits are under way.
pub(crate) struct SharedPolls {
    tick: Duration,
    regions: Mutex<HashMap<(&'static str, Location), AnyRegion>>,
}

/// A [`Region`] of the kind with the name that stands before it.
type AnyRegion = Arc<dyn Any + Send + Sync>;

/// One kind in one region, and what was seen there last.
struct Region<K> {
    waits: AtomicUsize,
    /// Lists are refused, for want of a permission for instance: then each wait looks for itself.
    refused: AtomicBool,
    last: tokio::sync::Mutex<Seen<K>>,
}

struct Seen<K> {
    at: Option<Instant>,
    /// How many requests a list takes.
    pages: usize,
    list: Listed<K>,
}

enum Listed<K> {
    /// The list cannot be had, for reasons that reading one object does not share: it takes too long, or one of
    /// the objects in it cannot be understood.
    Unreadable,
    /// The server said no.
    Failed(Error),
    Read {
        began: Instant,
        objects: HashMap<String, K>,
    },
}

impl<K> Default for Region<K> {
    fn default() -> Self {
        let seen = Seen { at: None, pages: 0, list: Listed::Unreadable };
        Self {
            waits: AtomicUsize::new(0),
            refused: AtomicBool::new(false),
            last: tokio::sync::Mutex::new(seen),
        }
    }
}

/// How long a list may take before looks go on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl SharedPolls {
    pub(crate) fn new(tick: Duration) -> Self {
        Self { tick: tick.max(Duration::from_millis(1)), regions: Mutex::default() }
    }

    /// Takes part in the polls of a region until the result is dropped.
    pub(crate) fn join<K: Kind>(&self, location: &Location) -> Membership<K> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || -> AnyRegion { Arc::new(Region::<K>::default()) };
        let region = regions.entry((K::KIND, location.clone())).or_insert_with(new).clone();
        // Only two kinds of one name would not be of one type: then each polls for itself.
        let region = region.downcast::<Region<K>>().unwrap_or_default();
        region.waits.fetch_add(1, Ordering::Relaxed);
        Membership { region, tick: self.tick, joined: Instant::now(), judged: Mutex::new(None) }
    }
}

/// A wait that takes part.
pub(crate) struct Membership<K> {
    region: Arc<Region<K>>,
    tick: Duration,
    joined: Instant,
    /// When the list was made that this wait knows already.
    judged: Mutex<Option<Instant>>,
}

impl<K: Kind> Membership<K> {
    /// One look, at most a tick old, never older than the wait (what was listed before may be another object of the
    /// same name), and at no list twice: what a wait sees several times was there several times. An object that a
    /// list does not have is read by itself: only that answer says that there is none.
    pub(crate) async fn look<C: ReadApi<K>>(&self, api: &C, reference: &ResourceRef<K>) -> Result<K, Error> {
        match self.listed(api, reference).await? {
            Some(found) => Ok(found),
            None => api.get(reference).await,
        }
    }

    async fn listed<C: ReadApi<K>>(&self, api: &C, reference: &ResourceRef<K>) -> Result<Option<K>, Error> {
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
                self.region.list(api, &reference.location, &mut last).await;
                self.judge(last.at);
            } else if self.judge(last.at) {
                drop(last);
                tokio::time::sleep(next).await;
                continue;
            }
            return match &last.list {
                Listed::Failed(error) => Err(echo(error)),
                Listed::Read { began, objects } if *began >= self.joined => {
                    Ok(objects.get(reference.name.as_ref()).cloned())
                }
                Listed::Read { .. } | Listed::Unreadable => Ok(None),
            };
        }
    }

    /// Takes note of a list, and says whether it was known.
    fn judge(&self, list: Option<Instant>) -> bool {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *judged, list) == list
    }
}

impl<K: Kind> Region<K> {
    /// Makes a new list.
    async fn list<C: ReadApi<K>>(&self, api: &C, location: &Location, last: &mut Seen<K>) {
        let began = Instant::now();
        last.list = match tokio::time::timeout(PATIENCE, list(api, location)).await {
            Ok(Ok((pages, objects))) => {
                last.pages = pages;
                Listed::Read { began, objects }
            }
            Err(_) => Listed::Unreadable,
            Ok(Err(error)) if error.kind() == ErrorKind::Decode => Listed::Unreadable,
            Ok(Err(error)) if error.is_retryable() || error.is_unauthenticated() => Listed::Failed(error),
            Ok(Err(_)) => {
                self.refused.store(true, Ordering::Relaxed);
                Listed::Unreadable
            }
        };
        last.at = Some(Instant::now());
    }
}

impl<K> Drop for Membership<K> {
    fn drop(&mut self) {
        self.region.waits.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<K> fmt::Debug for Membership<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").finish_non_exhaustive()
    }
}

/// All objects of a region by name, and how many requests that took.
async fn list<K: Kind, C: ReadApi<K>>(
    api: &C,
    location: &Location,
) -> Result<(usize, HashMap<String, K>), Error> {
    let (mut objects, mut pages) = (HashMap::new(), Pages::new(&ListOptions::default()));
    // A list that leads back to a page that was read ends there: waits read what it does not have.
    while let Ok(Some(options)) = pages.next() {
        let page = api.list(location, &options).await?;
        let named =
            pages.turn(page).into_iter().filter_map(|object| Some((object.name()?.to_owned(), object)));
        objects.extend(named);
    }
    Ok((pages.count(), objects))
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
