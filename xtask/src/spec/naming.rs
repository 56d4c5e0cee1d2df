//! From Google's names to ours: types, operations, path parameters.
//!
//! Everything follows from rules, so that a method of a later document gets a good name without
//! anybody adding it to a table. Only what no rule can know is listed: where compound words that
//! Google writes as one are to be split.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

/// Compound words of resource names, written together by Google.
const COMPOUNDS: [(&str, [&str; 2]); 3] = [
    ("authorizeddomain", ["authorized", "domain"]),
    ("domainmapping", ["domain", "mapping"]),
    ("workerpool", ["worker", "pool"]),
];

/// Names that run-api's own types have, and what the model is called instead.
const TAKEN: [(&str, &str); 1] = [("Location", "LocationInfo")];

/// The Rust name for a schema: without the prefixes that name Google's packages, and with
/// acronyms cased as Rust has them (`GoogleCloudRunV1Condition` → `Condition`,
/// `HTTPGetAction` → `HttpGetAction`), and not one that run-api itself has.
pub(crate) fn type_name(google: &str) -> String {
    let name: String = words(without_package(google)).iter().map(|word| capitalized(word)).collect();
    TAKEN.iter().find(|(taken, _)| *taken == name).map_or(name, |(_, instead)| (*instead).to_owned())
}

fn without_package(name: &str) -> &str {
    for package in ["GoogleCloudRunV", "GoogleLongrunning", "Google"] {
        let Some(rest) = name.strip_prefix(package) else { continue };
        let rest =
            if package.ends_with('V') { rest.trim_start_matches(|c: char| c.is_ascii_digit()) } else { rest };
        if rest.starts_with(|c: char| c.is_ascii_uppercase()) {
            return rest;
        }
    }
    name
}

/// The parameter for a segment of a flat path: `servicesId` → `service`,
/// `workerpoolsId` → `worker_pool`.
pub(crate) fn path_parameter(google: &str) -> String {
    match google.strip_suffix("Id") {
        Some(collection) if !collection.is_empty() => noun(collection, Number::Singular),
        _ => snake(google),
    }
}

/// Operation names for method ids, which must be all of the document's: whether a name needs an
/// ending (`_in_location`) depends on whether a method under `namespaces` has it already.
///
/// # Errors
/// If two methods would have one name, or an id has no resource and verb.
pub(crate) fn operations<'a>(ids: impl IntoIterator<Item = &'a str>) -> Result<BTreeMap<&'a str, String>> {
    let mut by_name: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for id in ids {
        let parts: Vec<&str> = id.split('.').collect();
        let [_api, parents @ .., collection, verb] = parts.as_slice() else {
            bail!("method id `{id}` does not have the form `api.resource.verb`");
        };
        let parent = parents.last().copied().unwrap_or_default();
        by_name.entry(operation(collection, verb)).or_default().push((id, parent));
    }
    let mut names = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (name, methods) in by_name {
        let shared = methods.len() > 1;
        for (id, parent) in methods {
            let name = if shared && parent != "namespaces" && !parent.is_empty() {
                format!("{name}_in_{}", noun(parent, Number::Singular))
            } else {
                name.clone()
            };
            if !taken.insert(name.clone()) {
                bail!("operation id `{name}` is not unique: `{id}` is a second method of that name");
            }
            names.insert(id, name);
        }
    }
    Ok(names)
}

/// `services` and `getIamPolicy` → `get_service_iam_policy`.
fn operation(collection: &str, verb: &str) -> String {
    let words: Vec<String> = words(verb).iter().map(|word| word.to_lowercase()).collect();
    let (verb, rest) = words.split_first().map_or(("", [].as_slice()), |(v, r)| (v.as_str(), r));
    let number = if verb == "list" { Number::Plural } else { Number::Singular };
    let mut name = format!("{verb}_{}", noun(collection, number));
    // `replaceService` repeats the resource.
    let repeated = noun(collection, Number::Singular).replace('_', "") == rest.concat();
    if !rest.is_empty() && !repeated {
        name.push('_');
        name.push_str(&rest.join("_"));
    }
    name
}

#[derive(Clone, Copy)]
enum Number {
    Singular,
    Plural,
}

/// A collection (`workerpools`) as a noun (`worker_pool`, `worker_pools`).
fn noun(collection: &str, number: Number) -> String {
    let plural = snake(collection);
    let singular = singular(&plural);
    let compound = COMPOUNDS.iter().find(|(word, _)| *word == singular);
    match (number, compound) {
        (Number::Singular, None) => singular,
        (Number::Plural, None) => plural,
        (Number::Singular, Some((_, parts))) => parts.join("_"),
        (Number::Plural, Some((_, parts))) => parts.join("_") + "s",
    }
}

fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if plural.ends_with("ss") {
        return plural.to_owned();
    }
    plural.strip_suffix('s').unwrap_or(plural).to_owned()
}

fn snake(name: &str) -> String {
    words(name).iter().map(|word| word.to_lowercase()).collect::<Vec<_>>().join("_")
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + &letters.as_str().to_lowercase()
    })
}

/// The words of a camel-case name; an acronym is one word (`HTTPGet` → `HTTP`, `Get`).
pub(super) fn words(name: &str) -> Vec<&str> {
    let bytes = name.as_bytes();
    let upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let lower = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_lowercase());
    let mut words = Vec::new();
    let mut start = 0;
    for at in 1..name.len() {
        let starts_word = upper(at) && (!upper(at - 1) || lower(at + 1));
        if starts_word {
            words.push(&name[start..at]);
            start = at;
        }
    }
    words.push(&name[start..]);
    words.iter().map(|word| word.trim_matches('_')).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_a_person_would() {
        for (google, ours) in [
            ("Service", "Service"),
            ("GoogleCloudRunV1Condition", "Condition"),
            ("GoogleCloudRunV12Condition", "Condition"),
            ("GoogleLongrunningOperation", "Operation"),
            ("GoogleLongrunningListOperationsResponse", "ListOperationsResponse"),
            ("GoogleRpcStatus", "RpcStatus"),
            ("GRPCAction", "GrpcAction"),
            ("HTTPGetAction", "HttpGetAction"),
            ("Location", "LocationInfo"),
            ("HTTPHeader", "HttpHeader"),
            ("NFSVolumeSource", "NfsVolumeSource"),
            ("TCPSocketAction", "TcpSocketAction"),
            ("SetIamPolicyRequest", "SetIamPolicyRequest"),
            ("Googleplex", "Googleplex"),
            ("PartsV1_TinyPart", "PartsV1TinyPart"),
        ] {
            assert_eq!(type_name(google), ours, "{google}");
        }
    }

    #[test]
    fn path_parameters_are_singular() {
        for (google, ours) in [
            ("servicesId", "service"),
            ("namespacesId", "namespace"),
            ("locationsId", "location"),
            ("workerpoolsId", "worker_pool"),
            ("domainmappingsId", "domain_mapping"),
            ("authorizeddomainsId", "authorized_domain"),
            ("policiesId", "policy"),
            ("accessId", "access"),
            ("volumePoolsId", "volume_pool"),
            ("Id", "id"),
            ("region", "region"),
        ] {
            assert_eq!(path_parameter(google), ours, "{google}");
        }
    }

    #[test]
    fn operations_are_named_by_rule() {
        let cases = [
            ("run.namespaces.services.get", "get_service"),
            ("run.namespaces.services.list", "list_services"),
            ("run.namespaces.services.replaceService", "replace_service"),
            ("run.namespaces.workerpools.replaceWorkerPool", "replace_worker_pool"),
            ("run.namespaces.workerpools.list", "list_worker_pools"),
            ("run.namespaces.domainmappings.create", "create_domain_mapping"),
            ("run.namespaces.authorizeddomains.list", "list_authorized_domains"),
            ("run.projects.authorizeddomains.list", "list_authorized_domains_in_project"),
            ("run.projects.locations.authorizeddomains.list", "list_authorized_domains_in_location"),
            ("run.namespaces.jobs.run", "run_job"),
            ("run.projects.locations.services.get", "get_service_in_location"),
            ("run.projects.locations.services.list", "list_services_in_location"),
            ("run.projects.locations.services.getIamPolicy", "get_service_iam_policy"),
            ("run.projects.locations.workerpools.testIamPermissions", "test_worker_pool_iam_permissions"),
            ("run.projects.locations.operations.wait", "wait_operation"),
            ("run.projects.locations.list", "list_locations"),
            // Methods that do not exist (yet).
            ("run.namespaces.policies.list", "list_policies"),
            ("run.namespaces.services.patch", "patch_service"),
            ("run.namespaces.services.exportStatus", "export_service_status"),
        ];
        let names = operations(cases.map(|(id, _)| id)).unwrap();
        for (id, name) in cases {
            assert_eq!(names[id], name, "{id}");
        }
    }

    #[test]
    fn names_must_be_unique() {
        let error = operations(["run.a.things.get", "run.b.as.things.get"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "operation id `get_thing_in_a` is not unique: `run.b.as.things.get` is a second method of that name"
        );
    }

    #[test]
    fn ids_must_have_a_resource_and_a_verb() {
        let error = operations(["run.get"]).unwrap_err();
        assert_eq!(error.to_string(), "method id `run.get` does not have the form `api.resource.verb`");
    }
}
