//! What moves a domain mapping: the route, then the certificate.
//!
//! (Seen: the conditions, that `DomainRoutable` is True while the certificate is pending, the reasons RouteMissing,
//! PermissionDenied and CertificatePending, the message of the last, and the records. Which of them a failure
//! shows besides `Ready` is inferred.)

use run_api::types::{DomainMapping, ResourceRecord};

use super::driver::Machine;
use crate::conditions::{self, Is};
use crate::config::Delays;
use crate::engine::Engine;
use crate::rules;
use crate::store::{Key, Store, touch};

/// One step of one domain mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Notice the mapping.
    Observe { generation: i32 },
    /// Lead the domain to its service.
    Route,
    /// Provide the certificate.
    Certify,
    /// Remove a deleted mapping.
    Remove,
}

impl Machine for DomainMapping {
    type Step = Step;

    fn next(store: &Store, mapping: &Key) -> Option<Step> {
        next(store.domain_mappings.get(mapping)?)
    }

    fn delay(step: &Step, delays: &Delays) -> std::time::Duration {
        match step {
            Step::Observe { .. } => delays.observe,
            Step::Route => delays.route,
            Step::Certify => delays.health,
            Step::Remove => delays.delete,
        }
    }

    fn apply(engine: &Engine, store: &mut Store, mapping: &Key, step: &Step) {
        apply(store, &engine.config.authorized_domains, mapping, step);
    }
}

const READY: &str = "Ready";
const ROUTABLE: &str = "DomainRoutable";
const CERTIFIED: &str = "CertificateProvisioned";

/// The step that a mapping needs next; none if its status says all there is to say.
fn next(mapping: &DomainMapping) -> Option<Step> {
    let metadata = mapping.metadata.as_ref()?;
    if metadata.deletion_timestamp.is_some() {
        return Some(Step::Remove);
    }
    let generation = metadata.generation?;
    let status = mapping.status.as_ref();
    if status.and_then(|status| status.observed_generation) != Some(generation) {
        return Some(Step::Observe { generation });
    }
    let conditions = status.map_or(&[][..], |status| &status.conditions);
    if !conditions::has(conditions, READY, Is::Unknown) {
        None
    } else if conditions::has(conditions, ROUTABLE, Is::True) {
        Some(Step::Certify)
    } else {
        Some(Step::Route)
    }
}

/// Takes a step.
fn apply(store: &mut Store, authorized: &[String], key: &Key, step: &Step) {
    match step {
        Step::Observe { generation } => observe(store, key, *generation),
        Step::Route => route(store, authorized, key),
        Step::Certify => certify(store, key),
        Step::Remove => drop(store.domain_mappings.remove(key)),
    }
}

fn observe(store: &mut Store, key: &Key, generation: i32) {
    let now = store.clock.tick();
    let Some(mapping) = store.domain_mappings.get_mut(key) else { return };
    let status = mapping.status.get_or_insert_default();
    status.observed_generation = Some(generation);
    for kind in [READY, CERTIFIED, ROUTABLE] {
        conditions::set(&mut status.conditions, kind, Is::Unknown, None, None, now);
    }
    touch(&mut mapping.metadata, now);
}

fn route(store: &mut Store, authorized: &[String], key: &Key) {
    let trouble = trouble(store, authorized, key);
    let now = store.clock.tick();
    let Some(mapping) = store.domain_mappings.get_mut(key) else { return };
    let spec = mapping.spec.clone().unwrap_or_default();
    let status = mapping.status.get_or_insert_default();
    match trouble {
        Some((reason, message)) => {
            for kind in [READY, ROUTABLE] {
                conditions::set(&mut status.conditions, kind, Is::False, Some(reason), Some(&message), now);
            }
        }
        None => {
            status.mapped_route_name = spec.route_name;
            status.resource_records = records(&key.name);
            conditions::set(&mut status.conditions, ROUTABLE, Is::True, None, None, now);
            let (reason, message) = (Some("CertificatePending"), Some(PENDING));
            for kind in [READY, CERTIFIED] {
                conditions::set(&mut status.conditions, kind, Is::Unknown, reason, message, now);
            }
        }
    }
    touch(&mut mapping.metadata, now);
    if spec.force_override == Some(true) {
        for other in others(store, key) {
            lose(store, &other);
        }
    }
}

const PENDING: &str = "Waiting for certificate provisioning. You must configure your DNS records for certificate \
                       issuance to begin.";

