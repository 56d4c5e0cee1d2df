//! Which schemas a document needs, and which of them a caller can write.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::discovery::{Document, Schema};

/// The objects that callers create and replace. What hangs off them must keep unknown fields, or
/// a read-modify-write would delete on the server what this specification does not know.
const WRITABLE_ROOTS: [&str; 6] = ["DomainMapping", "Instance", "Job", "Policy", "Service", "WorkerPool"];

/// The schemas that some method takes or answers, directly or not, by Google's names.
///
/// # Errors
/// If a reference leads nowhere.
pub(super) fn reachable(document: &Document) -> Result<BTreeSet<String>> {
    let mut wanted = Vec::new();
    for method in document.methods() {
        for body in [&method.request, &method.response].into_iter().flatten() {
            wanted.push((method.id.clone(), body.reference.clone()));
        }
    }
    close(&document.schemas, wanted, |_, _| true)
}

/// The schemas that callers write: everything below the writable roots except `status` and
/// read-only parts, by Google's names.
pub(super) fn writable(document: &Document) -> Result<BTreeSet<String>> {
    let roots = WRITABLE_ROOTS
        .iter()
        .filter(|root| document.schemas.contains_key(**root))
        .map(|root| ("a writable object".to_owned(), (*root).to_owned()))
        .collect();
    close(&document.schemas, roots, |name, schema| name != "status" && !schema.read_only)
}

/// Follows references from `wanted` (pairs of who asks and what for) through the properties that
/// `follow` accepts.
fn close(
    schemas: &BTreeMap<String, Schema>,
    mut wanted: Vec<(String, String)>,
    follow: impl Fn(&str, &Schema) -> bool,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    while let Some((asker, name)) = wanted.pop() {
        let Some(schema) = schemas.get(&name) else {
            bail!("`{asker}` refers to schema `{name}`, which the document does not have");
        };
        if !found.insert(name.clone()) {
            continue;
        }
        for (property, schema) in &schema.properties {
            if follow(property, schema) {
                let asker = format!("{name}.{property}");
                references(schema, &mut |to| wanted.push((asker.clone(), to.to_owned())));
            }
        }
    }
    Ok(found)
}

/// The references inside a property: its own, its items', its values'.
fn references(schema: &Schema, report: &mut dyn FnMut(&str)) {
    if let Some(to) = &schema.reference {
        report(to);
    }
    for inner in [&schema.items, &schema.additional_properties].into_iter().flatten() {
        references(inner, report);
    }
}
