//! Revisions: which a write makes, and reading them.

use run_api::Resource;
use run_api::known;
use run_api::known::{annotations, labels};
use run_api::types::{
    ObjectMeta, OwnerReference, Revision, RevisionStatus, RevisionTemplate, Service, Status, WorkerPool,
};

use super::metadata;
use super::objects::{self, Written};
use crate::clock::Moment;
use crate::environment::{Environment, Quirk};
use crate::error::ApiError;
use crate::images;
use crate::rules::defaults;
use crate::store::{Key, Owner, Scope, Store, same};

/// A kind whose objects make revisions, as the API sees it.
pub(super) trait Maker: Owner {
    /// Whether a revision is needed, or is going to be.
    fn needs_revision(&self, name: &str) -> bool;

    /// The labels by which a revision tells where it comes from.
    fn revision_labels(record: &Self::Record, key: &Key) -> Vec<(&'static str, String)>;

    /// Who owns a revision: kind and uid.
    fn revision_owner(record: &Self::Record) -> OwnerReference;
}

impl Maker for Service {
    /// Whether it is routed to, or is going to be. (Seen for a serving one.)
    fn needs_revision(&self, name: &str) -> bool {
        let wanted = self.spec.iter().flat_map(|spec| &spec.traffic);
        let routed = self.status.iter().flat_map(|status| &status.traffic);
        wanted.chain(routed).any(|target| target.revision_name.as_deref() == Some(name))
    }

    fn revision_labels(record: &Self::Record, key: &Key) -> Vec<(&'static str, String)> {
        let metadata = record.object.metadata.as_ref();
        let generation = record.object.generation().unwrap_or(1);
        let spec = record.object.template().and_then(|template| template.spec.as_ref());
        vec![
            (known::labels::CONFIGURATION, key.name.clone()),
            (known::labels::CONFIGURATION_GENERATION, generation.to_string()),
            (known::labels::SERVICE_UID, metadata.and_then(|m| m.uid.clone()).unwrap_or_default()),
            (known::labels::STARTUP_PROBE_TYPE, defaults::probe_type(spec).to_owned()),
        ]
    }

    fn revision_owner(record: &Self::Record) -> OwnerReference {
        OwnerReference {
            api_version: Some(Self::API_VERSION.to_owned()),
            kind: Some("Configuration".to_owned()),
            uid: Some(record.configuration_uid.clone()),
            ..OwnerReference::default()
        }
    }
}

impl Maker for WorkerPool {
    /// Whether it has instances, or is going to. (Inferred.)
    fn needs_revision(&self, name: &str) -> bool {
        let wanted = self.spec.iter().flat_map(|spec| &spec.instance_splits);
        let given = self.status.iter().flat_map(|status| &status.instance_splits);
        wanted.chain(given).any(|split| split.revision_name.as_deref() == Some(name))
    }

    /// (From gcloud's source: the label that names the pool. The other is inferred.)
    fn revision_labels(record: &Self::Record, _: &Key) -> Vec<(&'static str, String)> {
        let uid = record.object.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
        vec![(known::labels::WORKER_POOL_UID, uid.unwrap_or_default())]
    }

    fn revision_owner(record: &Self::Record) -> OwnerReference {
        OwnerReference {
            api_version: Some(Self::API_VERSION.to_owned()),
            kind: Some(Self::KIND.to_owned()),
            uid: record.object.metadata.as_ref().and_then(|metadata| metadata.uid.clone()),
            ..OwnerReference::default()
        }
    }
}

/// Deletes a revision that nobody needs, at once.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<Written<Status>, ApiError> {
    let key = objects::find::<Revision>(store, scope, name)?.0.clone();
    let uid = store.revisions.get(&key).and_then(|revision| revision.metadata.as_ref()?.uid.clone());
    // It has one owner.
    let _ = delete_from::<Service>(store, &key, dry_run)? || delete_from::<WorkerPool>(store, &key, dry_run)?;
    Ok(Written::driven_if::<Revision>(objects::deleted::<Revision>(name, uid), key, false))
}

