//! Reading, listing, creating, replacing and deleting objects of any kind.
//!
//! What is the same for all kinds is written here, once; what a kind has of its own is in [`Kind`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use run_api::Resource;
use run_api::known::annotations;
use run_api::types::{ListMeta, ObjectMeta, Policy, Status, StatusDetails};

use super::list::{self, Entry, ListQuery};
use super::{metadata, operations};
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::environment::{self, Environment, Needs, Surroundings};
use crate::error::{ApiError, Violation};
use crate::project::Projects;
use crate::store::{Key, Scope, Store, Stored, Subject, Table, same, touch};

/// A kind that can be read: one that is stored, or that is made of what is stored.
pub(crate) trait Readable: Resource {
    type Row: 'static;

    fn rows(store: &Store) -> &Table<Self::Row>;
    fn read<'a>(key: &Key, row: &'a Self::Row) -> Cow<'a, Self>;
    /// The metadata that lists go by.
    fn stored_metadata(row: &Self::Row) -> Option<&ObjectMeta>;
    fn own_labels<'a>(key: &Key, row: &'a Self::Row) -> Cow<'a, BTreeMap<String, String>>;
}

impl<K: Stored> Readable for K {
    type Row = K::Record;

    fn rows(store: &Store) -> &Table<K::Record> {
        K::table(store)
    }

    fn read<'a>(_: &Key, row: &'a K::Record) -> Cow<'a, K> {
        Cow::Borrowed(K::object(row))
    }

    fn stored_metadata(row: &K::Record) -> Option<&ObjectMeta> {
        K::object(row).metadata()
    }

    fn own_labels<'a>(_: &Key, row: &'a K::Record) -> Cow<'a, BTreeMap<String, String>> {
        K::object(row).metadata().map(|metadata| Cow::Borrowed(&metadata.labels)).unwrap_or_default()
    }
}

/// What a kind that clients write has of its own.
pub(crate) trait Kind: Stored {
    /// What a write of the spec makes besides the object.
    type Plan;

    /// The prefix of the annotations that say who made the object and who wrote it last.
    const SIGNED_BY: &'static str = "serving.knative.dev";

    /// Whether the object names the operation of its last write.
    const NAMES_OPERATION: bool = true;

    /// Completes what a client sent. Doing it twice changes nothing.
    fn fill_in(&mut self, project: u64, environment: &Environment);

    /// What is refused in it, once it is complete.
    fn check(&self, environment: &Environment) -> Vec<Violation>;

    /// What it needs of the surroundings.
    fn needs(&self, project: u64) -> Needs<'_>;

    /// What a new object is stored with.
    fn record(self, policy: Policy) -> Self::Record;

    /// The server's own labels and annotations besides those that all kinds have. `before` is what a replacement
    /// replaces.
    fn sign(&mut self, before: Option<&Self>, store: &Store, key: &Key, now: Moment) {
        let _ = (before, store, key, now);
    }

    /// Notes in the object when it was written.
    fn note_write(&mut self, now: Moment) {
        let _ = now;
    }

    /// Says what a write of this spec is going to make, or why it cannot. What the object was is still in the store.
    fn plan(&self, store: &Store, environment: &Environment, key: &Key) -> Result<Self::Plan, ApiError>;

    /// Makes what was planned, after the object was written; returns what is to be driven besides the object.
    fn carry_out(store: &mut Store, key: &Key, plan: Self::Plan, now: Moment) -> Vec<Subject> {
        let _ = (store, key, plan, now);
        Vec::new()
    }
}

/// What a write did.
pub(crate) struct Written<T> {
    pub(crate) answer: T,
    /// The object that it was about.
    pub(crate) subject: Subject,
    /// What there is for the reconciler to do.
    pub(crate) drive: Vec<Subject>,
}

impl<T> Written<T> {
    /// Nothing is to be done.
    fn only<K: Stored>(answer: T, key: Key) -> Self {
        Self { answer, subject: Subject::of::<K>(key), drive: Vec::new() }
    }

    /// The object is to be driven.
    pub(super) fn driven<K: Stored>(answer: T, key: Key) -> Self {
        let subject = Subject::of::<K>(key);
        Self { answer, drive: vec![subject.clone()], subject }
    }

    pub(super) fn driven_if<K: Stored>(answer: T, key: Key, drive: bool) -> Self {
        if drive { Self::driven::<K>(answer, key) } else { Self::only::<K>(answer, key) }
    }
}

