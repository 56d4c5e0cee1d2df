//! The faults that are active.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use run_api::methods::Method;
use serde::Serialize;

use super::fault::{Fault, FaultKind, covers};
use crate::store::Scope;

/// The faults of one running emulator. A clone is another handle to the same.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use run_emulator::{Emulator, Fault, FaultKind};
///
/// let emulator = Emulator::builder().start().await?;
/// let faults = emulator.faults();
/// faults.add(Fault::new(FaultKind::Unavailable).on("get_service").times(1));
/// let client = run_api::Client::builder()
///     .endpoint(run_api::Endpoint::emulator(&emulator.url())?)
///     .project("my-project")
///     .region("us-central1")
///     .build()?;
/// let hello = client.service("hello")?;
/// assert!(client.get_service(&hello).await.unwrap_err().is_unavailable());
/// assert!(client.get_service(&hello).await.unwrap_err().is_not_found());
/// assert_eq!(faults.active()[0].hits, 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Registry>>);

#[derive(Debug, Default)]
struct Registry {
    issued: u64,
    rules: Vec<ActiveFault>,
}

/// A fault that was added and not removed since.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveFault {
    /// By which it can be removed.
    pub id: u64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many requests matched, those among them that were spared.
    pub seen: u32,
    /// How many requests were struck.
    pub hits: u32,
}

impl ActiveFault {
    /// Whether it strikes no more.
    fn is_spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.hits >= times)
    }
}

impl Faults {
    /// Adds a fault and returns the id by which it can be removed. Of several that match a request, the first added
    /// one strikes.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut registry = self.lock();
        registry.issued += 1;
        let id = registry.issued;
        registry.rules.push(ActiveFault { id, fault, seen: 0, hits: 0 });
        id
    }

    /// Removes a fault; false if there is none with this id.
    pub fn remove(&self, id: u64) -> bool {
        let mut registry = self.lock();
        let before = registry.rules.len();
        registry.rules.retain(|rule| rule.id != id);
        registry.rules.len() < before
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// All faults that were added and not removed, the spent ones among them, in their order.
    #[must_use]
    pub fn active(&self) -> Vec<ActiveFault> {
        self.lock().rules.clone()
    }

    /// The fault that strikes a request, if any does, with its label.
    pub(crate) fn strike(&self, method: &Method, scope: &Scope, name: &str) -> Option<(String, FaultKind)> {
        let mut struck = None;
        for rule in &mut self.lock().rules {
            if !matches(&rule.fault, method, scope, name) {
                continue;
            }
            rule.seen = rule.seen.saturating_add(1);
            if struck.is_none() && rule.seen > rule.fault.after && !rule.is_spent() {
                rule.hits = rule.hits.saturating_add(1);
                struck = Some((rule.fault.label().to_owned(), rule.fault.fault.clone()));
            }
        }
        struck
    }

    /// Whether what is written now may have to be read as it was before.
    pub(crate) fn remembers(&self) -> bool {
        self.lock().rules.iter().any(|rule| rule.fault.fault == FaultKind::StaleRead && !rule.is_spent())
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn matches(fault: &Fault, method: &Method, scope: &Scope, name: &str) -> bool {
    let collection = method.id.rsplit('.').nth(1).unwrap_or_default();
    fault.on.as_ref().is_none_or(|pattern| covers(pattern, method.operation.as_str()))
        && fault.collection.as_ref().is_none_or(|wanted| wanted == collection)
        && fault.of.as_ref().is_none_or(|wanted| wanted == name)
        && fault.region.as_ref().is_none_or(|wanted| wanted == scope.region_name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::methods;

    fn struck(faults: &Faults, operation: &str, name: &str) -> Option<String> {
        let scope = Scope::new(1, "p".to_owned(), crate::regions::find("us-central1"));
        faults.strike(methods::by_operation(operation).unwrap(), &scope, name).map(|(label, _)| label)
    }

    #[test]
    fn the_first_that_matches_strikes_as_often_as_it_may() {
        let faults = Faults::default();
        faults.add(Fault::new(FaultKind::Conflict).on("replace_service").of("a").after(1).times(2));
        let second = faults.add(Fault::new(FaultKind::Unavailable).collection("services"));
        let outcomes: Vec<_> = (0..5).map(|_| struck(&faults, "replace_service", "a")).collect();
        let text: Vec<&str> = outcomes.iter().map(|label| label.as_deref().unwrap_or("-")).collect();
        assert_eq!(text, ["unavailable", "conflict", "conflict", "unavailable", "unavailable"]);
        assert_eq!(struck(&faults, "get_job", "a"), None);
        let counts: Vec<_> = faults.active().iter().map(|rule| (rule.seen, rule.hits)).collect();
        assert_eq!(counts, [(5, 2), (5, 3)]);
        assert!(faults.remove(second) && !faults.remove(second));
        assert_eq!(struck(&faults, "replace_service", "a"), None);
        faults.clear();
        assert_eq!(faults.active(), []);
    }
}
