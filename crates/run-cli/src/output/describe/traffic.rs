//! The traffic of a service: what is in force, and what is asked for where that is not in force yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use run_api::types::{Service, TrafficTarget};
use run_ops::ServiceView;

/// What a line is about: a revision by name, or the latest ready one, which stands at the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Revision(String),
    Latest,
}

#[derive(Debug, Default)]
struct Row<'a> {
    wanted: Option<i32>,
    observed: Option<i32>,
    /// By tag: its address, whether it is wanted, and whether it is there.
    tags: BTreeMap<&'a str, (&'a str, bool, bool)>,
}

/// A line for each revision, with the addresses of its tags below.
pub(crate) fn traffic(service: &Service) -> String {
    let wanted = service.spec.as_ref().map_or(&[][..], |spec| &spec.traffic);
    let mut rows: BTreeMap<Key, Row<'_>> = BTreeMap::new();
    let explicit: BTreeSet<&str> =
        wanted.iter().filter_map(|target| target.revision_name.as_deref()).collect();
    for target in wanted {
        let row = rows.entry(key(target)).or_default();
        *row.wanted.get_or_insert(0) += target.percent.unwrap_or(0);
        if let Some(tag) = target.tag.as_deref() {
            row.tags.entry(tag).or_default().1 = true;
        }
    }
    let latest = service.latest_ready_revision();
    for target in service.observed_traffic() {
        let mut key = key(target);
        // The server may say the name of what was asked for as the latest one.
        let is_latest = target.revision_name.as_deref() == latest && latest.is_some();
        if is_latest
            && latest.is_some_and(|latest| !explicit.contains(latest))
            && rows.contains_key(&Key::Latest)
        {
            key = Key::Latest;
        }
        let row = rows.entry(key).or_default();
        *row.observed.get_or_insert(0) += target.percent.unwrap_or(0);
        if let Some(tag) = target.tag.as_deref() {
            let entry = row.tags.entry(tag).or_default();
            (entry.0, entry.2) = (target.url.as_deref().unwrap_or_default(), true);
        }
    }
    write(&rows, latest)
}

fn key(target: &TrafficTarget) -> Key {
    match (&target.revision_name, target.latest_revision) {
        (_, Some(true)) | (None, _) => Key::Latest,
        (Some(name), _) => Key::Revision(name.clone()),
    }
}

fn write(rows: &BTreeMap<Key, Row<'_>>, latest: Option<&str>) -> String {
    let share =
        |percent: Option<i32>| percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent}%"));
    let shares: Vec<String> = rows
        .values()
        .map(|row| match row.wanted == row.observed {
            true => share(row.wanted),
            false => format!("{:4} (currently {})", share(row.wanted), share(row.observed)),
        })
        .collect();
    let label = |tag: &str, is_wanted: bool, is_there: bool| match (is_wanted, is_there) {
        (true, false) => format!("{tag} (Adding):"),
        (false, true) => format!("{tag} (Deleting):"),
        _ => format!("{tag}:"),
    };
    let width = shares.iter().map(|share| share.chars().count()).max().unwrap_or(0);
    let tags = rows.values().flat_map(|row| &row.tags);
    let tag_width =
        tags.map(|(tag, (_, wanted, there))| label(tag, *wanted, *there).len()).max().unwrap_or(0);
    let mut text = String::new();
    for ((key, row), share) in rows.iter().zip(&shares) {
        let name = match key {
            Key::Revision(name) => name.clone(),
            Key::Latest => format!("LATEST (currently {})", latest.unwrap_or("-")),
        };
        let _ = writeln!(text, "  {share:width$} {name}");
        for (tag, (url, is_wanted, is_there)) in &row.tags {
            // Two to the right of the names.
            let label = label(tag, *is_wanted, *is_there);
            let line = format!("{:indent$}{label:tag_width$} {url}", "", indent = width + 5);
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    if text.is_empty() { "  (none yet)\n".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(spec: serde_json::Value, status: serde_json::Value) -> String {
        let service = json!({
            "spec": {"traffic": spec},
            "status": {"traffic": status, "latestReadyRevisionName": "c"},
        });
        traffic(&serde_json::from_value(service).unwrap())
    }

    #[test]
    fn what_is_in_force_and_what_is_asked_for() {
        let both = json!([
            {"latestRevision": true, "percent": 40},
            {"revisionName": "a", "percent": 60, "tag": "t", "url": "http://t"},
            {"revisionName": "b", "tag": "longer", "url": "http://l"},
        ]);
        assert_eq!(
            shown(both.clone(), both),
            "  60% a\n        t:      http://t\n  0%  b\n        longer: http://l\n  40% LATEST (currently c)\n"
        );
        assert_eq!(
            shown(json!([{"latestRevision": true, "percent": 100}]), json!([])),
            "  100% (currently -) LATEST (currently c)\n"
        );
        assert_eq!(
            shown(
                json!([{"revisionName": "a", "percent": 100}, {"revisionName": "a", "tag": "new"}]),
                json!([{"revisionName": "b", "percent": 100, "tag": "old", "url": "u"}]),
            ),
            "  100% (currently -)    a\n                          new (Adding):\n  -    (currently 100%) b\n                          old (Deleting): u\n"
        );
        // The server names what was asked for as the latest one.
        assert_eq!(
            shown(
                json!([{"latestRevision": true, "percent": 100}]),
                json!([{"revisionName": "c", "percent": 100}])
            ),
            "  100% LATEST (currently c)\n"
        );
        assert_eq!(shown(json!([]), json!([])), "  (none yet)\n");
    }
}
