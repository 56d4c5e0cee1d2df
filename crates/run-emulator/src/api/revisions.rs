//! Revisions: which a write makes, and reading them.

use run_api::types::{
    ListMeta, ObjectMeta, OwnerReference, Probe, Revision, RevisionSpec, RevisionStatus, RevisionTemplate,
    Status, StatusDetails,
};

use super::error::ApiError;
use super::list::{self, ListQuery};
use super::objects::{CALLER, same};
use super::scope::Scope;
use crate::images;
use crate::rules::defaults;
use crate::store::{
    Key, LOCATION_LABEL, Moment, SERVICE_LABEL, ServiceRecord, Store, WORKER_POOL_LABEL, WorkerPoolRecord,
    touch,
};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Revision, ApiError> {
    let (_, revision) = scope
        .find(&store.revisions, name)
        .ok_or_else(|| ApiError::not_found("REVISION", name, scope.region_name(), &scope.named))?;
    Ok(revision.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Revision>, Option<ListMeta>), ApiError> {
    let revisions = scope.all(&store.revisions).map(|(_, revision)| revision);
    list::page(revisions.filter_map(|revision| Some((revision, revision.metadata.as_ref()?))), query)
}

/// Deletes a revision that nobody needs.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<Status, ApiError> {
    let key = match scope.find(&store.revisions, name) {
        Some((key, _)) => key.clone(),
        None => return Err(ApiError::not_found("REVISION", name, scope.region_name(), &scope.named)),
    };
    let metadata =
        store.revisions.get(&key).and_then(|revision| revision.metadata.clone()).unwrap_or_default();
    let owner = |label: &str| metadata.labels.get(label).map(|name| key.sibling(name.clone()));
    let service = owner(SERVICE_LABEL);
    let pool = owner(WORKER_POOL_LABEL);
    let serving = service.as_ref().and_then(|key| store.services.get(key)).is_some_and(|r| serves(r, name))
        || pool.as_ref().and_then(|key| store.worker_pools.get(key)).is_some_and(|r| works(r, name));
    if serving {
        return Err(ApiError::failed_precondition(format!(
            "Revision \"{name}\" cannot be directly deleted because it is actively serving."
        )));
    }
    match (service, pool) {
        (Some(service), _) if !dry_run => store.remove_revision(&service, &key),
        (_, Some(pool)) if !dry_run => store.remove_pool_revision(&pool, &key),
        _ => {}
    }
    let details = StatusDetails {
        name: Some(name.to_owned()),
        group: Some("serving.knative.dev".to_owned()),
        kind: Some("revisions".to_owned()),
        uid: metadata.uid,
        ..StatusDetails::default()
    };
    Ok(Status { status: Some("Success".to_owned()), details: Some(details), ..Status::default() })
}

/// Whether a revision is routed to, is going to be, or is the service's latest. (Seen for a serving one; inferred
/// for the latest.)
fn serves(record: &ServiceRecord, name: &str) -> bool {
    let wanted = record.object.spec.iter().flat_map(|spec| &spec.traffic);
    let routed = record.object.status.iter().flat_map(|status| &status.traffic);
    record.latest_revision == name
        || wanted.chain(routed).any(|target| target.revision_name.as_deref() == Some(name))
}

/// The same of a worker pool: whether a revision has instances, or is going to. (Inferred.)
fn works(record: &WorkerPoolRecord, name: &str) -> bool {
    let wanted = record.object.spec.iter().flat_map(|spec| &spec.instance_splits);
    let given = record.object.status.iter().flat_map(|status| &status.instance_splits);
    record.latest_revision == name
        || wanted.chain(given).any(|split| split.revision_name.as_deref() == Some(name))
}

/// What a template asks for.
pub(crate) enum Wanted {
    /// A revision that there is already.
    Known { name: String },
    /// A new one.
    New(Box<Planned>),
}

/// A revision that a write is going to make.
pub(crate) struct Planned {
    name: String,
    template: RevisionTemplate,
}