/// Why a domain cannot be led to its service, if it cannot.
fn trouble(store: &Store, authorized: &[String], key: &Key) -> Option<(&'static str, String)> {
    let domain = &key.name;
    let spec = store.domain_mappings.get(key)?.spec.clone().unwrap_or_default();
    let route = spec.route_name.unwrap_or_default();
    if !authorized.iter().any(|parent| is_within(domain, parent)) {
        return Some((
            "PermissionDenied",
            format!(
                "Caller is not authorized to administer the domain '{domain}'. If you own '{domain}', you can \
                 obtain authorization by verifying ownership of the domain, or any of its parent domains."
            ),
        ));
    }
    if spec.force_override != Some(true) && !others(store, key).is_empty() {
        return Some(already_mapped(domain));
    }
    if !store.services.contains_key(&key.sibling(route.clone())) {
        return Some(("RouteMissing", format!("Route '{route}' does not exist.")));
    }
    None
}

fn already_mapped(domain: &str) -> (&'static str, String) {
    ("MappingAlreadyExists", format!("Domain '{domain}' is already mapped elsewhere."))
}

/// Whether a domain is another or within it.
fn is_within(domain: &str, parent: &str) -> bool {
    domain.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The mappings of the same domain, in any project and region, that lead somewhere.
fn others(store: &Store, key: &Key) -> Vec<Key> {
    let same = store.domain_mappings.iter().filter(|(other, _)| other.name == key.name && *other != key);
    let routable = same.filter(|(_, mapping)| {
        let status = mapping.status.as_ref();
        status.is_some_and(|status| conditions::has(&status.conditions, ROUTABLE, Is::True))
    });
    routable.map(|(other, _)| other.clone()).collect()
}

/// A later mapping with `forceOverride` takes the domain. (Documented; what the earlier one says is inferred.)
fn lose(store: &mut Store, key: &Key) {
    let now = store.clock.tick();
    let Some(mapping) = store.domain_mappings.get_mut(key) else { return };
    let (reason, message) = already_mapped(&key.name);
    let status = mapping.status.get_or_insert_default();
    for kind in [READY, ROUTABLE] {
        conditions::set(&mut status.conditions, kind, Is::False, Some(reason), Some(&message), now);
    }
    touch(&mut mapping.metadata, now);
}

fn certify(store: &mut Store, key: &Key) {
    let now = store.clock.tick();
    let Some(mapping) = store.domain_mappings.get_mut(key) else { return };
    let mode = mapping.spec.as_ref().and_then(|spec| spec.certificate_mode.as_deref());
    let without = mode == Some(rules::NO_CERTIFICATE);
    let status = mapping.status.get_or_insert_default();
    conditions::set(&mut status.conditions, READY, Is::True, None, None, now);
    if without {
        // (Inferred: none is wanted, so nothing is said of it.)
        status.conditions.retain(|condition| condition.type_.as_deref() != Some(CERTIFIED));
    } else {
        conditions::set(&mut status.conditions, CERTIFIED, Is::True, None, None, now);
    }
    touch(&mut mapping.metadata, now);
}

/// The records that lead a domain here. (Seen: addresses for a domain that is nobody's subdomain, an alias for all
/// others. What is nobody's subdomain is guessed by the number of labels.)
fn records(domain: &str) -> Vec<ResourceRecord> {
    let record = |kind: &str, data: String, name: Option<&str>| ResourceRecord {
        name: name.map(str::to_owned),
        rrdata: Some(data),
        type_: Some(kind.to_owned()),
    };
    let labels: Vec<&str> = domain.split('.').collect();
    if labels.len() > 2 {
        let name = labels[..labels.len() - 2].join(".");
        return vec![record("CNAME", "ghs.googlehosted.com.".to_owned(), Some(&name))];
    }
    let parts = [32, 34, 36, 38];
    let four = parts.map(|part| record("A", format!("216.239.{part}.21"), None));
    let six = parts.map(|part| record("AAAA", format!("2001:4860:4802:{part}::15"), None));
    four.into_iter().chain(six).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents() {
        for (domain, parent, within) in [
            ("example.com", "example.com", true),
            ("www.example.com", "example.com", true),
            ("badexample.com", "example.com", false),
            ("com", "example.com", false),
        ] {
            assert_eq!(is_within(domain, parent), within, "{domain} {parent}");
        }
    }

    #[test]
    fn an_apex_has_addresses_and_a_subdomain_an_alias() {
        let kinds = |domain: &str| -> Vec<String> {
            records(domain).into_iter().filter_map(|record| record.type_).collect()
        };
        assert_eq!(kinds("example.com"), ["A", "A", "A", "A", "AAAA", "AAAA", "AAAA", "AAAA"]);
        assert_eq!(kinds("a.b.example.com"), ["CNAME"]);
        assert_eq!(records("a.b.example.com")[0].name.as_deref(), Some("a.b"));
    }
}
