//! Services: what the methods do to the store.

use run_api::types::{ListMeta, RevisionTemplate, Service, ServiceStatus, Status};

use super::changes;
use super::error::ApiError;
use super::list::{self, ListQuery};
use super::objects::{self, CALLER, Kind, new_uid, same};
use super::operations;
use super::revisions::{self, Wanted};
use super::scope::Scope;
use crate::conditions::{self, Is};
use crate::rules;
use crate::store::{Key, LOCATION_LABEL, Moment, SERVICE_LABEL, ServiceRecord, Store, touch};
use crate::urls::Hosts;
use crate::world::Needs;

const KIND: Kind = Kind { in_messages: "SERVICE", group: "serving.knative.dev", collection: "services" };

/// What a write did.
pub(crate) struct Change {
    pub(crate) answer: Service,
    pub(crate) key: Key,
    /// Whether there is something for the reconciler to do.
    pub(crate) reconcile: bool,
}

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Service, ApiError> {
    Ok(find(store, scope, name)?.1.object.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Service>, Option<ListMeta>), ApiError> {
    let services = scope.all(&store.services).map(|(_, record)| &record.object);
    list::page(services.filter_map(|service| Some((service, service.metadata.as_ref()?))), query)
}

/// The service that a request means, wherever in its scope it is.
pub(crate) fn find<'a>(
    store: &'a Store,
    scope: &Scope,
    name: &str,
) -> Result<(&'a Key, &'a ServiceRecord), ApiError> {
    scope.find(&store.services, name).ok_or_else(|| not_found(scope, name))
}

fn not_found(scope: &Scope, name: &str) -> ApiError {
    KIND.not_found(scope, name)
}

pub(crate) fn create(
    store: &mut Store,
    scope: &Scope,
    mut service: Service,
    dry_run: bool,
) -> Result<Change, ApiError> {
    let region = objects::one_region(scope)?;
    objects::name_by_prefix(&mut service.metadata)?;
    prepare(store, scope, &mut service)?;
    let name = service.metadata.as_ref().and_then(|metadata| metadata.name.clone()).unwrap_or_default();
    let key = Key::new(scope.project, region, name);
    if store.services.contains_key(&key) {
        return Err(ApiError::already_exists(&key.name));
    }
    let now = store.clock.tick();
    service.metadata = Some(KIND.new_metadata(service.metadata.take().unwrap_or_default(), &key, now));
    server_metadata(&mut service, None, store, &key);
    service.status = Some(ServiceStatus::default());

    let planned = match revisions::wanted(store, SERVICE_LABEL, &key, &template(&service), ("", 0), false)? {
        Wanted::New(planned) => *planned,
        Wanted::Known { name } => return Err(ApiError::revision_exists(&name)),
    };
    if !dry_run {
        operations::begin(store, &key, &mut service);
    }
    let answer = service.clone();
    if !dry_run {
        let mut record = ServiceRecord {
            object: service,
            policy: super::iam::initial(store.clock.tick()),
            configuration_uid: new_uid(),
            revisions: Vec::new(),
            revisions_made: 0,
            latest_revision: String::new(),
            routed_generation: None,
        };
        record.make_revision(store, &key, planned, now);
        store.services.insert(key.clone(), record);
    }
    Ok(Change { answer, key, reconcile: !dry_run })
}

pub(crate) fn replace(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    mut service: Service,
    dry_run: bool,
) -> Result<Change, ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let version = objects::replaced(service.metadata.get_or_insert_default(), name)?;
    prepare(store, scope, &mut service)?;

    // Taken out so that its revisions can be changed beside it, and put back whatever happens.
    let Some(mut record) = store.services.remove(&key) else { return Err(not_found(scope, name)) };
    let result = replace_record(store, &key, &mut record, service, version.as_deref(), dry_run);
    store.services.insert(key.clone(), record);
    let (answer, reconcile) = result?;
    Ok(Change { answer, key, reconcile })
}

