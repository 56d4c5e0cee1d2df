//! A service's traffic with every target once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use run_api::Tag;
use run_api::types::TrafficTarget;

use super::delta::TrafficDelta;
use super::split::target_of;
use super::{InvalidTraffic, Percent, Target, TrafficShares, TrafficSplit};

/// What a list of traffic targets means: the share of each target, and the target of each tag.
///
/// Two lists that mean the same are equal as maps, however their entries are ordered, split up or padded with
/// shares of 0 %. The text form has the targets in their order, each with its share and its tags:
/// `hello-00001-abc=90 #stable #blue, LATEST=10`.
///
/// ```
/// use run_ops::{Target, TrafficMap};
///
/// let map: TrafficMap = "a=60 #blue, b=0 #old, LATEST=40".parse()?;
/// assert_eq!(map.share(&Target::Latest).get(), 40);
/// assert_eq!(map.tagged(&run_api::Tag::new("old")?), Some(&Target::revision("b")?));
/// assert_eq!(map.to_string(), "a=60 #blue, b=0 #old, LATEST=40");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficMap {
    split: TrafficSplit,
    tags: BTreeMap<Tag, Target>,
}

impl TrafficMap {
    /// Normalises `spec.traffic` or `status.traffic`. No targets at all mean that the latest revision has
    /// everything, as they do for the server.
    ///
    /// # Errors
    /// If the targets do not sum to 100 %, a tag stands twice, or a name is not valid: the server accepts
    /// none of these.
    pub fn of_targets(targets: &[TrafficTarget]) -> Result<Self, InvalidTraffic> {
        let map = Self::lenient(targets)?;
        Ok(Self { split: TrafficSplit::of_targets(targets)?, ..map })
    }

    /// The same of a list that need not sum to 100 %.
    pub(super) fn lenient(targets: &[TrafficTarget]) -> Result<Self, InvalidTraffic> {
        let mut tags = BTreeMap::new();
        for target in targets {
            if let Some(tag) = target.tag.as_deref().filter(|tag| !tag.is_empty()) {
                let tag = Tag::new(tag)?;
                if tags.insert(tag.clone(), target_of(target)?).is_some() {
                    return Err(InvalidTraffic::TagTwice { tag });
                }
            }
        }
        let split = if targets.is_empty() {
            TrafficSplit::of_targets(targets)
        } else {
            TrafficSplit::lenient(targets)
        };
        Ok(Self { split: split?, tags })
    }

    /// The share of a target; 0 % if it has none.
    #[must_use]
    pub fn share(&self, target: &Target) -> Percent {
        self.split.share(target)
    }

    /// The target of a tag.
    #[must_use]
    pub fn tagged(&self, tag: &Tag) -> Option<&Target> {
        self.tags.get(tag)
    }

    /// The targets with a share, in their order. The shares sum to 100 %.
    pub fn shares(&self) -> impl Iterator<Item = (&Target, Percent)> {
        self.split.iter()
    }

    /// The tags in their order, each with its target.
    pub fn tags(&self) -> impl Iterator<Item = (&Tag, &Target)> {
        self.tags.iter()
    }

    /// Every target with a share or a tag, in order.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let targets: BTreeSet<&Target> =
            self.split.iter().map(|(target, _)| target).chain(self.tags.values()).collect();
        targets.into_iter()
    }

    /// Whether every share is pinned to a revision by its name, so that a new revision would get no traffic.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.share(&Target::Latest).is_zero()
    }

    /// What must change for this to become `after`: shares first, then tags, each in the order of their names.
    #[must_use]
    pub fn changes_to(&self, after: &Self) -> Vec<TrafficDelta> {
        let both: BTreeSet<&Target> = self.shares().chain(after.shares()).map(|(target, _)| target).collect();
        let shares = both.into_iter().filter_map(|target| {
            let (from, to) = (self.share(target), after.share(target));
            (from != to).then(|| TrafficDelta::Share { target: target.clone(), from, to })
        });
        let both: BTreeSet<&Tag> = self.tags.keys().chain(after.tags.keys()).collect();
        let tags = both.into_iter().filter_map(|tag| {
            let (from, to) = (self.tagged(tag), after.tagged(tag));
            (from != to).then(|| TrafficDelta::Tag { tag: tag.clone(), from: from.cloned(), to: to.cloned() })
        });
        shares.chain(tags).collect()
    }
}

impl fmt::Display for TrafficMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, target) in self.targets().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{target}={}", self.share(target))?;
            for (tag, _) in self.tags.iter().filter(|(_, tagged)| *tagged == target) {
                write!(f, " #{tag}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for TrafficMap {
    type Err = InvalidTraffic;

    fn from_str(text: &str) -> Result<Self, InvalidTraffic> {
        let mut tags = BTreeMap::new();
        let mut shares = Vec::new();
        for part in text.split(',') {
            let mut words = part.split_whitespace();
            let syntax = || InvalidTraffic::Syntax { text: part.trim().to_owned() };
            let share: TrafficShares = words.next().ok_or_else(syntax)?.parse()?;
            for word in words {
                let tag = Tag::new(word.strip_prefix('#').ok_or_else(syntax)?)?;
                let target = share.iter().next().map(|(target, _)| target.clone()).ok_or_else(syntax)?;
                if tags.insert(tag.clone(), target).is_some() {
                    return Err(InvalidTraffic::TagTwice { tag });
                }
            }
            shares.extend(share.iter().map(|(target, percent)| (target.clone(), percent)));
        }
        let shares = TrafficShares::new(shares)?;
        let sum = i64::from(shares.sum());
        let split = TrafficSplit::exactly(&shares).ok_or(InvalidTraffic::Present { sum })?;
        Ok(Self { split, tags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(targets: serde_json::Value) -> Result<TrafficMap, InvalidTraffic> {
        TrafficMap::of_targets(&serde_json::from_value::<Vec<_>>(targets).unwrap())
    }

    #[test]
    fn lists_that_mean_the_same_are_equal() {
        let map = of(json!([
            {"latestRevision": true, "percent": 40},
            {"revisionName": "a", "percent": 50, "tag": "blue"},
            {"revisionName": "a", "percent": 10},
            {"revisionName": "c", "percent": 0},
            {"revisionName": "b", "tag": "old"},
        ]))
        .unwrap();
        assert_eq!(map.to_string(), "a=60 #blue, b=0 #old, LATEST=40");
        assert_eq!(map, map.to_string().parse().unwrap());
        assert_eq!(of(json!([])).unwrap(), "LATEST=100".parse().unwrap());
    }

    #[test]
    fn the_floating_entry_of_a_status_is_the_latest_and_not_the_revision_it_names() {
        let map = of(json!([{"latestRevision": true, "revisionName": "a", "percent": 100}])).unwrap();
        assert_eq!(map.to_string(), "LATEST=100");
        assert!(!map.is_pinned());
    }

    #[test]
    fn what_no_server_accepts_is_refused() {
        let twice =
            json!([{"latestRevision": true, "percent": 100, "tag": "x"}, {"revisionName": "a", "tag": "x"}]);
        assert!(matches!(of(twice), Err(InvalidTraffic::TagTwice { .. })));
        assert!(matches!(
            of(json!([{"revisionName": "a", "tag": "x"}])),
            Err(InvalidTraffic::Present { sum: 0 })
        ));
        for text in ["", "a", "a=100 x", "a=100 #x #x", "a=99", "a=100 #-", "a=50,,b=50"] {
            assert!(text.parse::<TrafficMap>().is_err(), "{text}");
        }
    }
}
