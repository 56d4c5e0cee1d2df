//! Tags: names for revisions that become addresses of their own, without a share of the traffic.

use std::collections::{BTreeMap, BTreeSet};

use run_api::Tag;
use run_api::types::TrafficTarget;

use super::Target;

/// A change of a service's tags; percentages are never touched by it.
///
/// ```
/// use run_ops::{TagChange, Target};
///
/// let blue = run_api::Tag::new("blue")?;
/// let change = TagChange { set: [(blue, Target::revision("hello-1")?)].into(), ..TagChange::default() };
/// let targets = change.apply(&[]);
/// assert_eq!((targets[0].percent, targets[1].tag.as_deref()), (Some(100), Some("blue")));
/// # Ok::<(), run_api::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// Tags to put on a target, wherever they are now.
    pub set: BTreeMap<Tag, Target>,
    /// Tags to take away; those that are not there are no error.
    pub remove: BTreeSet<Tag>,
    /// Whether to take away all others, too.
    pub clear_others: bool,
}

impl TagChange {
    /// The targets with the tags changed.
    ///
    /// Tags that stay keep their entry as it is. A set tag gets an entry of its own, without a percentage, at
    /// the end and in the order of the tags, as gcloud writes it.
    #[must_use]
    pub fn apply(&self, present: &[TrafficTarget]) -> Vec<TrafficTarget> {
        let leaves = |tag: &str| {
            let named = |known: &Tag| known.as_str() == tag;
            self.clear_others || self.remove.iter().any(named) || self.set.keys().any(named)
        };
        let mut targets: Vec<TrafficTarget> = present.to_vec();
        if targets.is_empty() {
            targets.push(TrafficTarget {
                latest_revision: Some(true),
                percent: Some(100),
                ..TrafficTarget::default()
            });
        }
        for target in &mut targets {
            if target.tag.as_deref().is_some_and(leaves) {
                target.tag = None;
                target.url = None;
            }
        }
        targets.retain(|target| target.tag.is_some() || target.percent.unwrap_or(0) > 0);
        targets.extend(self.set.iter().map(|(tag, target)| {
            let mut entry = TrafficTarget { tag: Some(tag.to_string()), ..TrafficTarget::default() };
            match target {
                Target::Revision(name) => entry.revision_name = Some(name.to_string()),
                Target::Latest => entry.latest_revision = Some(true),
            }
            entry
        }));
        targets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn apply(set: &[(&str, &str)], remove: &[&str], clear_others: bool) -> Value {
        let present: Vec<TrafficTarget> = serde_json::from_value(json!([
            {"revisionName": "a", "percent": 60, "tag": "blue"},
            {"latestRevision": true, "percent": 40},
            {"revisionName": "b", "tag": "old"},
        ]))
        .unwrap();
        let tag = |name: &str| Tag::new(name).unwrap();
        let change = TagChange {
            set: set.iter().map(|(name, target)| (tag(name), target.parse().unwrap())).collect(),
            remove: remove.iter().map(|name| tag(name)).collect(),
            clear_others,
        };
        serde_json::to_value(change.apply(&present)).unwrap()
    }

    #[test]
    fn changes() {
        let (a, latest) =
            (json!({"revisionName": "a", "percent": 60}), json!({"latestRevision": true, "percent": 40}));
        let (blue, old) = (
            json!({"revisionName": "a", "percent": 60, "tag": "blue"}),
            json!({"revisionName": "b", "tag": "old"}),
        );
        assert_eq!(apply(&[], &[], false), json!([blue, latest, old]), "nothing asked, nothing changed");
        assert_eq!(apply(&[], &["blue"], false), json!([a, latest, old]));
        assert_eq!(apply(&[], &["old", "unheard"], false), json!([blue, latest]), "an empty entry goes");
        assert_eq!(apply(&[], &[], true), json!([a, latest]));
        let moved = json!({"latestRevision": true, "tag": "blue"});
        assert_eq!(apply(&[("blue", "LATEST")], &[], false), json!([a, latest, old, moved]));
        let new = json!({"revisionName": "c", "tag": "new"});
        assert_eq!(apply(&[("new", "c")], &[], true), json!([a, latest, new]));
    }
}