fn replace_record(
    store: &mut Store,
    key: &Key,
    record: &mut ServiceRecord,
    service: Service,
    version: Option<&str>,
    dry_run: bool,
) -> Result<(Service, bool), ApiError> {
    let current = &record.object;
    objects::check_version(key, current.metadata.as_ref(), version)?;
    objects::check_deleting(key, current.metadata.as_ref())?;
    let mut next = current.clone();
    next.spec = service.spec;
    if let (Some(next), Some(given)) = (next.metadata.as_mut(), service.metadata) {
        next.labels = given.labels;
        next.annotations = given.annotations;
        next.extra = given.extra;
    }
    next.extra = service.extra;
    server_metadata(&mut next, Some(current), store, key);
    if same(&next, current) {
        return Ok((current.clone(), false));
    }
    let spec_changed = !same(&next.spec, &current.spec);
    let wanted = spec_changed.then(|| {
        let latest = (record.latest_revision.as_str(), record.revisions_made);
        let named = revisions::is_named(&template(current));
        revisions::wanted(store, SERVICE_LABEL, key, &template(&next), latest, named)
    });
    let wanted = wanted.transpose()?;
    let now = store.clock.tick();
    if spec_changed {
        objects::next_generation(&mut next.metadata);
    }
    touch(&mut next.metadata, now);
    if dry_run {
        return Ok((next, false));
    }
    operations::begin(store, key, &mut next);
    record.object = next;
    match wanted {
        Some(Wanted::New(planned)) => record.make_revision(store, key, *planned, now),
        Some(Wanted::Known { name }) => record.latest_revision = name,
        None => {}
    }
    Ok((record.object.clone(), spec_changed))
}

fn template(service: &Service) -> RevisionTemplate {
    service.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default()
}

/// Starts a deletion; the object stays readable until the reconciler removes it.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<(Status, Key, bool), ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let record = store.services.get_mut(&key).ok_or_else(|| not_found(scope, name))?;
    let uid = record.object.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
    let begins = !dry_run && !deleting(&record.object);
    if begins {
        mark_deleted(&mut record.object, now);
    }
    Ok((KIND.deleted(name, uid), key, begins))
}

fn mark_deleted(service: &mut Service, now: Moment) {
    service.metadata.get_or_insert_default().deletion_timestamp = Some(now.timestamp());
    touch(&mut service.metadata, now);
    let conditions = &mut service.status.get_or_insert_default().conditions;
    // gcloud takes a Ready=False that it still reads for a failed deletion.
    conditions::set(conditions, "Ready", Is::Unknown, None, Some("Deleting service."), now);
}

pub(crate) fn deleting(service: &Service) -> bool {
    objects::deleting(service.metadata.as_ref())
}

/// Checks and completes what the client sent.
fn prepare(store: &mut Store, scope: &Scope, service: &mut Service) -> Result<(), ApiError> {
    objects::check_namespace(&store.projects, scope, service.metadata.as_ref())?;
    let defaults = rules::defaults::Defaults {
        service_account: format!("{}-compute@developer.gserviceaccount.com", scope.project),
    };
    let world = &store.surroundings.world;
    world.fit_default_scale(service.spec.get_or_insert_default().template.get_or_insert_default());
    rules::fill_in(service, &defaults);
    let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let mut violations = rules::check_service(service);
    violations.extend(world.over_quota(template));
    changes::admit(store, violations, &Needs::of_template(scope.project, template))
}

/// Labels and annotations that are the server's: those that the object has stay, whatever the client sends.
fn server_metadata(service: &mut Service, before: Option<&Service>, store: &Store, key: &Key) {
    let urls: Vec<String> =
        Hosts::of(key).all(None).map(|host| format!("\"{}\"", store.url_of(&host))).collect();
    let metadata = service.metadata.get_or_insert_default();
    metadata.labels.insert(LOCATION_LABEL.to_owned(), key.region().name.to_owned());
    let annotations = &mut metadata.annotations;
    let ingress =
        annotations.entry("run.googleapis.com/ingress".to_owned()).or_insert_with(|| "all".to_owned());
    let ingress = ingress.clone();
    annotations.insert("run.googleapis.com/ingress-status".to_owned(), ingress);
    annotations.insert("run.googleapis.com/urls".to_owned(), format!("[{}]", urls.join(",")));
    let creator = before
        .and_then(|before| before.metadata.as_ref()?.annotations.get(CREATOR))
        .cloned()
        .unwrap_or_else(|| CALLER.to_owned());
    annotations.insert(CREATOR.to_owned(), creator);
    // That of the last write, until this one is accepted.
    let operation =
        before.and_then(|before| before.metadata.as_ref()?.annotations.get(operations::ANNOTATION));
    match operation {
        Some(id) => drop(annotations.insert(operations::ANNOTATION.to_owned(), id.clone())),
        None => drop(annotations.remove(operations::ANNOTATION)),
    }
    annotations.insert("serving.knative.dev/lastModifier".to_owned(), CALLER.to_owned());
}

const CREATOR: &str = "serving.knative.dev/creator";
