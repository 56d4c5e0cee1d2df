//! IAM policies of all kinds that have one.

use run_api::types::{SetIamPolicyRequest, TestIamPermissionsRequest};

use crate::api::iam;
use crate::http::call::{Answer, Call};
use crate::http::respond;

pub(super) fn answer(call: &Call<'_>, collection: &str, verb: &str) -> Option<Answer> {
    Some(match (collection, verb) {
        ("services", "getIamPolicy") => get(call),
        ("services", "setIamPolicy") => set(call),
        ("services", "testIamPermissions") => test(call),
        _ => return None,
    })
}

fn get(call: &Call<'_>) -> Answer {
    let version = call.number("options.requestedPolicyVersion")?;
    call.read(|store| iam::get(store, call.scope(), call.name(), version))
}

fn set(call: &Call<'_>) -> Answer {
    let request: SetIamPolicyRequest = call.parse("SetIamPolicyRequest")?;
    call.read(|store| {
        let (policy, key) = iam::set(store, call.scope(), call.name(), request)?;
        call.engine.publish(store, &key);
        Ok(policy)
    })
}

fn test(call: &Call<'_>) -> Answer {
    let request: TestIamPermissionsRequest = call.parse("TestIamPermissionsRequest")?;
    respond::json(&iam::test(request))
}
