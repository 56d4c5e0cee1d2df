//! Traffic targets.

use std::collections::BTreeSet;

use super::names;
use super::parts::Parts;
use super::violation::Violations;

/// (Documented, and Knative.)
pub(super) fn targets(parts: &Parts<'_>, found: &mut Violations) {
    for (at, target) in parts.traffic.iter().enumerate() {
        let field = |name: &str| format!("spec.traffic[{at}].{name}");
        if !(0..=100).contains(&target.percent.unwrap_or(0)) {
            found.add(field("percent"), "must be a number between 0 and 100");
        }
        if target.revision_name.is_some() && target.latest_revision == Some(true) {
            found.add(field("latestRevision"), "may not set revisionName together with latestRevision");
        }
        if target.revision_name.is_none() && target.latest_revision == Some(false) {
            found.add(field("revisionName"), "must set revisionName when latestRevision is false");
        }
        if target.revision_name.as_deref().is_some_and(|name| !names::is_label(name)) {
            found.add(field("revisionName"), "must be a valid revision name");
        }
        if target.configuration_name.is_some() {
            found.add(field("configurationName"), "must not be set");
        }
        if target.url.as_deref().is_some_and(|url| !url.is_empty()) {
            found.add(field("url"), "must not be set");
        }
    }
}

/// (Seen: a tag and the service's name have 46 characters together. With the hyphens between and the rest of the host
/// that is the longest label.)
const LONGEST: usize = 46;

/// (Knative: a DNS-1035 label; `latest` is allowed. Seen, with the field and the text: what is too long. Seen for v2: no
/// tag twice.)
pub(super) fn tags(parts: &Parts<'_>, found: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (at, target) in parts.traffic.iter().enumerate() {
        let Some(tag) = target.tag.as_deref() else { continue };
        let field = format!("spec.traffic[{at}].tag");
        if !names::is_label(tag) {
            found.add(field, format!("not a DNS 1035 label: '{tag}'"));
        } else if !seen.insert(tag) {
            found.add(field, format!("may not contain a duplicate tag: '{tag}'"));
        }
        if tag.len() + parts.name().len() > LONGEST {
            let name = parts.name();
            found.add(
                "spec.traffic.tag",
                format!(
                    "traffic tag '{tag}' and service name '{name}' together are too long. Combined traffic tag and \
                     service name cannot exceed {LONGEST} characters."
                ),
            );
        }
    }
}

/// (Seen for v2: the message ends with "should be 100".)
pub(super) fn sum(parts: &Parts<'_>, found: &mut Violations) {
    let sum: i64 = parts.traffic.iter().map(|target| i64::from(target.percent.unwrap_or(0))).sum();
    if !parts.traffic.is_empty() && sum != 100 {
        found.add("spec.traffic", format!("The sum of traffic percentages is {sum}, should be 100"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service, violations};
    use serde_json::{Value, json};

    fn fields(traffic: Value) -> Vec<String> {
        refused(&service(json!({"spec": {"traffic": traffic}})))
    }

    #[test]
    fn splits() {
        let none: [&str; 0] = [];
        assert_eq!(fields(json!([{"latestRevision": true, "percent": 100}])), none);
        assert_eq!(fields(json!([{"revisionName": "hello-1", "percent": 100}, {"tag": "latest"}])), none);
        assert_eq!(fields(json!([{"latestRevision": true, "percent": 99}])), ["spec.traffic"]);
        let bad = json!([{"latestRevision": true, "percent": 101}, {"revisionName": "a", "percent": -1}]);
        assert_eq!(fields(bad), ["spec.traffic[0].percent", "spec.traffic[1].percent"]);
        let both = json!([{"latestRevision": true, "revisionName": "a", "percent": 100}]);
        assert_eq!(fields(both), ["spec.traffic[0].latestRevision"]);
        let foreign = json!([{"configurationName": "a", "url": "http://x", "percent": 100}]);
        assert_eq!(fields(foreign), ["spec.traffic[0].configurationName", "spec.traffic[0].url"]);
    }

    #[test]
    fn tags() {
        let traffic =
            json!([{"latestRevision": true, "percent": 100, "tag": "a"}, {"tag": "a"}, {"tag": "A"}]);
        assert_eq!(fields(traffic), ["spec.traffic[1].tag", "spec.traffic[2].tag"]);
    }

    /// <https://github.com/PolicyEngine/policyengine-api/issues/3729>, <https://github.com/solana-foundation/tokens/issues/89>
    #[test]
    fn a_tag_and_the_name_are_not_too_long_together() {
        let with = |length: usize| {
            let traffic = json!([{"latestRevision": true, "percent": 100, "tag": "t".repeat(length)}]);
            violations(&service(json!({"spec": {"traffic": traffic}})))
        };
        assert_eq!(with(46 - "hello".len()), []);
        let tag = "t".repeat(42);
        let text = format!(
            "traffic tag '{tag}' and service name 'hello' together are too long. Combined traffic tag and service name \
             cannot exceed 46 characters."
        );
        assert_eq!(with(42), [("spec.traffic.tag".to_owned(), text)]);
    }
}
