//! Configurations and routes: the half of a service that makes revisions, and the half that leads requests to them.
//! (Knative: a service owns one of each, of its name.) They are made of the service when they are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use run_api::Resource;
use run_api::known::{annotations, labels};
use run_api::types::{
    Configuration, ConfigurationSpec, ConfigurationStatus, ObjectMeta, Route, RouteSpec, RouteStatus,
};

use super::objects::Readable;
use crate::conditions;
use crate::project::fnv1a;
use crate::store::{Key, ServiceRecord, Store, Table};

macro_rules! made_of_services {
    ($($kind:ident by $make:ident),*) => {
        $(impl Readable for $kind {
            type Row = ServiceRecord;

            fn rows(store: &Store) -> &Table<ServiceRecord> {
                &store.services
            }

            fn read<'a>(key: &Key, record: &'a ServiceRecord) -> Cow<'a, Self> {
                Cow::Owned($make(key, record))
            }

            fn stored_metadata(record: &ServiceRecord) -> Option<&ObjectMeta> {
                record.object.metadata.as_ref()
            }

            fn own_labels<'a>(key: &Key, record: &'a ServiceRecord) -> Cow<'a, BTreeMap<String, String>> {
                Cow::Owned(shared_labels(key, record))
            }
        })*
    };
}

made_of_services!(Configuration by configuration, Route by route);

fn configuration(key: &Key, record: &ServiceRecord) -> Configuration {
    let status = record.object.status.clone().unwrap_or_default();
    Configuration {
        api_version: Some(Configuration::API_VERSION.to_owned()),
        kind: Some(Configuration::KIND.to_owned()),
        metadata: Some(ObjectMeta {
            uid: Some(record.configuration_uid.clone()),
            ..metadata::<Configuration>(key, record)
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

fn route(key: &Key, record: &ServiceRecord) -> Route {
    let status = record.object.status.clone().unwrap_or_default();
    let metadata = metadata::<Route>(key, record);
    Route {
        api_version: Some(Route::API_VERSION.to_owned()),
        kind: Some(Route::KIND.to_owned()),
        metadata: Some(ObjectMeta { uid: metadata.uid.as_deref().map(derived_uid), ..metadata }),
        spec: Some(RouteSpec {
            traffic: record.object.spec.as_ref().map(|spec| spec.traffic.clone()).unwrap_or_default(),
        }),
        status: Some(RouteStatus {
            address: status.address,
            conditions: conditions::renamed(&status.conditions, "RoutesReady", "Ready"),
            observed_generation: status.observed_generation,
            traffic: status.traffic,
            url: status.url,
        }),
    }
}

/// The metadata of an object that belongs to a service and has its name.
fn metadata<K: Resource>(key: &Key, record: &ServiceRecord) -> ObjectMeta {
    let service = record.object.metadata.clone().unwrap_or_default();
    let (project, name) = (key.project, &key.name);
    ObjectMeta {
        name: Some(name.clone()),
        namespace: service.namespace,
        self_link: Some(format!("/apis/{}/namespaces/{project}/{}/{name}", K::API_VERSION, K::COLLECTION)),
        uid: service.uid,
        resource_version: service.resource_version,
        generation: service.generation,
        creation_timestamp: service.creation_timestamp,
        labels: shared_labels(key, record),
        annotations: shared_annotations(&service.annotations),
        ..ObjectMeta::default()
    }
}

/// The user's labels of the service, and those by which its parts are found. (Seen in Knative's tests on the real service:
/// the parts have what the user gave the service, and lose it when the service does.)
fn shared_labels(key: &Key, record: &ServiceRecord) -> BTreeMap<String, String> {
    let given = record.object.labels().iter().filter(|(key, _)| !is_reserved(key));
    let own = [(labels::SERVICE, key.name.as_str()), (labels::LOCATION, key.region().name)];
    let given = given.map(|(label, value)| (label.clone(), value.clone()));
    given.chain(own.map(|(label, value)| (label.to_owned(), value.to_owned()))).collect()
}

/// The user's annotations of the service, and who made and wrote it. (Seen, as above.)
fn shared_annotations(service: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let signs = [annotations::CREATOR, annotations::LAST_MODIFIER];
    let kept = service.iter().filter(|(key, _)| !is_reserved(key) || signs.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a key of labels or annotations is the system's.
fn is_reserved(key: &str) -> bool {
    ["run.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/", "cloud.googleapis.com/"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}

/// A route is not stored; its uid depends on that of its service.
fn derived_uid(service: &str) -> String {
    let half = |salt: u8| u128::from(fnv1a(&[service.as_bytes(), &[salt]].concat()));
    uuid::Builder::from_random_bytes(((half(0) << 64) | half(1)).to_be_bytes()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_uid_is_a_uid_and_always_the_same() {
        let uid = derived_uid("46b28549-6c5c-4245-bc8d-9cec06d262b6");
        assert_eq!(uid, derived_uid("46b28549-6c5c-4245-bc8d-9cec06d262b6"));
        assert_eq!(uuid::Uuid::parse_str(&uid).unwrap().get_version_num(), 4);
    }
}
