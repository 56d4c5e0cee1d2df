//! The metadata of objects: names, versions, and what the server says in it.

use run_api::Resource;
use run_api::known::labels;
use run_api::types::ObjectMeta;

use crate::clock::Moment;
use crate::error::{ApiError, Violation};
use crate::store::Key;

/// A kind as refusals name it: `WORKER_POOL`.
pub(super) fn in_messages<K: Resource>() -> String {
    let mut name = String::new();
    for (at, letter) in K::KIND.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// The API group of a kind.
pub(super) fn group<K: Resource>() -> &'static str {
    K::API_VERSION.split('/').next().unwrap_or_default()
}

/// The metadata of a new object: whatever else the client sent is the server's to say.
pub(super) fn new<K: Resource>(given: ObjectMeta, key: &Key, now: Moment) -> ObjectMeta {
    let (project, name) = (key.project, &key.name);
    ObjectMeta {
        name: Some(name.clone()),
        labels: given.labels,
        annotations: given.annotations,
        extra: given.extra,
        namespace: Some(project.to_string()),
        self_link: Some(format!("/apis/{}/namespaces/{project}/{}/{name}", K::API_VERSION, K::COLLECTION)),
        uid: Some(new_uid()),
        generation: Some(1),
        creation_timestamp: Some(now.timestamp()),
        resource_version: Some(now.resource_version()),
        ..ObjectMeta::default()
    }
}

/// What all objects say: where they are, who made them, who wrote them last. A new one is the caller's; of another one it
/// stays as it is until the write is known to change something. (From gcloud's source, which reads it.)
pub(super) fn sign<K: Resource>(
    metadata: &mut ObjectMeta,
    before: Option<&K>,
    key: &Key,
    prefix: &str,
    caller: &str,
) {
    metadata.labels.insert(labels::LOCATION.to_owned(), key.region().name.to_owned());
    for what in ["creator", "lastModifier"] {
        let name = format!("{prefix}/{what}");
        let by = before.and_then(|before| before.annotation(&name)).unwrap_or(caller).to_owned();
        metadata.annotations.insert(name, by);
    }
}

/// Says who has written an object last.
pub(super) fn modified(metadata: &mut Option<ObjectMeta>, prefix: &str, caller: &str) {
    let annotations = &mut metadata.get_or_insert_default().annotations;
    annotations.insert(format!("{prefix}/lastModifier"), caller.to_owned());
}

/// Who has written an object last.
pub(super) fn modifier<K: Resource>(object: &K, prefix: &str) -> String {
    object.annotation(&format!("{prefix}/lastModifier")).unwrap_or_default().to_owned()
}

/// Gives a new object that has no name one of its prefix. (Documented: the prefix has fewer than 31 characters. How
/// the rest looks is inferred from executions.)
pub(super) fn name_by_prefix(metadata: &mut Option<ObjectMeta>) -> Result<(), ApiError> {
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
pub(super) const LETTERS: usize = 5;

/// A prefix and random letters.
pub(super) fn generated(prefix: &str) -> String {
    format!("{prefix}{}", random(LETTERS))
}

/// So many letters and digits that make no words. (Seen in names of revisions and executions.)
pub(super) fn random(count: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..count).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}

/// What a replacement says of the object that it replaces: the name, which must be that of the path, and the version, if
/// there is one. (Ours: a body without a name, which lost updates have had, names the field.)
pub(super) fn replaced(given: &mut ObjectMeta, name: &str) -> Result<Option<String>, ApiError> {
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
pub(super) fn check_version(
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

/// Counts a change of the spec.
pub(super) fn next_generation(metadata: &mut Option<ObjectMeta>) {
    let metadata = metadata.get_or_insert_default();
    metadata.generation = metadata.generation.map(|generation| generation.saturating_add(1));
}

pub(super) fn new_uid() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::types::{DomainMapping, Service};

    #[test]
    fn refusals_name_kinds_in_capitals() {
        assert_eq!(in_messages::<Service>(), "SERVICE");
        assert_eq!(in_messages::<DomainMapping>(), "DOMAIN_MAPPING");
        assert_eq!(group::<DomainMapping>(), "domains.cloudrun.com");
    }
}
