//! Who wrote a change.

use run_api::Workload;
use run_api::known::annotations::{CLIENT_NAME, CLIENT_VERSION};
use serde_json::Value;

use super::place::Level;

/// Notes the client on what was changed.
pub(super) fn sign<W: Workload>(before: &W, after: &mut W, name: &str, version: &str) {
    let mut levels = vec![Level::Object];
    if template(before) != template(after) {
        levels.push(Level::Template);
    }
    for level in levels {
        level.annotate(after, CLIENT_NAME, Some(name));
        level.annotate(after, CLIENT_VERSION, Some(version));
    }
}

/// What revisions and executions are made from. An instance has no template besides itself.
fn template<W: Workload>(workload: &W) -> Option<Value> {
    serde_json::to_value(workload).ok()?.pointer("/spec/template").cloned()
}