/// The revision that a template stands for. `label` is the one by which a revision names its owner.
///
/// An unnamed template with the content of the latest revision stands for that one, unless it had a name before: to
/// take the name away makes a revision. (Seen: <https://github.com/firebase/firebase-tools/issues/5086>.) A name that is
/// taken by a revision with other content is refused; with the same content it is that revision, which becomes the
/// latest. (Knative: bring your own revision name.)
pub(crate) fn wanted(
    store: &Store,
    label: &str,
    owner: &Key,
    template: &RevisionTemplate,
    (latest, made): (&str, u32),
    named_before: bool,
) -> Result<Wanted, ApiError> {
    let given = template.metadata.as_ref().and_then(|metadata| metadata.name.as_deref());
    let same_as = |name: &str| {
        let revision = store.revisions.get(&owner.sibling(name))?;
        // Another one's revision may have a name that would fit: `a-b-1` for the services `a` and `a-b`.
        let own = revision.metadata.as_ref()?.labels.get(label) == Some(&owner.name);
        Some(own && same_content(revision, template))
    };
    let name = match given {
        Some(name) => match same_as(name) {
            Some(true) => return Ok(Wanted::Known { name: name.to_owned() }),
            Some(false) => return Err(ApiError::revision_exists(name)),
            None => name.to_owned(),
        },
        None if !named_before && same_as(latest) == Some(true) => {
            return Ok(Wanted::Known { name: latest.to_owned() });
        }
        None => free_name(store, owner, made.saturating_add(1)),
    };
    Ok(Wanted::New(Box::new(Planned { name, template: template.clone() })))
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

/// Whether a template names its revision.
pub(crate) fn is_named(template: &RevisionTemplate) -> bool {
    template.metadata.as_ref().is_some_and(|metadata| metadata.name.is_some())
}

impl ServiceRecord {
    /// Makes a revision of the object's template; its conditions are the reconciler's business.
    pub(crate) fn make_revision(&mut self, store: &mut Store, service: &Key, planned: Planned, now: Moment) {
        self.revisions_made = self.revisions_made.saturating_add(1);
        self.revisions.push(planned.name.clone());
        self.latest_revision.clone_from(&planned.name);
        let metadata = self.object.metadata.as_ref();
        let generation = metadata.and_then(|metadata| metadata.generation).unwrap_or(1);
        let probe_type = probe_type(planned.template.spec.as_ref());
        let labels = [
            (SERVICE_LABEL, service.name.clone()),
            ("serving.knative.dev/configuration", service.name.clone()),
            ("serving.knative.dev/configurationGeneration", generation.to_string()),
            ("serving.knative.dev/serviceUid", metadata.and_then(|m| m.uid.clone()).unwrap_or_default()),
            (LOCATION_LABEL, service.region().name.to_owned()),
            ("run.googleapis.com/startupProbeType", probe_type.to_owned()),
        ];
        let owner = OwnerReference {
            api_version: Some("serving.knative.dev/v1".to_owned()),
            kind: Some("Configuration".to_owned()),
            uid: Some(self.configuration_uid.clone()),
            ..OwnerReference::default()
        };
        planned.make(store, service, labels, owner, now);
    }
}

impl WorkerPoolRecord {
    /// The same for a worker pool. (From gcloud's source: the label that names the pool. The others are inferred.)
    pub(crate) fn make_revision(&mut self, store: &mut Store, pool: &Key, planned: Planned, now: Moment) {
        self.revisions_made = self.revisions_made.saturating_add(1);
        self.revisions.push(planned.name.clone());
        self.latest_revision.clone_from(&planned.name);
        let metadata = self.object.metadata.as_ref();
        self.latest_made_by = metadata.and_then(|metadata| metadata.generation);
        let uid = metadata.and_then(|metadata| metadata.uid.clone());
        let labels = [
            (WORKER_POOL_LABEL, pool.name.clone()),
            ("run.googleapis.com/workerPoolUid", uid.clone().unwrap_or_default()),
            (LOCATION_LABEL, pool.region().name.to_owned()),
        ];
        let owner = OwnerReference {
            api_version: self.object.api_version.clone(),
            kind: self.object.kind.clone(),
            uid,
            ..OwnerReference::default()
        };
        planned.make(store, pool, labels, owner, now);
    }
}

impl Planned {
    /// Puts the revision into the store.
    fn make<const N: usize>(
        self,
        store: &mut Store,
        owner: &Key,
        labels: [(&str, String); N],
        reference: OwnerReference,
        now: Moment,
    ) {
        let Self { name, template } = self;
        let given = template.metadata.unwrap_or_default();
        let mut metadata = ObjectMeta {
            labels: given.labels,
            annotations: given.annotations,
            extra: given.extra,
            ..ObjectMeta::default()
        };
        metadata.labels.extend(labels.map(|(label, value)| (label.to_owned(), value)));
        metadata.annotations.insert("serving.knative.dev/creator".to_owned(), CALLER.to_owned());
        let metadata = ObjectMeta {
            namespace: Some(owner.project.to_string()),
            self_link: Some(format!(
                "/apis/serving.knative.dev/v1/namespaces/{}/revisions/{name}",
                owner.project
            )),
            uid: Some(uuid::Uuid::new_v4().to_string()),
            generation: Some(1),
            creation_timestamp: Some(now.timestamp()),
            owner_references: vec![OwnerReference {
                name: Some(owner.name.clone()),
                controller: Some(true),
                block_owner_deletion: Some(true),
                ..reference
            }],
            name: Some(name.clone()),
            ..metadata
        };
        let mut revision = Revision {
            api_version: Some("serving.knative.dev/v1".to_owned()),
            kind: Some("Revision".to_owned()),
            metadata: Some(metadata),
            spec: template.spec,
            status: Some(RevisionStatus { observed_generation: Some(1), ..RevisionStatus::default() }),
        };
        touch(&mut revision.metadata, now);
        store.revisions.insert(owner.sibling(name), revision);
    }
}

/// `Default` if the startup probe is the one that the server fills in. (Seen.)
fn probe_type(spec: Option<&RevisionSpec>) -> &'static str {
    let probes = spec.into_iter().flat_map(|spec| &spec.containers).filter_map(|container| {
        Some((
            container.startup_probe.as_ref()?,
            container.ports.first().and_then(|port| port.container_port),
        ))
    });
    let filled_in = |(probe, port): (&Probe, _)| *probe == defaults::startup_probe(port);
    if probes.into_iter().all(filled_in) { "Default" } else { "Custom" }
}

