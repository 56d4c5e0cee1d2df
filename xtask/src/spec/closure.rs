//! Which schemas a document needs, and which of them a caller can write.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::discovery::{Document, Schema};

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

/// The schemas that callers write, by Google's names: everything below the objects that are read, changed and sent
/// back, except `status` and read-only parts. They must keep unknown fields, or a read-modify-write would delete on
/// the server what this specification does not know.
///
/// # Errors
/// If a reference leads nowhere.
pub(super) fn writable(document: &Document) -> Result<BTreeSet<String>> {
    let wanted = roots(document).into_iter().map(|root| ("a writable object".to_owned(), root)).collect();
    close(&document.schemas, wanted, |name, schema| name != "status" && !schema.read_only)
}

/// What methods answer and methods take, as it is (`Service`) or in a field of the request (`policy`).
fn roots(document: &Document) -> BTreeSet<String> {
    let mut answered = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for method in document.methods() {
        answered.extend(method.response.iter().map(|body| body.reference.clone()));
        if let Some(body) = &method.request {
            let fields =
                document.schemas.get(&body.reference).into_iter().flat_map(|s| s.properties.values());
            taken.extend(fields.filter_map(|field| field.reference.clone()));
            taken.insert(body.reference.clone());
        }
    }
    answered.intersection(&taken).cloned().collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{discovery, inverse};

    #[test]
    fn the_objects_that_are_written() {
        let text = inverse::discovery_of(&inverse::committed()).to_string();
        let document = discovery::parse(&text).unwrap();
        let expected = ["DomainMapping", "Instance", "Job", "Policy", "Service", "WorkerPool"];
        assert_eq!(roots(&document).into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(writable(&document).unwrap().len(), 54);
    }
}
