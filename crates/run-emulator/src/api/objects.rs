//! What all kinds of objects that can be written have in common: names, versions, metadata, deletion.

use std::collections::BTreeMap;

use run_api::types::{Condition, ObjectMeta, Status, StatusDetails};
use serde::Serialize;

use super::error::ApiError;
use super::scope::Scope;
use crate::conditions::{self, Is};
use crate::rules::Violation;
use crate::rules::defaults::Defaults;
use crate::store::{Key, LOCATION_LABEL, Moment, Store, touch};

/// What a write did.
pub(crate) struct Change<T> {
    pub(crate) answer: T,
    pub(crate) key: Key,
    /// Whether there is something for the reconciler to do.
    pub(crate) reconcile: bool,
}

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The kind as refusals name it.
    pub(crate) in_messages: &'static str,
    pub(crate) group: &'static str,
    pub(crate) collection: &'static str,
}

impl Kind {
    pub(crate) fn not_found(&self, scope: &Scope, name: &str) -> ApiError {
        ApiError::not_found(self.in_messages, name, scope.region_name(), &scope.named)
    }

    /// The place of a new object, which must be free.
    pub(crate) fn free_place<T>(
        &self,
        scope: &Scope,
        objects: &BTreeMap<Key, T>,
        metadata: Option<&ObjectMeta>,
    ) -> Result<Key, ApiError> {
        let region = scope.region.ok_or_else(|| ApiError::invalid("An object is created in one region."))?;
        let name = metadata.and_then(|metadata| metadata.name.clone()).unwrap_or_default();
        let key = Key::new(scope.project, region, name);
        if objects.contains_key(&key) {
            return Err(ApiError::already_exists(&key.name));
        }
        Ok(key)
    }

    /// The metadata of a new object: what the client may say is the client's, and all else the server's.
    pub(crate) fn new_metadata(&self, key: &Key, given: ObjectMeta, now: Moment) -> ObjectMeta {
        let mut metadata = ObjectMeta {
            name: given.name,
            labels: given.labels,
            annotations: given.annotations,
            extra: given.extra,
            namespace: Some(key.project.to_string()),
            self_link: Some(format!(
                "/apis/{}/v1/namespaces/{}/{}/{}",
                self.group, key.project, self.collection, key.name
            )),
            uid: Some(new_uid()),
            generation: Some(1),
            resource_version: Some(now.resource_version()),
            creation_timestamp: Some(now.timestamp()),
            ..ObjectMeta::default()
        };
        sign(&mut metadata, None, key);
        metadata
    }

    /// The answer to a deletion.
    pub(crate) fn deleted(&self, name: &str, uid: Option<String>) -> Status {
        let details = StatusDetails {
            name: Some(name.to_owned()),
            group: Some(self.group.to_owned()),
            kind: Some(self.collection.to_owned()),
            uid,
            ..StatusDetails::default()
        };
        Status { status: Some("Success".to_owned()), details: Some(details), ..Status::default() }
    }
}

/// What a replacement says of itself.
pub(crate) struct Replacement {
    /// The version that it is based on, if it says so.
    version: Option<String>,
}

impl Replacement {
    /// Takes a replacement's metadata apart. Its name is that of the path, or absent.
    pub(crate) fn of(metadata: &mut Option<ObjectMeta>, name: &str) -> Result<Self, ApiError> {
        let given = metadata.get_or_insert_default();
        let given_name =
            given.name.take().filter(|given| !given.is_empty()).unwrap_or_else(|| name.to_owned());
        let given_name = given.name.insert(given_name);
        if given_name != name {
            return Err(ApiError::violations(&[Violation {
                field: "metadata.name".to_owned(),
                description: format!(
                    "The name in the request body '{given_name}' must match the path '{name}'."
                ),
            }]));
        }
        Ok(Self { version: given.resource_version.take().filter(|version| !version.is_empty()) })
    }

    /// Whether the object as it is may be replaced.
    pub(crate) fn check(&self, key: &Key, current: Option<&ObjectMeta>) -> Result<(), ApiError> {
        if let Some(version) = &self.version {
            check_version(key, current, version)?;
        }
        if is_deleting(current) {
            return Err(ApiError::failed_precondition(format!("Resource '{}' is being deleted.", key.name)));
        }
        Ok(())
    }
}

