//! What a caller wants changed in a service's traffic, and the plan of it.

use std::fmt;

use run_api::types::TrafficTarget;

use super::delta::TrafficDelta;
use super::{InvalidTraffic, TagChange, TagShares, Target, TrafficMap, TrafficShares, TrafficSplit};

/// A change of a service's traffic: tags first, then shares, as `gcloud run services update-traffic` does it.
///
/// Shares by tag are looked up after the tags have changed. Without shares the split stays as it is; without a
/// change of tags every tag stays on its target.
///
/// # Where this differs from gcloud
///
/// - A target that stands several times counts with the sum of its shares. gcloud scales with the share of the
///   last entry only: `a=50, a=30, b=20` with `c=10` becomes 54/36/10 there and 72/18/10 here.
/// - If the present list does not sum to 100 %, shares that assign all 100 % are accepted, and other shares are an error
///   with that advice. gcloud crashes on both. Tags alone are taken, as gcloud takes them.
/// - Where the fractions of two shares tie, gcloud's floating point breaks the tie by its error: `a=1, b=3, c=96` with
///   `d=40` becomes 0/2/58/40 there and 1/2/57/40 here, by exact arithmetic.
/// - Two tags of one target in shares by tag are an error; gcloud lets the last one win.
/// - A change that changes nothing leaves the list exactly as it is, order and empty entries included, so that
///   nothing has to be written. gcloud always writes.
///
/// ```
/// use run_api::types::TrafficTarget;
/// use run_ops::TrafficChange;
///
/// let present: Vec<TrafficTarget> = Vec::new(); // the latest revision has it all
/// let plan = TrafficChange::to_targets("hello-1=10".parse()?).plan(&present)?;
/// assert_eq!(plan.after().to_string(), "hello-1=10, LATEST=90");
/// assert_eq!(plan.to_string(), "hello-1: 0 % -> 10 %\nLATEST: 100 % -> 90 %");
/// # Ok::<(), run_ops::InvalidTraffic>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficChange {
    tags: TagChange,
    shares: Option<Wanted>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    OfTargets(TrafficShares),
    OfTags(TagShares),
}

impl TrafficChange {
    /// Everything to the latest ready revision, from now on.
    #[must_use]
    pub fn to_latest() -> Self {
        Self::to_targets(TrafficShares::all_to(Target::Latest))
    }

    /// Shares for some targets; the others keep the rest in their proportions.
    #[must_use]
    pub fn to_targets(shares: TrafficShares) -> Self {
        Self { shares: Some(Wanted::OfTargets(shares)), ..Self::default() }
    }

    /// Shares for the targets of some tags; the others keep the rest in their proportions.
    #[must_use]
    pub fn to_tags(shares: TagShares) -> Self {
        Self { shares: Some(Wanted::OfTags(shares)), ..Self::default() }
    }

    /// A change of tags alone.
    #[must_use]
    pub fn tags(tags: TagChange) -> Self {
        Self { tags, shares: None }
    }

    /// This change, and this change of tags before it.
    #[must_use]
    pub fn with_tags(mut self, tags: TagChange) -> Self {
        self.tags = tags;
        self
    }

    /// The targets that the change names.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let shares = match &self.shares {
            Some(Wanted::OfTargets(shares)) => Some(shares),
            _ => None,
        };
        shares
            .into_iter()
            .flat_map(|shares| shares.iter().map(|(target, _)| target))
            .chain(self.tags.set.values())
    }

    /// What the change makes of these traffic targets (`spec.traffic`). Pure.
    ///
    /// # Errors
    /// [`InvalidTraffic::NoneForTheRest`] if the shares are less than 100 % and no other target has any,
    /// [`InvalidTraffic::UnknownTag`], or what is wrong with the present list.
    pub fn plan(&self, present: &[TrafficTarget]) -> Result<TrafficPlan, InvalidTraffic> {
        let tagged =
            if self.tags == TagChange::default() { present.to_vec() } else { self.tags.apply(present) };
        let shares = match &self.shares {
            None => None,
            Some(Wanted::OfTargets(shares)) => Some(shares.clone()),
            Some(Wanted::OfTags(shares)) => Some(shares.resolve(&TrafficMap::of_targets(&tagged)?)?),
        };
        let targets = match shares {
            None => tagged,
            Some(shares) => {
                let split = match TrafficSplit::exactly(&shares) {
                    Some(split) => split,
                    None => TrafficSplit::of_targets(&tagged)?.assign(&shares)?,
                };
                split.to_targets(&tagged)
            }
        };
        let (before, after) = match (&self.shares, TrafficMap::of_targets(present)) {
            // Whoever made the shares may mend them: these are tags alone.
            (None, Err(InvalidTraffic::Present { .. })) => {
                (Some(TrafficMap::lenient(present)?), TrafficMap::lenient(&targets)?)
            }
            (_, before) => (before.ok(), TrafficMap::of_targets(&targets)?),
        };
        let targets = if before.as_ref() == Some(&after) { present.to_vec() } else { targets };
        Ok(TrafficPlan { before, after, targets })
    }
}

/// A planned change of a service's traffic. Displays as its differences, a line for each.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficPlan {
    before: Option<TrafficMap>,
    after: TrafficMap,
    targets: Vec<TrafficTarget>,
}

impl TrafficPlan {
    /// The traffic before; none if the present list makes no sense, see [`TrafficMap::of_targets`].
    #[must_use]
    pub fn before(&self) -> Option<&TrafficMap> {
        self.before.as_ref()
    }

    /// The traffic after.
    #[must_use]
    pub fn after(&self) -> &TrafficMap {
        &self.after
    }

    /// The list to write to `spec.traffic`: the present one if nothing changes.
    #[must_use]
    pub fn targets(&self) -> &[TrafficTarget] {
        &self.targets
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.as_ref() == Some(&self.after)
    }

    /// The differences; only the shares that will be there, if what was there made no sense.
    #[must_use]
    pub fn changes(&self) -> Vec<TrafficDelta> {
        match &self.before {
            Some(before) => before.changes_to(&self.after),
            None => {
                let none = super::Percent::default();
                let share = |(target, to): (&Target, _)| TrafficDelta::Share {
                    target: target.clone(),
                    from: none,
                    to,
                };
                self.after.shares().map(share).collect()
            }
        }
    }
}

impl fmt::Display for TrafficPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing to change");
        }
        for (at, change) in self.changes().iter().enumerate() {
            let newline = if at == 0 { "" } else { "\n" };
            write!(f, "{newline}{change}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