/// The row that a request means, wherever in its scope it is.
pub(crate) fn find<'a, K: Readable>(
    store: &'a Store,
    scope: &Scope,
    name: &str,
) -> Result<(&'a Key, &'a K::Row), ApiError> {
    scope.find(K::rows(store), name).ok_or_else(|| not_found::<K>(scope, name))
}

pub(super) fn not_found<K: Resource>(scope: &Scope, name: &str) -> ApiError {
    ApiError::not_found(&metadata::in_messages::<K>(), name, scope.region_name(), &scope.named)
}

pub(crate) fn get<K: Readable>(store: &Store, scope: &Scope, name: &str) -> Result<K, ApiError> {
    let (key, row) = find::<K>(store, scope, name)?;
    Ok(K::read(key, row).into_owned())
}

/// One page, and where the next one begins.
pub(crate) fn list<K: Readable>(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
    number: impl Fn(&K::Row) -> i64,
) -> Result<(Vec<K>, Option<ListMeta>), ApiError> {
    let rows = scope.all(K::rows(store));
    let entries = rows.filter_map(|(key, row)| {
        let metadata = K::stored_metadata(row)?;
        let labels = if query.labels.is_some() { K::own_labels(key, row) } else { Cow::default() };
        Some(Entry { item: (key, row), metadata, labels, number: number(row) })
    });
    let (rows, next) = list::page(entries, query)?;
    Ok((rows.into_iter().map(|(key, row)| K::read(key, row).into_owned()).collect(), next))
}

pub(crate) fn create<K: Kind>(
    store: &mut Store,
    surroundings: &Surroundings,
    scope: &Scope,
    mut object: K,
    dry_run: bool,
) -> Result<Written<K>, ApiError> {
    let region = scope.region.ok_or_else(|| ApiError::invalid("An object is created in one region."))?;
    metadata::name_by_prefix(object.metadata_mut())?;
    prepare(store, surroundings, scope, &mut object)?;
    let name = object.metadata().and_then(|metadata| metadata.name.clone()).unwrap_or_default();
    let key = Key::new(scope.project, region, name);
    if K::table(store).contains_key(&key) {
        return Err(ApiError::already_exists(&key.name));
    }
    let now = store.clock.tick();
    let given = object.metadata_mut().take().unwrap_or_default();
    *object.metadata_mut() = Some(metadata::new::<K>(given, &key, now));
    sign(&mut object, None, store, scope, &key, now);
    object.take_status_of(None);
    let plan = object.plan(store, &surroundings.environment, &key)?;
    object.note_write(now);
    if dry_run {
        return Ok(Written::only::<K>(object, key));
    }
    if K::NAMES_OPERATION {
        operations::begin(store, &key, &mut object);
    }
    // (Seen: so is a policy that was never set, without a version.)
    let policy = Policy { etag: Some("ACAB".to_owned()), ..Policy::default() };
    K::table_mut(store).insert(key.clone(), object.record(policy));
    Ok(written(store, key, Some(plan), now))
}

pub(crate) fn replace<K: Kind>(
    store: &mut Store,
    surroundings: &Surroundings,
    scope: &Scope,
    name: &str,
    mut next: K,
    dry_run: bool,
) -> Result<Written<K>, ApiError> {
    let key = find::<K>(store, scope, name)?.0.clone();
    let version = metadata::replaced(next.metadata_mut().get_or_insert_default(), name)?;
    prepare(store, surroundings, scope, &mut next)?;
    let current = K::find(store, &key).cloned().ok_or_else(|| not_found::<K>(scope, name))?;
    metadata::check_version(&key, current.metadata(), version.as_deref())?;
    check_deleting(&key, &current)?;
    let now = store.clock.tick();
    // Labels and annotations are what a replacement may say of an object's metadata.
    let given = next.metadata_mut().take().unwrap_or_default();
    let own = current.metadata().cloned().unwrap_or_default();
    *next.metadata_mut() =
        Some(ObjectMeta { labels: given.labels, annotations: given.annotations, extra: given.extra, ..own });
    next.take_status_of(Some(&current));
    sign(&mut next, Some(&current), store, scope, &key, now);
    if same(&next, &current) {
        return Ok(Written::only::<K>(current, key));
    }
    metadata::modified(next.metadata_mut(), K::SIGNED_BY, &scope.caller);
    let mut plan = None;
    if !next.has_same_spec(&current) {
        plan = Some(next.plan(store, &surroundings.environment, &key)?);
        metadata::next_generation(next.metadata_mut());
    }
    touch(next.metadata_mut(), now);
    next.note_write(now);
    if dry_run {
        return Ok(Written::only::<K>(next, key));
    }
    if K::NAMES_OPERATION {
        operations::begin(store, &key, &mut next);
    }
    if let Some(record) = K::table_mut(store).get_mut(&key) {
        *K::object_mut(record) = next;
    }
    Ok(written(store, key, plan, now))
}

