//! IAM policies of all kinds of objects that have one.

use run_api::Named;
use run_api::methods::Method;
use run_api::types::{
    Instance, Job, Policy, Service, SetIamPolicyRequest, TestIamPermissionsRequest,
    TestIamPermissionsResponse, WorkerPool,
};

use super::objects::{self, Written, not_found};
use crate::access::{self, Who};
use crate::error::ApiError;
use crate::project::fnv1a;
use crate::rules;
use crate::store::{Guarded, Scope, Store};

/// The first version of policies that can have conditions.
const WITH_CONDITIONS: i32 = 3;

pub(crate) fn get<K: Guarded>(
    store: &Store,
    scope: &Scope,
    name: &str,
    requested_version: Option<i32>,
) -> Result<Policy, ApiError> {
    let policy = K::policy(objects::find::<K>(store, scope, name)?.1);
    match requested_version.unwrap_or_default() {
        version @ (0 | 1 | WITH_CONDITIONS) => Ok(as_version(policy, version)),
        other => Err(ApiError::invalid(format!(
            "Invalid requested policy version {other}: it must be 0, 1 or {WITH_CONDITIONS}."
        ))),
    }
}

/// A reader that asks for a version without conditions gets bindings of a role that does not exist in their
/// place, so that it cannot mistake them. (Source: <https://cloud.google.com/iam/docs/policies#versions>)
fn as_version(policy: &Policy, requested: i32) -> Policy {
    let mut policy = policy.clone();
    if requested < WITH_CONDITIONS && policy.bindings.iter().any(|binding| binding.condition.is_some()) {
        for binding in &mut policy.bindings {
            if let (Some(condition), Some(role)) = (binding.condition.take(), binding.role.as_mut()) {
                let hash = fnv1a(condition.expression.unwrap_or_default().as_bytes());
                *role = format!("{role}_withcond_{hash:016x}");
            }
        }
        policy.version = Some(1);
    }
    policy
}

pub(crate) fn set<K: Guarded>(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    request: SetIamPolicyRequest,
) -> Result<Written<Policy>, ApiError> {
    let key = objects::find::<K>(store, scope, name)?.0.clone();
    let given = request.policy.ok_or_else(|| ApiError::invalid("The request has no policy."))?;
    let violations = rules::check_policy(&given);
    if !violations.is_empty() {
        return Err(ApiError::violations(&violations));
    }
    let now = store.clock.tick();
    let record = K::table_mut(store).get_mut(&key).ok_or_else(|| not_found::<K>(scope, name))?;
    let current = K::policy_mut(record);
    let etag = given.etag.as_deref().unwrap_or_default();
    if !etag.is_empty() && bytes(current.etag.as_deref().unwrap_or_default()) != bytes(etag) {
        return Err(ApiError::policy_conflict());
    }
    let mask = request.update_mask.filter(|mask| !mask.is_empty());
    let named =
        |field: &str| mask.as_deref().is_none_or(|mask| mask.split(',').any(|part| part.trim() == field));
    let mut next = current.clone();
    if named("bindings") {
        next.bindings = given.bindings;
        next.bindings.retain(|binding| !binding.members.is_empty());
    }
    if named("auditConfigs") || named("audit_configs") {
        next.audit_configs = given.audit_configs;
    }
    if mask.is_none() {
        next.extra = given.extra;
    }
    let conditional = next.bindings.iter().any(|binding| binding.condition.is_some());
    next.version = Some(if conditional { WITH_CONDITIONS } else { 1 });
    next.etag = Some(now.etag());
    current.clone_from(&next);
    Ok(Written::driven_if::<K>(next, key, false))
}

/// An etag is bytes: gcloud sends it back in the URL-safe alphabet. (Seen.)
fn bytes(etag: &str) -> String {
    etag.trim_end_matches('=').replace('-', "+").replace('_', "/")
}

/// Which permissions a caller has; all if nobody is asked who they are. The object need not exist for the question, which
/// gcloud asks before it creates a service.
pub(crate) fn test(
    request: TestIamPermissionsRequest,
    who: Who<'_>,
    policy: Option<&Policy>,
) -> TestIamPermissionsResponse {
    let has = |name: &String| match who {
        Who::Anybody => true,
        Who::Known(caller) => caller.may(name, policy),
        Who::Anonymous | Who::Unknown => false,
    };
    let run = request.permissions.into_iter().filter(|name| name.starts_with("run."));
    TestIamPermissionsResponse { permissions: run.filter(has).collect() }
}

/// Refuses a caller that may not call a method. Everybody may ask what they may do.
pub(crate) fn authorize(
    store: &Store,
    who: Who<'_>,
    method: &Method,
    scope: &Scope,
    name: &str,
) -> Result<(), ApiError> {
    let permission = access::permission(method.id);
    match who {
        Who::Anybody => Ok(()),
        Who::Anonymous | Who::Unknown => Err(ApiError::unauthenticated()),
        Who::Known(_) if permission.ends_with(".testIamPermissions") => Ok(()),
        Who::Known(caller) => {
            let collection = permission.split('.').nth(1).unwrap_or_default();
            if caller.may(&permission, policy_of(store, scope, collection, name)) {
                return Ok(());
            }
            let of = if name.is_empty() { String::new() } else { format!("/{name}") };
            Err(ApiError::forbidden(&permission, &format!("namespaces/{}/{collection}{of}", scope.named)))
        }
    }
}

/// The policy of an object, by the collection that paths name.
pub(crate) fn policy_of<'a>(
    store: &'a Store,
    scope: &Scope,
    collection: &str,
    name: &str,
) -> Option<&'a Policy> {
    fn of<'a, K: Guarded>(store: &'a Store, scope: &Scope, name: &str) -> Option<&'a Policy> {
        scope.find(K::table(store), name).map(|(_, record)| K::policy(record))
    }
    match collection {
        Service::COLLECTION => of::<Service>(store, scope, name),
        Job::COLLECTION => of::<Job>(store, scope, name),
        WorkerPool::COLLECTION => of::<WorkerPool>(store, scope, name),
        Instance::COLLECTION => of::<Instance>(store, scope, name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_etag_is_the_same_in_either_alphabet() {
        assert_eq!(bytes("BwY+/g=="), bytes("BwY-_g"));
        assert_ne!(bytes("BwY+/g=="), bytes("BwY+/h=="));
    }

    #[test]
    fn conditions_need_version_3() {
        let policy: Policy = serde_json::from_value(json!({"version": 3, "bindings": [
            {"role": "roles/run.invoker", "members": ["allUsers"], "condition": {"expression": "true"}},
        ]}))
        .unwrap();
        assert_eq!(as_version(&policy, 3), policy);
        let old = as_version(&policy, 1);
        assert_eq!(old.version, Some(1));
        assert!(old.bindings[0].role.as_deref().unwrap().starts_with("roles/run.invoker_withcond_"));
    }
}