/// Deletes a revision if its owner is of this kind, and says whether it is.
fn delete_from<K: Maker>(store: &mut Store, key: &Key, dry_run: bool) -> Result<bool, ApiError> {
    let Some(owner) = store.revisions.get(key).and_then(|revision| revision.label(K::LABEL)) else {
        return Ok(false);
    };
    let owner = key.sibling(owner);
    // (Seen for a serving one; inferred for the latest.)
    let serving = K::table(store).get(&owner).is_some_and(|record| {
        K::revisions(record).latest == key.name || K::object(record).needs_revision(&key.name)
    });
    if serving {
        return Err(ApiError::failed_precondition(format!(
            "Revision \"{}\" cannot be directly deleted because it is actively serving.",
            key.name
        )));
    }
    if !dry_run {
        store.remove_revision::<K>(&owner, key);
    }
    Ok(true)
}

/// What a template asks for.
pub(crate) enum Wanted {
    /// A revision that there is already.
    Known { name: String },
    /// A new one.
    New { name: String },
}

/// The revision that the template of an object stands for.
///
/// An unnamed template with the content of the latest revision stands for that one, unless it had a name before: to take
/// the name away makes a revision. (Seen: <https://github.com/firebase/firebase-tools/issues/5086>.) A name that is taken
/// by a revision with other content is refused; with the same content it is that revision, which becomes the latest, but
/// for a new object. (Knative: bring your own revision name.)
pub(super) fn wanted<K: Owner>(
    store: &Store,
    environment: &Environment,
    owner: &Key,
    object: &K,
) -> Result<Wanted, ApiError> {
    let none = RevisionTemplate::default();
    let template = object.template().unwrap_or(&none);
    let given = name_of(template);
    let before = K::find(store, owner).and_then(Owner::template).and_then(name_of);
    let revisions = K::table(store).get(owner).map(K::revisions);
    let latest = revisions.map_or("", |revisions| &revisions.latest);
    let same_as = |name: &str| {
        let revision = store.revisions.get(&owner.sibling(name))?;
        // Another one's revision may have a name that would fit: `a-b-1` for the services `a` and `a-b`.
        let own = revision.label(K::LABEL) == Some(&owner.name) && revisions.is_some();
        Some(own && same_content(revision, template, &owner.name))
    };
    let name = match given {
        Some(name) => match same_as(name) {
            Some(true) if before == given && environment.has(Quirk::KeptNameConflict) => {
                return Err(ApiError::revision_exists(name));
            }
            Some(true) => return Ok(Wanted::Known { name: name.to_owned() }),
            // What is the latest stays so; the reconciler finds out that the name is another one's.
            Some(false)
                if environment.has(Quirk::LateNameConflict) && store.is_of_another::<K>(owner, name) =>
            {
                return Ok(Wanted::Known { name: latest.to_owned() });
            }
            Some(false) => return Err(ApiError::revision_exists(name)),
            None => name.to_owned(),
        },
        None if before.is_none() && same_as(latest) == Some(true) => {
            return Ok(Wanted::Known { name: latest.to_owned() });
        }
        None => free_name(store, owner, revisions.map_or(0, |revisions| revisions.made).saturating_add(1)),
    };
    Ok(Wanted::New { name })
}

fn name_of(template: &RevisionTemplate) -> Option<&str> {
    template.metadata.as_ref()?.name.as_deref()
}

/// A generated name that no revision has. (Long names are cut, so that two owners may share the rest;
/// and a worker pool may have the name of a service.)
fn free_name(store: &Store, owner: &Key, first: u32) -> String {
    let mut number = first;
    loop {
        let name = generated_name(&owner.name, number);
        if !store.revisions.contains_key(&owner.sibling(&name)) {
            return name;
        }
        number = number.wrapping_add(1);
    }
}

/// Makes the revision that a write wants the latest one of its object, and says whether it is new. Its conditions are
/// the reconciler's business.
pub(super) fn make<K: Maker>(store: &mut Store, owner: &Key, wanted: Wanted, now: Moment) -> bool {
    let Some(record) = K::table_mut(store).get_mut(owner) else { return false };
    let revisions = K::revisions_mut(record);
    let name = match wanted {
        Wanted::Known { name } => {
            revisions.latest = name;
            return false;
        }
        Wanted::New { name } => name,
    };
    revisions.made = revisions.made.saturating_add(1);
    revisions.names.push(name.clone());
    revisions.latest.clone_from(&name);
    let revision = new::<K>(record, owner, &owner.sibling(&*name), now);
    store.revisions.insert(owner.sibling(name), revision);
    true
}

