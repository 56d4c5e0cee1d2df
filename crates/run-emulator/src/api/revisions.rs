//! Revisions: which a write makes, and reading them.

use run_api::types::{ListMeta, ObjectMeta, OwnerReference, Revision, RevisionStatus, RevisionTemplate};

use super::error::ApiError;
use super::list::{self, ListQuery};
use super::scope::Scope;
use super::services::{CALLER, same};
use crate::images;
use crate::store::{Key, LOCATION_LABEL, Moment, SERVICE_LABEL, ServiceRecord, Store, touch};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Revision, ApiError> {
    let found = store.revisions.iter().find(|(key, _)| scope.contains(key) && key.name == name);
    found.map(|(_, revision)| revision.clone()).ok_or_else(|| {
        ApiError::not_found("REVISION", name, scope.region.map_or("-", |region| region.name), &scope.named)
    })
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Revision>, Option<ListMeta>), ApiError> {
    let revisions =
        store.revisions.iter().filter(|(key, _)| scope.contains(key)).map(|(_, revision)| revision);
    list::page(revisions.filter_map(|revision| Some((revision, revision.metadata.as_ref()?))), query)
}

/// A revision that a write is going to make.
pub(crate) struct Planned {
    name: String,
    template: RevisionTemplate,
}

/// Whether the template stands for another revision than the latest one. A name that is taken by a revision with
/// other content is refused; one with the same content is that revision. (Knative: bring your own revision name.)
pub(crate) fn template_changed(
    store: &Store,
    service: &Key,
    record: &ServiceRecord,
) -> Result<bool, ApiError> {
    let template = template(record);
    let given = template.metadata.as_ref().and_then(|metadata| metadata.name.clone());
    let named = given.as_ref().and_then(|name| store.revisions.get(&service.sibling(name)));
    if let (Some(revision), Some(name)) = (named, given.as_ref()) {
        return if same_content(revision, &template) {
            Ok(false)
        } else {
            Err(ApiError::revision_exists(name))
        };
    }
    let latest = store.revisions.get(&service.sibling(&record.latest_revision));
    Ok(given.is_some() || !latest.is_some_and(|revision| same_content(revision, &template)))
}

/// The revision that the record's template asks for.
pub(crate) fn planned(store: &Store, service: &Key, record: &ServiceRecord) -> Result<Planned, ApiError> {
    let template = template(record);
    let given = template.metadata.as_ref().and_then(|metadata| metadata.name.clone());
    let name = given.unwrap_or_else(|| generated_name(&service.name, record.revisions_made + 1));
    if store.revisions.contains_key(&service.sibling(&name)) {
        return Err(ApiError::revision_exists(&name));
    }
    Ok(Planned { name, template })
}

impl ServiceRecord {
    /// Makes a revision of the object's template; its conditions are the reconciler's business.
    pub(crate) fn make_revision(&mut self, store: &mut Store, service: &Key, planned: Planned, now: Moment) {
        let Planned { name, template } = planned;
        self.revisions_made += 1;
        self.latest_revision.clone_from(&name);
        let generation = self.object.metadata.as_ref().and_then(|metadata| metadata.generation).unwrap_or(1);
        let service_uid = self.object.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
        let mut metadata = template.metadata.unwrap_or_default();
        let own = [
            (SERVICE_LABEL, service.name.clone()),
            ("serving.knative.dev/configuration", service.name.clone()),
            ("serving.knative.dev/configurationGeneration", generation.to_string()),
            ("serving.knative.dev/serviceUid", service_uid.unwrap_or_default()),
            (LOCATION_LABEL, service.region().name.to_owned()),
            ("run.googleapis.com/startupProbeType", "Default".to_owned()),
        ];
        metadata.labels.extend(own.map(|(label, value)| (label.to_owned(), value)));
        metadata.annotations.insert("serving.knative.dev/creator".to_owned(), CALLER.to_owned());
        let metadata = ObjectMeta {
            namespace: Some(service.project.to_string()),
            self_link: Some(format!(
                "/apis/serving.knative.dev/v1/namespaces/{}/revisions/{name}",
                service.project
            )),
            uid: Some(uuid::Uuid::new_v4().to_string()),
            generation: Some(1),
            creation_timestamp: Some(now.timestamp()),
            owner_references: vec![OwnerReference {
                api_version: Some("serving.knative.dev/v1".to_owned()),
                kind: Some("Configuration".to_owned()),
                name: Some(service.name.clone()),
                uid: Some(self.configuration_uid.clone()),
                controller: Some(true),
                block_owner_deletion: Some(true),
                ..OwnerReference::default()
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
            ..Revision::default()
        };
        touch(&mut revision.metadata, now);
        store.revisions.insert(service.sibling(name), revision);
    }

    /// The record without its object, which is about to be replaced.
    pub(crate) fn shallow(&self) -> Self {
        Self {
            object: run_api::types::Service::default(),
            policy: self.policy.clone(),
            configuration_uid: self.configuration_uid.clone(),
            latest_revision: self.latest_revision.clone(),
            ..*self
        }
    }
}

fn template(record: &ServiceRecord) -> RevisionTemplate {
    record.object.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default()
}

/// Whether a revision is what a template asks for: its spec, and the labels and annotations that the user gave.
fn same_content(revision: &Revision, template: &RevisionTemplate) -> bool {
    let asked = template.metadata.clone().unwrap_or_default();
    let has = revision.metadata.clone().unwrap_or_default();
    let system = |key: &str| {
        ["serving.knative.dev/", "cloud.googleapis.com/", "run.googleapis.com/startupProbeType"]
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
