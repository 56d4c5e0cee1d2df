//! Putting the routes of a generation in place.

use run_api::known;
use std::borrow::Cow;
use std::collections::BTreeSet;

use run_api::types::{Condition, Service, TrafficTarget};

use super::revision;
use crate::clock::Moment;
use crate::conditions::{self, Is};
use crate::environment::{ACCESS_CHECK_FAILED, FailureStyle};
use crate::store::{Key, ServiceRecord, Store, Tables, touch};
use crate::urls::{self, Hosts};

/// Whether the wanted traffic of a service names a revision.
pub(super) fn names(service: &Service, revision: &str) -> bool {
    let traffic = service.spec.as_ref().map_or(&[][..], |spec| &spec.traffic);
    traffic.iter().any(|target| target.revision_name.as_deref() == Some(revision))
}

/// Makes `status.traffic` what `spec.traffic` asks for, or says why it cannot be.
pub(super) fn put_in_place(store: &mut Store, style: FailureStyle, service: &Key, generation: i32) {
    let now = store.clock.tick();
    let planned = match store.services.get(service) {
        Some(record) => followed(store, style, service, record)
            .and_then(|(latest, of_its_own)| plan(store, service, &record.object, latest, of_its_own)),
        None => return,
    };
    let url = store.url_of(&Hosts::of(service).short(None));
    let Some(record) = store.services.get_mut(service) else { return };
    record.routed_generation = Some(generation);
    let status = record.object.status.get_or_insert_default();
    let ready_at = &mut status.conditions;
    let of_routes = planned.as_ref().err().cloned();
    say(ready_at, "RoutesReady", of_routes.as_ref(), now);
    // What fails the configuration fails the service, wherever the traffic goes. (Knative. Seen: of two failures, that of
    // the routes counts, by the present style.)
    let of_configuration = failure(ready_at, "ConfigurationsReady");
    let of_service = match style {
        FailureStyle::Of2022 => of_configuration.or(of_routes),
        FailureStyle::Of2024 => of_routes.or(of_configuration),
    };
    say(ready_at, "Ready", of_service.as_ref(), now);
    if let Ok(traffic) = planned {
        status.traffic = traffic;
        urls::say_address(&mut record.object, &url);
    }
    touch(&mut record.object.metadata, now);
    let routed: BTreeSet<String> =
        status_traffic(&record.object).iter().filter_map(|target| target.revision_name.clone()).collect();
    for key in store.revisions_of::<Service>(service) {
        if let Some(found) = store.revisions.get_mut(&key) {
            if routed.contains(&key.name) {
                revision::activate(found, Some(&service.name), now);
            } else {
                revision::retire(found, now);
            }
        }
    }
    say_whether_idle(store, service, now);
    forget_oldest(store, service, MOST_REVISIONS);
}

/// Sets a condition to False for a trouble, to True without one.
fn say(all: &mut Vec<Condition>, kind: &str, trouble: Option<&Trouble>, now: Moment) {
    match trouble {
        Some((reason, message)) => conditions::set(all, kind, Is::False, Some(reason), Some(message), now),
        None => conditions::set(all, kind, Is::True, None, None, now),
    }
}

/// What a condition that is False says.
fn failure(all: &[Condition], kind: &str) -> Option<Trouble> {
    let failed = conditions::find(all, kind).filter(|_| conditions::has(all, kind, Is::False))?;
    Some((failed.reason.clone().unwrap_or_default().into(), failed.message.clone().unwrap_or_default()))
}

/// With traffic pinned elsewhere, the latest revision retires when it has shown that it starts. (Seen:
/// `ConfigurationsReady` then has its reason, and the message of its deployment.)
fn say_whether_idle(store: &mut Store, service: &Key, now: Moment) {
    let tables: &mut Tables = store;
    let Some(record) = tables.services.get_mut(service) else { return };
    let latest = tables.revisions.get(&service.sibling(&record.revisions.latest));
    let idle = latest.filter(|latest| revision::is_idle(latest)).and_then(revision::ready_condition);
    let (reason, message) =
        idle.map_or((None, None), |idle| (idle.reason.as_deref(), idle.message.as_deref()));
    let conditions = &mut record.object.status.get_or_insert_default().conditions;
    if conditions::has(conditions, "ConfigurationsReady", Is::True) {
        conditions::set(conditions, "ConfigurationsReady", Is::True, reason, message, now);
    }
}

/// Retires a revision that has become ready after the routes were put in place without it, since a later write
/// had superseded it.
pub(super) fn retire_unless_needed(store: &mut Store, service: &Key, revision: &Key) {
    let now = store.clock.tick();
    let Some(record) = store.services.get(service) else { return };
    let generation = record.object.metadata.as_ref().and_then(|metadata| metadata.generation);
    let routed = status_traffic(&record.object)
        .iter()
        .any(|target| target.revision_name.as_deref() == Some(&revision.name));
    if record.routed_generation == generation
        && !routed
        && record.revisions.latest != revision.name
        && let Some(revision) = store.revisions.get_mut(revision)
    {
        revision::retire(revision, now);
    }
}

