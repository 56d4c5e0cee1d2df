//! What is wrong with a service's traffic, and the traffic that mends it.

use std::fmt;

use run_api::types::{Service, TrafficTarget};
use run_api::{Resource, Tag};

use super::state::{RevisionState, RevisionStates, is_unable};
use crate::{
    InvalidTraffic, Percent, ServiceView, TagChange, Target, TrafficChange, TrafficMap, TrafficPlan,
};
use crate::{TrafficDelta, TrafficShares};

/// Where the share of a revision that cannot serve shall go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mend {
    /// To what serves now: the split in force becomes the one that is asked for, so that no request goes
    /// elsewhere than before. A share of `LATEST` in it stays one, unless a later revision has got ready since. If
    /// nothing serves, to the latest ready revision, or else to `LATEST`.
    #[default]
    KeepServing,
    /// As [`KeepServing`](Self::KeepServing), and if the newest revision failed, `LATEST` is pinned to the
    /// revision that serves in its place. The service gets ready again; later deployments get no traffic until
    /// it follows the latest again.
    PinServing,
    /// To `LATEST`, all of it: whatever revision is the latest ready one, now and later.
    FollowLatest,
}

/// Something that is wrong with the traffic that a service asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrafficProblem {
    /// A revision with a share cannot serve.
    Share {
        /// The revision.
        revision: String,
        /// Its share.
        percent: Percent,
        /// Why it cannot serve.
        state: RevisionState,
    },
    /// A revision with a tag cannot serve.
    Tag {
        /// The tag.
        tag: Tag,
        /// The revision.
        revision: String,
        /// Why it cannot serve.
        state: RevisionState,
    },
    /// `LATEST` has traffic or a tag, and the newest revision failed. The ones before keep serving, and the next
    /// revision that gets ready mends it.
    Latest {
        /// The newest revision.
        revision: String,
        /// Why it cannot serve.
        state: RevisionState,
    },
    /// The list itself is not one that the server accepts.
    List {
        /// What is wrong with it.
        error: InvalidTraffic,
    },
}

/// What is wrong with a service's traffic, and the plan to mend it. Displays as both, a line for each item.
#[derive(Clone, Debug, PartialEq)]
pub struct RepairPlan {
    problems: Vec<TrafficProblem>,
    remaining: Vec<TrafficProblem>,
    traffic: TrafficPlan,
}

