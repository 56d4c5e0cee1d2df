//! From a split to the API's list of traffic targets.

use run_api::types::TrafficTarget;

use super::Target;
use super::split::{TrafficSplit, target_of};

impl TrafficSplit {
    /// The targets of a split, and those of the tags that are there: each tag stays on the target that it is on.
    ///
    /// The order is gcloud's: percentages by revision name with the latest last, then an entry for each tag. A tag
    /// whose target has no usable name stays as it is.
    #[must_use]
    pub fn to_targets(&self, present: &[TrafficTarget]) -> Vec<TrafficTarget> {
        let shares = self.iter().map(|(target, percent)| {
            let known = present.iter().find(|known| target_of(known).is_ok_and(|known| known == *target));
            let mut entry = TrafficTarget {
                percent: Some(i32::from(percent.get())),
                extra: known.map(|known| known.extra.clone()).unwrap_or_default(),
                ..TrafficTarget::default()
            };
            match target {
                Target::Revision(name) => entry.revision_name = Some(name.to_string()),
                Target::Latest => entry.latest_revision = Some(true),
            }
            entry
        });
        let tags = present
            .iter()
            .filter(|known| known.tag.as_deref().is_some_and(|tag| !tag.is_empty()))
            .map(|known| {
                let mut entry = known.clone();
                entry.percent = None;
                entry.url = None;
                entry
            });
        shares.chain(tags).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_stay_and_unknown_fields_too() {
        let present: Vec<TrafficTarget> = serde_json::from_value(json!([
            {"revisionName": "a", "percent": 60, "tag": "blue", "future": 1},
            {"latestRevision": true, "percent": 40, "url": "https://x"},
            {"latestRevision": true, "tag": "next"},
        ]))
        .unwrap();
        let split = TrafficSplit::of_targets(&present).unwrap().assign(&"b=50".parse().unwrap()).unwrap();
        assert_eq!(
            serde_json::to_value(split.to_targets(&present)).unwrap(),
            json!([
                {"revisionName": "a", "percent": 30, "future": 1},
                {"revisionName": "b", "percent": 50},
                {"latestRevision": true, "percent": 20},
                {"revisionName": "a", "tag": "blue", "future": 1},
                {"latestRevision": true, "tag": "next"},
            ])
        );
    }
}
