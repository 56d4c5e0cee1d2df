//! What all objects have in common that are written as a whole: names, metadata, versions, deletion.

use run_api::types::{ObjectMeta, Status, StatusDetails};

use super::error::ApiError;
use super::scope::Scope;
use crate::project::Projects;
use crate::regions::Region;
use crate::rules::Violation;
pub(crate) use crate::rules::same;
use crate::store::{Key, Moment};

/// The emulator has no identities: everything is done by this one.
pub(crate) const CALLER: &str = "user@example.com";

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As refusals name it.
    pub(crate) in_messages: &'static str,
    pub(crate) group: &'static str,
    /// As paths name it.
    pub(crate) collection: &'static str,
}

impl Kind {
    pub(crate) fn not_found(self, scope: &Scope, name: &str) -> ApiError {
        ApiError::not_found(self.in_messages, name, scope.region_name(), &scope.named)
    }

    /// The answer to a deletion. (Documented; which details there are is inferred.)
    pub(crate) fn deleted(self, name: &str, uid: Option<String>) -> Status {
        let details = StatusDetails {
            name: Some(name.to_owned()),
            group: Some(self.group.to_owned()),
            kind: Some(self.collection.to_owned()),
            uid,
            ..StatusDetails::default()
        };
        Status { status: Some("Success".to_owned()), details: Some(details), ..Status::default() }
    }

    /// The metadata of a new object: whatever else the client sent is the server's to say.
    pub(crate) fn new_metadata(self, given: ObjectMeta, key: &Key, now: Moment) -> ObjectMeta {
        let Self { group, collection, .. } = self;
        let (project, name) = (key.project, &key.name);
        ObjectMeta {
            name: Some(name.clone()),
            labels: given.labels,
            annotations: given.annotations,
            extra: given.extra,
            namespace: Some(project.to_string()),
            self_link: Some(format!("/apis/{group}/v1/namespaces/{project}/{collection}/{name}")),
            uid: Some(new_uid()),
            generation: Some(1),
            creation_timestamp: Some(now.timestamp()),
            resource_version: Some(now.resource_version()),
            ..ObjectMeta::default()
        }
    }
}

/// The region that a new object is made in.
pub(crate) fn one_region(scope: &Scope) -> Result<&'static Region, ApiError> {
    scope.region.ok_or_else(|| ApiError::invalid("An object is created in one region."))
}

/// Gives a new object that has no name one of its prefix. (Documented: the prefix has fewer than 31 characters. How
/// the rest looks is inferred from executions.)
pub(crate) fn name_by_prefix(metadata: &mut Option<ObjectMeta>) -> Result<(), ApiError> {
    let Some(metadata) = metadata else { return Ok(()) };
    let Some(prefix) = metadata.generate_name.take().filter(|prefix| !prefix.is_empty()) else {
        return Ok(());
    };
    if metadata.name.as_ref().is_some_and(|name| !name.is_empty()) {
        return Ok(());
    }
    if prefix.len() > LONGEST_PREFIX {
        return Err(ApiError::violations(&[Violation {
            field: "metadata.generateName".to_owned(),
            description: format!("must have at most {LONGEST_PREFIX} characters"),
        }]));
    }
    metadata.name = Some(generated(&prefix));
    Ok(())
}

const LONGEST_PREFIX: usize = 30;

/// How long the random part of a generated name is. (Seen for executions.)
pub(crate) const LETTERS: usize = 5;

/// A prefix and random letters.
pub(crate) fn generated(prefix: &str) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let letters = (0..LETTERS).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]));
    prefix.chars().chain(letters).collect()
}

/// An object that says which project it belongs to must say the one that it is written to.
pub(crate) fn check_namespace(
    projects: &Projects,
    scope: &Scope,
    metadata: Option<&ObjectMeta>,
) -> Result<(), ApiError> {
    let namespace = metadata.and_then(|metadata| metadata.namespace.as_deref()).unwrap_or_default();
    if namespace.is_empty() || projects.number(namespace) == scope.project {
        return Ok(());
    }
    Err(ApiError::violations(&[Violation {
        field: "metadata.namespace".to_owned(),
        description: format!("The namespace '{namespace}' must match the project '{}'.", scope.named),
    }]))
}

/// What a replacement says of the object that it replaces: the name, which must be that of the path, and the version, if
/// there is one. (Ours: a body without a name, which lost updates have had, names the field.)
pub(crate) fn replaced(given: &mut ObjectMeta, name: &str) -> Result<Option<String>, ApiError> {
    let given_name = given.name.as_deref().unwrap_or_default();
    if given_name != name {
        let description = if given_name.is_empty() {
            "Resource name is required.".to_owned()
        } else {
            format!("The name in the request body '{given_name}' must match the path '{name}'.")
        };
        return Err(ApiError::violations(&[Violation { field: "metadata.name".to_owned(), description }]));
    }
    Ok(given.resource_version.take().filter(|version| !version.is_empty()))
}

/// Refuses a replacement of another version than the present one. One that names no version overwrites.
/// (Documented.)
pub(crate) fn check_version(
    key: &Key,
    current: Option<&ObjectMeta>,
    given: Option<&str>,
) -> Result<(), ApiError> {
    let version = current.and_then(|metadata| metadata.resource_version.as_deref());
    let Some(given) = given.filter(|given| version != Some(given)) else { return Ok(()) };
    let number = |version| Moment::of_resource_version(version).map(Moment::microseconds);
    let Some(given_number) = number(given) else {
        return Err(ApiError::violations(&[Violation {
            field: "metadata.resourceVersion".to_owned(),
            description: format!("'{given}' is not a valid resource version."),
        }]));
    };
    Err(ApiError::conflict(&key.name, given_number, version.and_then(number).unwrap_or_default()))
}

/// Whether an object was deleted and is still there.
pub(crate) fn deleting(metadata: Option<&ObjectMeta>) -> bool {
    metadata.is_some_and(|metadata| metadata.deletion_timestamp.is_some())
}

/// Refuses to change an object that was deleted.
pub(crate) fn check_deleting(key: &Key, metadata: Option<&ObjectMeta>) -> Result<(), ApiError> {
    if deleting(metadata) {
        return Err(ApiError::failed_precondition(format!("Resource '{}' is being deleted.", key.name)));
    }
    Ok(())
}

/// Counts a change of the spec.
pub(crate) fn next_generation(metadata: &mut Option<ObjectMeta>) {
    let metadata = metadata.get_or_insert_default();
    metadata.generation = metadata.generation.map(|generation| generation.saturating_add(1));
}

pub(crate) fn new_uid() -> String {
    uuid::Uuid::new_v4().to_string()
}
