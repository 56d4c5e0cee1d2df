//! What a failed deployment left behind.

use std::collections::BTreeMap;
use std::fmt;

use run_api::types::{Service, TrafficTarget};

use crate::ServiceView;

/// The state in which a failure left the service: what serves now, and what will go wrong next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftBehind {
    /// The revisions that get requests now, each with its share in percent; those of tags have 0.
    pub serving: BTreeMap<String, i32>,
    /// Whether revisions other than the failed one serve all requests, as before.
    pub previous_serves: bool,
    /// Revisions that `spec.traffic` names and that cannot serve: the next deployment fails over them, too.
    pub unable_in_spec: Vec<String>,
    /// Whether the next revision that gets ready takes the share of `LATEST`, in percent; 0 if nothing waits.
    pub latest_waits: i32,
}

impl LeftBehind {
    /// What a service shows, given the revisions that are known to be unable to serve.
    pub(super) fn of(service: &Service, unable: &[String]) -> Self {
        let mut serving = BTreeMap::new();
        for target in service.observed_traffic() {
            if let Some(name) = &target.revision_name {
                let share: &mut i32 = serving.entry(name.clone()).or_default();
                *share = share.saturating_add(target.percent.unwrap_or(0));
            }
        }
        let good = |(name, percent): (&String, &i32)| if unable.contains(name) { 0 } else { *percent };
        let named = |target: &TrafficTarget| target.revision_name.clone();
        let mut unable_in_spec: Vec<String> =
            service.desired_traffic().iter().filter_map(named).filter(|name| unable.contains(name)).collect();
        unable_in_spec.sort();
        unable_in_spec.dedup();
        let latest = service.latest_created_revision().is_some_and(|name| unable.iter().any(|it| it == name));
        let floats = |target: &&TrafficTarget| target.revision_name.is_none();
        let floating = service.desired_traffic().iter().filter(floats).filter_map(|target| target.percent);
        let floating = floating.fold(0, i32::saturating_add);
        let latest_waits = match service.desired_traffic() {
            [] if latest => 100,
            _ if latest => floating,
            _ => 0,
        };
        Self {
            previous_serves: serving.iter().map(good).fold(0, i32::saturating_add) == 100,
            serving,
            unable_in_spec,
            latest_waits,
        }
    }
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serving: Vec<String> = self
            .serving
            .iter()
            .filter(|(_, percent)| **percent > 0)
            .map(|(name, percent)| format!("{name} {percent} %"))
            .collect();
        match (serving.is_empty(), self.previous_serves) {
            (true, _) => f.write_str("nothing serves")?,
            (false, true) => write!(f, "still serving: {}", serving.join(", "))?,
            (false, false) => write!(f, "serving: {}", serving.join(", "))?,
        }
        if !self.unable_in_spec.is_empty() {
            write!(f, "\nits traffic names what cannot serve: {}", self.unable_in_spec.join(", "))?;
        }
        if self.latest_waits > 0 {
            write!(f, "\nthe next revision that gets ready takes {} %", self.latest_waits)?;
        }
        Ok(())
    }
}
