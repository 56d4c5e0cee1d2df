//! Routes: the half of a service that leads requests to revisions. (Knative: a service owns one of its name.)

use run_api::types::{ListMeta, ObjectMeta, Route, RouteSpec, RouteStatus};

use super::configurations::{owned_metadata, page};
use super::error::ApiError;
use super::list::ListQuery;
use super::scope::Scope;
use crate::conditions;
use crate::project::fnv1a;
use crate::store::{Key, ServiceRecord, Store};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Route, ApiError> {
    let found = scope.find(&store.services, name);
    let (key, record) =
        found.ok_or_else(|| ApiError::not_found("ROUTE", name, scope.region_name(), &scope.named))?;
    Ok(route(key, record))
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Route>, Option<ListMeta>), ApiError> {
    page(store, scope, query, route)
}

fn route(key: &Key, record: &ServiceRecord) -> Route {
    let status = record.object.status.clone().unwrap_or_default();
    let metadata = owned_metadata(key, record, "routes");
    Route {
        api_version: Some("serving.knative.dev/v1".to_owned()),
        kind: Some("Route".to_owned()),
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