impl RepairPlan {
    /// Plans the repair of a service, given the states of the revisions that its traffic names, those that
    /// serve, and the newest. Pure.
    ///
    /// Revisions that are not among the states are taken for able. Tags of revisions that cannot serve are
    /// taken away; all others stay on their revisions.
    ///
    /// # Errors
    /// If the list of targets has names that are not valid; the server never stores such a list.
    ///
    /// ```
    /// use run_ops::{Mend, RepairPlan, RevisionState, RevisionStates};
    ///
    /// let service = serde_json::from_value(serde_json::json!({
    ///     "spec": {"traffic": [{"revisionName": "hello-bad", "percent": 100}]},
    ///     "status": {"traffic": [{"revisionName": "hello-1", "percent": 100}]},
    /// }))?;
    /// let states = RevisionStates::from([("hello-bad".to_owned(), RevisionState::of(None))]);
    /// let plan = RepairPlan::of(&service, &states, Mend::KeepServing)?;
    /// assert_eq!((plan.problems().len(), plan.remaining().len()), (1, 0));
    /// assert_eq!(plan.traffic().after().to_string(), "hello-1=100");
    /// assert!(!plan.is_empty() && !plan.changes().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(service: &Service, states: &RevisionStates, mend: Mend) -> Result<Self, InvalidTraffic> {
        let states = &to_come(service, states);
        let desired = service.desired_traffic();
        let problems = problems(service, desired, states)?;
        let floats = problems.iter().any(|problem| matches!(problem, TrafficProblem::Latest { .. }));
        let shares_fail = problems
            .iter()
            .any(|problem| matches!(problem, TrafficProblem::Share { .. } | TrafficProblem::List { .. }));
        let remove = problems.iter().filter_map(|problem| match problem {
            TrafficProblem::Tag { tag, .. } => Some(tag.clone()),
            _ => None,
        });
        let mut tags = TagChange { remove: remove.collect(), ..TagChange::default() };
        let pins = mend == Mend::PinServing && floats;
        // Nor may a split that did not float begin to, while the newest revision cannot serve.
        let newest_unable = service.latest_created_revision().is_some_and(|name| is_unable(states, name));
        let by_name = pins || (newest_unable && !floats);
        let change = match mend {
            Mend::FollowLatest if shares_fail => TrafficChange::to_latest(),
            _ if shares_fail || (pins && latest_has_share(desired)) => {
                TrafficChange::to_targets(serving(service, states, by_name)?)
            }
            _ => TrafficChange::default(),
        };
        if pins {
            tags.set.extend(pinned_tags(service, states)?);
        }
        let traffic = change.with_tags(tags).plan(desired)?;
        let remaining = self::problems(service, traffic.targets(), states)?;
        Ok(Self { problems, remaining, traffic })
    }

    /// What is wrong.
    #[must_use]
    pub fn problems(&self) -> &[TrafficProblem] {
        &self.problems
    }

    /// What will still be wrong after the repair: [`TrafficProblem::Latest`], unless it is to be pinned.
    #[must_use]
    pub fn remaining(&self) -> &[TrafficProblem] {
        &self.remaining
    }

    /// The change of the traffic.
    #[must_use]
    pub fn traffic(&self) -> &TrafficPlan {
        &self.traffic
    }

    /// Whether nothing needs to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.traffic.is_empty()
    }

    /// The differences that the repair makes.
    #[must_use]
    pub fn changes(&self) -> Vec<TrafficDelta> {
        self.traffic.changes()
    }
}

fn problems(
    service: &Service,
    targets: &[TrafficTarget],
    states: &RevisionStates,
) -> Result<Vec<TrafficProblem>, InvalidTraffic> {
    let map = match TrafficMap::of_targets(targets) {
        Ok(map) => map,
        Err(error @ InvalidTraffic::Present { .. }) => return Ok(vec![TrafficProblem::List { error }]),
        Err(error) => return Err(error),
    };
    let unable = |target: &Target| match target {
        Target::Revision(name) => {
            let state = states.get(name.as_str()).filter(|state| state.is_unable())?;
            Some((name.to_string(), state.clone()))
        }
        Target::Latest => None,
    };
    let shares = map.shares().filter_map(|(target, percent)| {
        unable(target).map(|(revision, state)| TrafficProblem::Share { revision, percent, state })
    });
    let tags = map.tags().filter_map(|(tag, target)| {
        unable(target).map(|(revision, state)| TrafficProblem::Tag { tag: tag.clone(), revision, state })
    });
    let newest =
        service.latest_created_revision().filter(|_| map.targets().any(|target| *target == Target::Latest));
    let latest = newest.and_then(|name| {
        let state = states.get(name).filter(|state| state.is_unable())?;
        Some(TrafficProblem::Latest { revision: name.to_owned(), state: state.clone() })
    });
    Ok(shares.chain(tags).chain(latest).collect())
}

fn latest_has_share(targets: &[TrafficTarget]) -> bool {
    TrafficMap::of_targets(targets).is_ok_and(|map| !map.is_pinned())
}

/// The shares of what serves now, without what cannot serve; `LATEST` by name if it shall be pinned.
fn serving(service: &Service, states: &RevisionStates, pin: bool) -> Result<TrafficShares, InvalidTraffic> {
    let able = |target: &&TrafficTarget| {
        let name = target.revision_name.as_deref();
        target.percent.unwrap_or(0) > 0 && name.is_some_and(|name| !is_unable(states, name))
    };
    let mut observed: Vec<TrafficTarget> = service.observed_traffic().iter().filter(able).cloned().collect();
    let ready = service.latest_ready_revision();
    for target in &mut observed {
        target.tag = None;
        // One that stays with a revision that is no longer the latest ready one would move.
        if pin || target.revision_name.as_deref() != ready {
            target.latest_revision = None;
        }
    }
    // What does not sum to 100 without the unable is no split to keep, only a proportion.
    let whole = scaled(&mut observed);
    let targets = match TrafficMap::of_targets(&observed) {
        Ok(map) if whole => {
            map.shares().map(|(target, percent)| (target.clone(), percent)).collect::<Vec<_>>()
        }
        _ => {
            let ready = ready.filter(|name| !is_unable(states, name));
            let target = ready.map(Target::revision).transpose()?.unwrap_or(Target::Latest);
            vec![(target, Percent::ALL)]
        }
    };
    TrafficShares::new(targets)
}

