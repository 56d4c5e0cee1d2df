//! The comparison itself.

use std::collections::BTreeSet;

use run_api::Quantity;
use run_api::known::{annotations, labels};
use serde_json::Value;

use super::change::Change;
use crate::WRITE_IDS_ANNOTATION;

/// What the server or clients keep on an object for themselves.
const NEVER: [&str; 10] = [
    "status",
    "apiVersion",
    "kind",
    "metadata.creationTimestamp",
    "metadata.generation",
    // The server answers with the number where the id was sent.
    "metadata.namespace",
    "metadata.resourceVersion",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.ownerReferences",
];

/// Annotations and labels of the same sort.
const NEVER_NOTED: [&str; 9] = [
    annotations::CREATOR,
    annotations::LAST_MODIFIER,
    annotations::RUN_CREATOR,
    annotations::RUN_LAST_MODIFIER,
    annotations::OPERATION_ID,
    annotations::INGRESS_STATUS,
    annotations::URLS,
    labels::LAST_UPDATED_TIME,
    WRITE_IDS_ANNOTATION,
];

/// Notes that count only if the wanted object has them.
const NOTED_IF_WANTED: [&str; 3] = [labels::NONCE, annotations::CLIENT_NAME, annotations::CLIENT_VERSION];

/// The template's name, which counts only if the wanted object has it.
const TEMPLATE_NAME: &str = "spec.template.metadata.name";

/// Lists whose items have names, and the field with the name.
const NAMED: [(&str, &str); 7] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("env", "name"),
    ("volumes", "name"),
    ("volumeMounts", "mountPath"),
    ("items", "path"),
    ("conditions", "type"),
];

/// What every object has, down to its containers.
const SKELETON: [&str; 8] = [
    "",
    "metadata",
    "spec",
    "spec.template",
    "spec.template.metadata",
    "spec.template.spec",
    "spec.template.spec.template",
    "spec.template.spec.template.spec",
];

/// Containers stand by their names, also where all of them are new or gone.
fn is_named_list(path: &str) -> bool {
    path.rsplit('.').next() == Some("containers")
}

pub(super) fn changes(live: &Value, planned: &Value, wanted: &Value) -> Vec<Change> {
    let (mut live, mut planned) = (live.clone(), planned.clone());
    prune(&mut live, Some(wanted), "");
    prune(&mut planned, Some(wanted), "");
    let mut found = Vec::new();
    walk(Some(&live), Some(&planned), "", &mut found);
    found
}

/// Takes out what is no difference. None of it stands in lists.
fn prune(value: &mut Value, wanted: Option<&Value>, path: &str) {
    let Value::Object(fields) = value else { return };
    fields.retain(|key, field| {
        let below = join(path, key);
        let wanted = wanted.and_then(|wanted| wanted.get(key));
        let noted = is_map(path) && NEVER_NOTED.contains(&key.as_str());
        let if_wanted = (is_map(path) && NOTED_IF_WANTED.contains(&key.as_str())) || below == TEMPLATE_NAME;
        if NEVER.contains(&below.as_str()) || noted || (if_wanted && wanted.is_none()) {
            return false;
        }
        prune(field, wanted, &below);
        true
    });
}

fn walk(before: Option<&Value>, after: Option<&Value>, path: &str, found: &mut Vec<Change>) {
    match (before.filter(|value| !is_empty(value)), after.filter(|value| !is_empty(value))) {
        (None, None) => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                walk(before.get(key), after.get(key), &join(path, key), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => lists(before, after, path, found),
        // An object that is not there yet, or no more: its fields, and each container.
        (None, Some(Value::Object(after))) if SKELETON.contains(&path) => {
            after.iter().for_each(|(key, after)| walk(None, Some(after), &join(path, key), found));
        }
        (Some(Value::Object(before)), None) if SKELETON.contains(&path) => {
            before.iter().for_each(|(key, before)| walk(Some(before), None, &join(path, key), found));
        }
        (None, Some(Value::Array(after))) if is_named_list(path) => lists(&[], after, path, found),
        (Some(Value::Array(before)), None) if is_named_list(path) => lists(before, &[], path, found),
        (Some(before), Some(after)) if same(before, after, path) => {}
        (before, after) => {
            let (before, after) = (before.cloned(), after.cloned());
            found.push(Change { field: path.to_owned(), before, after });
        }
    }
}

/// Whether the keys of an object are data.
fn is_map(path: &str) -> bool {
    ["annotations", "labels", "limits", "requests", "nodeSelector"].iter().any(|map| path.ends_with(map))
}

fn join(path: &str, key: &str) -> String {
    match (path.is_empty(), is_map(path)) {
        (true, _) => key.to_owned(),
        (false, true) => format!("{path}[{key}]"),
        (false, false) => format!("{path}.{key}"),
    }
}

fn lists(before: &[Value], after: &[Value], path: &str, found: &mut Vec<Change>) {
    let list = path.rsplit('.').next().unwrap_or(path);
    let key = NAMED.iter().find(|(name, _)| *name == list).map(|(_, key)| *key);
    if let Some(key) = key.filter(|key| has_names(before, key) && has_names(after, key)) {
        let of = |items: &'_ [Value], one: &str| items.iter().position(|item| name(item, key) == Some(one));
        let names = before.iter().chain(after).filter_map(|item| name(item, key));
        let mut seen = BTreeSet::new();
        for one in names.filter(|name| seen.insert(*name)) {
            let (before, after) =
                (of(before, one).and_then(|at| before.get(at)), of(after, one).and_then(|at| after.get(at)));
            walk(before, after, &format!("{path}[{one}]"), found);
        }
        return;
    }
    for at in 0..before.len().max(after.len()) {
        walk(before.get(at), after.get(at), &format!("{path}[{at}]"), found);
    }
}

fn name<'a>(item: &'a Value, key: &str) -> Option<&'a str> {
    item.get(key)?.as_str().filter(|name| !name.is_empty())
}

/// Whether every item has a name of its own.
fn has_names(items: &[Value], key: &str) -> bool {
    let mut seen = BTreeSet::new();
    items.iter().all(|item| name(item, key).is_some_and(|name| seen.insert(name)))
}

/// What is empty is as good as absent, as it is for the server.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn same(before: &Value, after: &Value, path: &str) -> bool {
    if before == after {
        return true;
    }
    let is_amount = path.contains(".limits[") || path.contains(".requests[") || path.ends_with(".sizeLimit");
    match (before.as_str(), after.as_str()) {
        (Some(before), Some(after)) if is_amount => Quantity::same(before, after),
        (Some(before), Some(after)) if path.contains(".annotations[") => {
            // gcloud writes booleans with capitals.
            let is_switch = |text: &str| ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
            is_switch(before) && before.eq_ignore_ascii_case(after)
        }
        _ => false,
    }
}
