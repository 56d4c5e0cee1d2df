//! What a write does to objects of the kinds that have no rules of their own for it.

use std::collections::BTreeMap;

use run_api::types::{Condition, ObjectMeta};

use super::error::ApiError;
use super::objects::{self, CALLER, Kind};
use super::scope::Scope;
use crate::conditions::{self, Is};
use crate::rules::Violation;
use crate::store::{Key, LOCATION_LABEL, Moment, Store, touch};
use crate::world::{self, Needs};

/// What a write did.
pub(crate) struct Change<T> {
    pub(crate) answer: T,
    pub(crate) key: Key,
    /// Whether there is something for the reconciler to do.
    pub(crate) reconcile: bool,
}

/// The place of a new object, which must be free.
pub(crate) fn free_place<T>(
    scope: &Scope,
    objects: &BTreeMap<Key, T>,
    metadata: Option<&ObjectMeta>,
) -> Result<Key, ApiError> {
    let region = objects::one_region(scope)?;
    let name = metadata.and_then(|metadata| metadata.name.clone()).unwrap_or_default();
    let key = Key::new(scope.project, region, name);
    if objects.contains_key(&key) {
        return Err(ApiError::already_exists(&key.name));
    }
    Ok(key)
}

/// Gives a new object its metadata.
pub(crate) fn make(kind: Kind, metadata: &mut Option<ObjectMeta>, key: &Key, now: Moment) {
    let mut made = kind.new_metadata(metadata.take().unwrap_or_default(), key, now);
    sign(&mut made, None, key);
    *metadata = Some(made);
}

/// Takes over what a replacement may say of an object: labels and annotations.
pub(crate) fn relabel(current: &mut Option<ObjectMeta>, given: Option<ObjectMeta>, key: &Key) {
    let next = current.get_or_insert_default();
    let given = given.unwrap_or_default();
    let creator = next.annotations.remove(CREATOR);
    next.labels = given.labels;
    next.annotations = given.annotations;
    next.extra = given.extra;
    sign(next, creator, key);
}

/// Labels and annotations that are the server's, whatever the client sends. (From gcloud's source, which reads
/// them.)
fn sign(metadata: &mut ObjectMeta, creator: Option<String>, key: &Key) {
    metadata.labels.insert(LOCATION_LABEL.to_owned(), key.region().name.to_owned());
    metadata.annotations.insert(CREATOR.to_owned(), creator.unwrap_or_else(|| CALLER.to_owned()));
    metadata.annotations.insert("serving.knative.dev/lastModifier".to_owned(), CALLER.to_owned());
}

const CREATOR: &str = "serving.knative.dev/creator";

/// Marks an object as written.
pub(crate) fn advance(metadata: &mut Option<ObjectMeta>, spec_changed: bool, now: Moment) {
    if spec_changed {
        objects::next_generation(metadata);
    }
    touch(metadata, now);
}

/// Marks an object as deleted, which it stays until the reconciler removes it. Says whether it was not before.
pub(crate) fn begin_deletion(
    metadata: &mut Option<ObjectMeta>,
    conditions: &mut Vec<Condition>,
    message: &str,
    now: Moment,
) -> bool {
    if objects::deleting(metadata.as_ref()) {
        return false;
    }
    metadata.get_or_insert_default().deletion_timestamp = Some(now.timestamp());
    touch(metadata, now);
    // gcloud takes a Ready=False that it still reads for a failed deletion.
    conditions::set(conditions, "Ready", Is::Unknown, None, Some(message), now);
    true
}

/// Refuses what is wrong in an object, and what the world outside does not allow. (Seen: the account is asked for at
/// every write. That the object is looked at first is inferred.)
pub(crate) fn admit(
    store: &Store,
    mut violations: Vec<Violation>,
    needs: &Needs<'_>,
) -> Result<(), ApiError> {
    violations.retain(|violation| !store.surroundings.world.is_preview(violation));
    violations.extend(world::refused_images(store, needs));
    refuse(&violations)?;
    let account = needs.account();
    if store.surroundings.world.may_act_as(account) { Ok(()) } else { Err(ApiError::may_not_act_as(account)) }
}

/// Refuses if there is something to refuse.
pub(crate) fn refuse(violations: &[Violation]) -> Result<(), ApiError> {
    if violations.is_empty() { Ok(()) } else { Err(ApiError::violations(violations)) }
}