/// Takes over what a replacement may say: labels and annotations.
pub(crate) fn take_metadata(current: &mut Option<ObjectMeta>, given: Option<ObjectMeta>, key: &Key) {
    let next = current.get_or_insert_default();
    let given = given.unwrap_or_default();
    let before = next.annotations.remove(CREATOR);
    next.labels = given.labels;
    next.annotations = given.annotations;
    next.extra = given.extra;
    sign(next, before, key);
}

/// Marks an object as written. The generation counts changes of the spec.
pub(crate) fn advance(metadata: &mut Option<ObjectMeta>, spec_changed: bool, now: Moment) {
    if spec_changed {
        let metadata = metadata.get_or_insert_default();
        metadata.generation = metadata.generation.map(|generation| generation.saturating_add(1));
    }
    touch(metadata, now);
}

/// Labels and annotations that are the server's: those that the object has stay, whatever the client sends.
fn sign(metadata: &mut ObjectMeta, creator: Option<String>, key: &Key) {
    metadata.labels.insert(LOCATION_LABEL.to_owned(), key.region().name.to_owned());
    metadata.annotations.insert(CREATOR.to_owned(), creator.unwrap_or_else(|| CALLER.to_owned()));
    metadata.annotations.insert("serving.knative.dev/lastModifier".to_owned(), CALLER.to_owned());
}

const CREATOR: &str = "serving.knative.dev/creator";

/// The emulator has no identities: everything is done by this one.
pub(crate) const CALLER: &str = "user@example.com";

/// Marks an object as being deleted. It can be read until the reconciler removes it.
pub(crate) fn begin_deletion(
    metadata: &mut Option<ObjectMeta>,
    conditions: &mut Vec<Condition>,
    message: &str,
    now: Moment,
) {
    metadata.get_or_insert_default().deletion_timestamp = Some(now.timestamp());
    touch(metadata, now);
    // gcloud takes a Ready=False that it still reads for a failed deletion.
    conditions::set(conditions, "Ready", Is::Unknown, None, Some(message), now);
}

pub(crate) fn is_deleting(metadata: Option<&ObjectMeta>) -> bool {
    metadata.is_some_and(|metadata| metadata.deletion_timestamp.is_some())
}

/// The namespace of an object is the project of the request, or absent.
pub(crate) fn check_namespace(
    store: &Store,
    scope: &Scope,
    metadata: Option<&ObjectMeta>,
) -> Result<(), ApiError> {
    let namespace = metadata.and_then(|metadata| metadata.namespace.as_deref()).unwrap_or_default();
    if namespace.is_empty() || store.projects.number(namespace) == scope.project {
        return Ok(());
    }
    Err(ApiError::violations(&[Violation {
        field: "metadata.namespace".to_owned(),
        description: format!("The namespace '{namespace}' must match the project '{}'.", scope.named),
    }]))
}

/// What is filled in for a project.
pub(crate) fn defaults(scope: &Scope) -> Defaults {
    Defaults { service_account: format!("{}-compute@developer.gserviceaccount.com", scope.project) }
}

/// Refuses if there is something to refuse.
pub(crate) fn refuse(violations: &[Violation]) -> Result<(), ApiError> {
    if violations.is_empty() { Ok(()) } else { Err(ApiError::violations(violations)) }
}

fn check_version(key: &Key, current: Option<&ObjectMeta>, given: &str) -> Result<(), ApiError> {
    let version = current.and_then(|metadata| metadata.resource_version.as_deref());
    if version == Some(given) {
        return Ok(());
    }
    let number = |version| Moment::of_resource_version(version).map(Moment::microseconds);
    let Some(given_number) = number(given) else {
        return Err(ApiError::violations(&[Violation {
            field: "metadata.resourceVersion".to_owned(),
            description: format!("'{given}' is not a valid resource version."),
        }]));
    };
    Err(ApiError::conflict(&key.name, given_number, version.and_then(number).unwrap_or_default()))
}

pub(crate) fn new_uid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Compared as JSON, absent and empty are the same.
pub(crate) fn same<T: Serialize>(a: &T, b: &T) -> bool {
    serde_json::to_value(a).ok() == serde_json::to_value(b).ok()
}