/// (Documented: of the revisions that no route leads to, those above 1000 go, the oldest first.)
const MOST_REVISIONS: usize = 1000;

pub(super) fn forget_oldest(store: &mut Store, service: &Key, most: usize) {
    store.forget_oldest::<Service>(service, most, |record, name| {
        let status = record.object.status.as_ref();
        let ready = status.and_then(|status| status.latest_ready_revision_name.as_deref());
        let routed = status_traffic(&record.object);
        record.revisions.latest == name
            || ready == Some(name)
            || routed.iter().any(|target| target.revision_name.as_deref() == Some(name))
            || names(&record.object, name)
    });
}

fn status_traffic(service: &Service) -> &[TrafficTarget] {
    service.status.as_ref().map_or(&[], |status| &status.traffic)
}

/// Why routes cannot be put in place: a reason and a message.
type Trouble = (Cow<'static, str>, String);

/// The revision that floating targets follow, and whether its failure is that of the routes: the latest one, or by the
/// older style the latest that is ready. (Knative.)
fn followed<'a>(
    store: &Store,
    style: FailureStyle,
    service: &Key,
    record: &'a ServiceRecord,
) -> Result<(&'a str, bool), Trouble> {
    let latest = record.revisions.latest.as_str();
    let failed = matches!(revision::outcome(store, &service.sibling(latest)), Some(Some(_)));
    if style == FailureStyle::Of2024 || !failed {
        return Ok((latest, true));
    }
    let ready = record.object.status.as_ref().and_then(|status| status.latest_ready_revision_name.as_deref());
    let message = format!("Configuration \"{}\" does not have any ready Revision.", service.name);
    ready.map(|ready| (ready, false)).ok_or(("RevisionMissing".into(), message))
}

/// The traffic in force: always with the revision's name, a floating target marked as such, a URL only for tags,
/// no percentage of zero. (Seen.)
fn plan(
    store: &Store,
    key: &Key,
    service: &Service,
    latest: &str,
    of_its_own: bool,
) -> Result<Vec<TrafficTarget>, Trouble> {
    let hosts = Hosts::of(key);
    let wanted = service.spec.as_ref().map_or(&[][..], |spec| &spec.traffic);
    let mut traffic = Vec::new();
    for target in wanted {
        let floating = target.revision_name.is_none();
        let name = target.revision_name.as_deref().unwrap_or(latest);
        let used = target.percent.unwrap_or(0) > 0 || target.tag.is_some();
        check(store, key, name, used)?;
        traffic.push(TrafficTarget {
            revision_name: Some(name.to_owned()),
            latest_revision: floating.then_some(true),
            percent: target.percent.filter(|percent| *percent > 0),
            tag: target.tag.clone(),
            url: target
                .tag
                .as_deref()
                .filter(|_| urls::has_default(service))
                .map(|tag| store.url_of(&hosts.short(Some(tag)))),
            ..TrafficTarget::default()
        });
    }
    // A generation whose own revision failed has failed, even if no traffic was meant for it. (Seen: with traffic
    // pinned elsewhere, a new revision is health-checked all the same.) A later one, which only moves traffic,
    // is not held back by it.
    check(store, key, latest, of_its_own && made_by(store, &key.sibling(latest), service))?;
    Ok(traffic)
}

fn made_by(store: &Store, revision: &Key, service: &Service) -> bool {
    let made = store
        .revisions
        .get(revision)
        .and_then(|revision| revision.metadata.as_ref()?.labels.get(known::labels::CONFIGURATION_GENERATION));
    let generation = service.metadata.as_ref().and_then(|metadata| metadata.generation);
    made.and_then(|made| made.parse().ok()) == generation
}

fn check(store: &Store, service: &Key, revision: &str, used: bool) -> Result<(), Trouble> {
    if !used {
        return Ok(());
    }
    match revision::outcome(store, &service.sibling(revision)) {
        Some(None) => Ok(()),
        Some(Some(failed)) => {
            let message = failed.message.unwrap_or_default();
            let prefix = format!("Revision '{revision}' is not ready and cannot serve traffic. ");
            let message = if message.starts_with(&prefix) { message } else { format!("{prefix}{message}") };
            // (Seen: RevisionFailed for a missing image, the revision's own reason otherwise.)
            let reason = match failed.reason.as_deref() {
                Some("HealthCheckContainerError") => "HealthCheckContainerError",
                Some("ContainerPermissionDenied") => "ContainerPermissionDenied",
                Some(ACCESS_CHECK_FAILED) => ACCESS_CHECK_FAILED,
                _ => "RevisionFailed",
            };
            Err((reason.into(), message))
        }
        None => Err((
            "RevisionMissing".into(),
            format!(
                "Revision '{revision}' does not exist or is deleted. Update all traffic to route to currently \
                 available revisions."
            ),
        )),
    }
}