/// Whether a revision is what a template asks for: its spec, and the labels and annotations that the user gave.
fn same_content(revision: &Revision, template: &RevisionTemplate) -> bool {
    let asked = template.metadata.clone().unwrap_or_default();
    let has = revision.metadata.clone().unwrap_or_default();
    let system = |key: &str| {
        [
            "serving.knative.dev/",
            "cloud.googleapis.com/",
            "run.googleapis.com/startupProbeType",
            WORKER_POOL_LABEL,
        ]
        .iter()
        .any(|prefix| key.starts_with(prefix))
    };
    let user = |map: std::collections::BTreeMap<String, String>| -> Vec<(String, String)> {
        map.into_iter().filter(|(key, _)| !system(key)).collect()
    };
    let mut spec = template.spec.clone().unwrap_or_default();
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

/// `svc-00001-abc`: five digits and a consonant, a vowel, a consonant; the service's name is cut to fit 63.
fn generated_name(service: &str, number: u32) -> String {
    const CONSONANTS: &[u8] = b"bcdfghjklmnpqrstvwxz";
    const VOWELS: &[u8] = b"aeiou";
    let pick = |letters: &[u8]| char::from(letters[rand::random_range(0..letters.len())]);
    let suffix = format!("-{number:05}-{}{}{}", pick(CONSONANTS), pick(VOWELS), pick(CONSONANTS));
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