/// Makes what a write has planned. Without a change of the spec there is nothing to be done.
fn written<K: Kind>(store: &mut Store, key: Key, plan: Option<K::Plan>, now: Moment) -> Written<K> {
    let spec_changed = plan.is_some();
    let also = plan.map(|plan| K::carry_out(store, &key, plan, now)).unwrap_or_default();
    let answer = K::find(store, &key).cloned().unwrap_or_default();
    let mut written = Written::driven_if::<K>(answer, key, spec_changed);
    written.drive.extend(also);
    written
}

/// Starts a deletion; the object stays readable until the reconciler removes it.
pub(crate) fn delete<K: Stored>(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<Written<Status>, ApiError> {
    let key = find::<K>(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = K::table_mut(store).get_mut(&key).ok_or_else(|| not_found::<K>(scope, name))?;
    let object = K::object_mut(record);
    let uid = object.metadata().and_then(|metadata| metadata.uid.clone());
    let begins = !dry_run && !object.is_being_deleted();
    if begins {
        object.metadata_mut().get_or_insert_default().deletion_timestamp = Some(now.timestamp());
        touch(object.metadata_mut(), now);
        // gcloud takes a deciding condition that is False, if it still reads it, for a failed deletion.
        let message = format!("Deleting {}.", K::NOUN);
        let also_ready = conditions::find(object.conditions(), "Ready").map(|_| "Ready");
        for kind in also_ready.into_iter().chain([K::TERMINAL_CONDITION]) {
            conditions::set(object.conditions_mut(), kind, Is::Unknown, None, Some(&message), now);
        }
    }
    Ok(Written::driven_if::<K>(deleted::<K>(name, uid), key, begins))
}

/// The answer to a deletion. (Documented; which details there are is inferred.)
pub(super) fn deleted<K: Resource>(name: &str, uid: Option<String>) -> Status {
    let details = StatusDetails {
        name: Some(name.to_owned()),
        group: Some(metadata::group::<K>().to_owned()),
        kind: Some(K::COLLECTION.to_owned()),
        uid,
        ..StatusDetails::default()
    };
    Status { status: Some("Success".to_owned()), details: Some(details), ..Status::default() }
}

/// Refuses to change an object that was deleted.
pub(super) fn check_deleting<K: Resource>(key: &Key, object: &K) -> Result<(), ApiError> {
    if object.is_being_deleted() {
        return Err(ApiError::failed_precondition(format!("Resource '{}' is being deleted.", key.name)));
    }
    Ok(())
}

/// Checks and completes what the client sent. (Seen: the account is asked for at every write. That the object is looked
/// at first is inferred.)
fn prepare<K: Kind>(
    store: &Store,
    surroundings: &Surroundings,
    scope: &Scope,
    object: &mut K,
) -> Result<(), ApiError> {
    check_namespace(&store.projects, scope, object.metadata())?;
    let environment = &surroundings.environment;
    object.fill_in(scope.project, environment);
    let needs = object.needs(scope.project);
    let mut violations = object.check(environment);
    violations.retain(|violation| !environment.is_preview(violation));
    violations.extend(environment::refused_images(surroundings, &needs, |image| store.reference(image)));
    if !violations.is_empty() {
        return Err(ApiError::violations(&violations));
    }
    let account = needs.account();
    if environment.may_act_as(account) { Ok(()) } else { Err(ApiError::may_not_act_as(account)) }
}

/// An object that says which project it belongs to must say the one that it is written to.
fn check_namespace(
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

/// Labels and annotations that are the server's: those that the object has stay, whatever the client sends. (Seen.)
fn sign<K: Kind>(object: &mut K, before: Option<&K>, store: &Store, scope: &Scope, key: &Key, now: Moment) {
    let metadata = object.metadata_mut().get_or_insert_default();
    metadata::sign(metadata, before, key, K::SIGNED_BY, &scope.caller);
    // The operation is that of the last write, until this one is accepted.
    let operation = before.and_then(|before| before.annotation(annotations::OPERATION_ID));
    match operation.map(str::to_owned) {
        Some(id) => drop(object.annotations_mut().insert(annotations::OPERATION_ID.to_owned(), id)),
        None => drop(object.annotations_mut().remove(annotations::OPERATION_ID)),
    }
    object.sign(before, store, key, now);
}
