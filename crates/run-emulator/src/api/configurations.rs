//! Configurations: the half of a service that makes revisions. (Knative: a service owns one of its name.)

use std::collections::BTreeMap;

use run_api::types::{Configuration, ConfigurationSpec, ConfigurationStatus, ListMeta, ObjectMeta};

use super::error::ApiError;
use super::list::{self, ListQuery};
use super::scope::Scope;
use crate::conditions;
use crate::store::{Key, LOCATION_LABEL, SERVICE_LABEL, ServiceRecord, Store};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Configuration, ApiError> {
    let found = scope.find(&store.services, name);
    let (key, record) =
        found.ok_or_else(|| ApiError::not_found("CONFIGURATION", name, scope.region_name(), &scope.named))?;
    Ok(configuration(key, record))
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Configuration>, Option<ListMeta>), ApiError> {
    page(store, scope, query, configuration)
}

/// One page of objects that belong to services and have their names.
pub(super) fn page<T>(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
    make: fn(&Key, &ServiceRecord) -> T,
) -> Result<(Vec<T>, Option<ListMeta>), ApiError> {
    let services = scope.all(&store.services);
    let services =
        services.filter_map(|(key, record)| Some(((key, record), record.object.metadata.as_ref()?)));
    list::page_of_made(services, query, |(key, _)| labels(key), |(key, record)| make(key, record))
}

fn configuration(key: &Key, record: &ServiceRecord) -> Configuration {
    let status = record.object.status.clone().unwrap_or_default();
    Configuration {
        api_version: Some("serving.knative.dev/v1".to_owned()),
        kind: Some("Configuration".to_owned()),
        metadata: Some(ObjectMeta {
            uid: Some(record.configuration_uid.clone()),
            ..owned_metadata(key, record, "configurations")
        }),
        spec: Some(ConfigurationSpec {
            template: record.object.spec.as_ref().and_then(|spec| spec.template.clone()),
        }),
        status: Some(ConfigurationStatus {
            conditions: conditions::renamed(&status.conditions, "ConfigurationsReady", "Ready"),
            latest_created_revision_name: status.latest_created_revision_name,
            latest_ready_revision_name: status.latest_ready_revision_name,
            observed_generation: status.observed_generation,
        }),
    }
}

/// The metadata of an object that belongs to a service and has its name.
pub(super) fn owned_metadata(key: &Key, record: &ServiceRecord, collection: &str) -> ObjectMeta {
    let service = record.object.metadata.clone().unwrap_or_default();
    ObjectMeta {
        name: Some(key.name.clone()),
        namespace: service.namespace,
        self_link: Some(format!(
            "/apis/serving.knative.dev/v1/namespaces/{}/{collection}/{}",
            key.project, key.name
        )),
        uid: service.uid,
        resource_version: service.resource_version,
        generation: service.generation,
        creation_timestamp: service.creation_timestamp,
        labels: labels(key),
        ..ObjectMeta::default()
    }
}

fn labels(service: &Key) -> BTreeMap<String, String> {
    let labels = [(SERVICE_LABEL, service.name.as_str()), (LOCATION_LABEL, service.region().name)];
    labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into()
}