/// Brings the percentages to 100 in all, in their proportions; false if there are none.
fn scaled(targets: &mut [TrafficTarget]) -> bool {
    let percents: Vec<u32> =
        targets.iter().map(|target| u32::try_from(target.percent.unwrap_or(0)).unwrap_or(0)).collect();
    if percents.iter().all(|percent| *percent == 0) {
        return false;
    }
    for (target, percent) in targets.iter_mut().zip(crate::service::traffic::apportion(100, &percents)) {
        target.percent = i32::try_from(percent).ok();
    }
    true
}

/// Tags on `LATEST` go to the revision that has them now.
fn pinned_tags(
    service: &Service,
    states: &RevisionStates,
) -> Result<impl Iterator<Item = (Tag, Target)>, InvalidTraffic> {
    let map = TrafficMap::of_targets(service.desired_traffic());
    let floating = map.iter().flat_map(|map| map.tags()).filter(|(_, target)| **target == Target::Latest);
    let mut pinned = Vec::new();
    for (tag, _) in floating {
        let entry =
            service.observed_traffic().iter().find(|target| target.tag.as_deref() == Some(tag.as_str()));
        let now = entry.and_then(|target| target.revision_name.as_deref());
        let able = |name: &&str| !is_unable(states, name);
        if let Some(name) = [now, service.latest_ready_revision()].into_iter().flatten().find(able) {
            pinned.push((tag.clone(), Target::revision(name)?));
        }
    }
    Ok(pinned.into_iter())
}

/// The states, where a revision is not missing that the service is about to make: a deployment under way may name
/// it in the traffic before it is there.
fn to_come(service: &Service, states: &RevisionStates) -> RevisionStates {
    let mut states = states.clone();
    let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref()?.metadata.as_ref());
    let named = template.and_then(|metadata| metadata.name.as_deref());
    let observed = service.generation().is_none() || service.observed_generation() == service.generation();
    if let Some(state) = named.filter(|_| !observed).and_then(|name| states.get_mut(name))
        && *state == RevisionState::Missing
    {
        *state = RevisionState::Deploying;
    }
    states
}

impl fmt::Display for RevisionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Able => f.write_str("can serve"),
            Self::Deploying => f.write_str("is being deployed"),
            Self::Failed { reason: Some(reason) } => write!(f, "failed ({reason})"),
            Self::Failed { reason: None } => f.write_str("failed"),
            Self::Missing => f.write_str("does not exist"),
        }
    }
}

impl fmt::Display for TrafficProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { revision, percent, state } => write!(f, "{revision} has {percent} % and {state}"),
            Self::Tag { tag, revision, state } => write!(f, "{revision} has the tag {tag} and {state}"),
            Self::Latest { revision, state } => {
                write!(f, "{revision}, the newest, {state}: LATEST stays with the revision before")
            }
            Self::List { error } => error.fmt(f),
        }
    }
}

impl fmt::Display for RepairPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        for change in self.changes() {
            writeln!(f, "change: {change}")?;
        }
        match (self.problems.is_empty(), self.remaining.is_empty()) {
            (true, _) => f.write_str("nothing is wrong with the traffic"),
            (false, true) => write!(f, "after: {}", self.traffic.after()),
            (false, false) => {
                write!(f, "after: {} (not mended: {})", self.traffic.after(), self.remaining.len())
            }
        }
    }
}

#[cfg(test)]
mod tests;