/// A revision of an object's template.
fn new<K: Maker>(record: &K::Record, owner: &Key, key: &Key, now: Moment) -> Revision {
    let mut template = K::object(record).template().cloned().unwrap_or_default();
    if let Some(spec) = &mut template.spec {
        defaults::name_containers(&mut spec.containers, &owner.name);
    }
    let given = template.metadata.unwrap_or_default();
    let given = ObjectMeta {
        labels: given.labels,
        annotations: given.annotations,
        extra: given.extra,
        ..ObjectMeta::default()
    };
    let mut metadata = metadata::new::<Revision>(given, key, now);
    let labels = [(K::LABEL, owner.name.clone()), (labels::LOCATION, owner.region().name.to_owned())];
    let labels = labels.into_iter().chain(K::revision_labels(record, owner));
    metadata.labels.extend(labels.map(|(label, value)| (label.to_owned(), value)));
    let by = K::object(record).annotation(annotations::LAST_MODIFIER).unwrap_or_default();
    metadata.annotations.insert(annotations::CREATOR.to_owned(), by.to_owned());
    if let Some(operation) = K::object(record).annotation(annotations::OPERATION_ID) {
        metadata.annotations.insert(annotations::OPERATION_ID.to_owned(), operation.to_owned());
    }
    metadata.owner_references = vec![OwnerReference {
        name: Some(owner.name.clone()),
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..K::revision_owner(record)
    }];
    Revision {
        api_version: Some(Revision::API_VERSION.to_owned()),
        kind: Some(Revision::KIND.to_owned()),
        metadata: Some(metadata),
        spec: template.spec,
        status: Some(RevisionStatus { observed_generation: Some(1), ..RevisionStatus::default() }),
    }
}

/// Whether a revision is what a template asks for: its spec, and the labels and annotations that the user gave.
fn same_content(revision: &Revision, template: &RevisionTemplate, owner: &str) -> bool {
    let asked = template.metadata.clone().unwrap_or_default();
    let has = revision.metadata.clone().unwrap_or_default();
    let system = |key: &str| {
        [
            "serving.knative.dev/",
            "cloud.googleapis.com/",
            known::labels::STARTUP_PROBE_TYPE,
            annotations::OPERATION_ID,
            labels::WORKER_POOL,
        ]
        .iter()
        .any(|prefix| key.starts_with(prefix))
    };
    let user = |map: std::collections::BTreeMap<String, String>| -> Vec<(String, String)> {
        map.into_iter().filter(|(key, _)| !system(key)).collect()
    };
    let mut spec = template.spec.clone().unwrap_or_default();
    defaults::name_containers(&mut spec.containers, owner);
    for container in &mut spec.containers {
        container.image = container.image.as_deref().map(images::pinned);
    }
    let mut stored = revision.spec.clone().unwrap_or_default();
    for container in &mut stored.containers {
        container.image = container.image.as_deref().map(images::pinned);
    }
    user(asked.labels) == user(has.labels)
        && user(asked.annotations) == user(has.annotations)
        && same(&spec, &stored)
}

/// `svc-00001-hc4`: five digits, and three letters or digits; the service's name is cut to fit 63. (Seen: `hc4`, `752`,
/// `sp7`, `8bz`. A consonant, a vowel and a consonant are gcloud's own.)
fn generated_name(service: &str, number: u32) -> String {
    let suffix = format!("-{number:05}-{}", metadata::random(3));
    let service = service.get(..63 - suffix.len()).unwrap_or(service);
    format!("{service}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names() {
        let name = generated_name("hello", 7);
        assert!(name.starts_with("hello-00007-") && name.len() == "hello-00007-abc".len(), "{name}");
        assert_eq!(generated_name(&"s".repeat(63), 1).len(), 63);
    }
}
