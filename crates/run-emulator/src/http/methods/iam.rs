//! IAM policies of all kinds that have one.

use run_api::types::{SetIamPolicyRequest, TestIamPermissionsRequest};

use crate::api::iam;
use crate::http::call::{Answer, Call};
use crate::http::respond;
use crate::store::Guarded;

pub(super) fn answer(call: &Call<'_>, collection: &str, verb: &str) -> Option<Answer> {
    let kind = Guarded::of_collection(collection)?;
    Some(match verb {
        "getIamPolicy" => get(call, kind),
        "setIamPolicy" => set(call, kind),
        "testIamPermissions" => test(call),
        _ => return None,
    })
}

fn get(call: &Call<'_>, kind: Guarded) -> Answer {
    let version = call.number("options.requestedPolicyVersion")?;
    call.read(|store| iam::get(store, call.scope(), kind, call.name(), version))
}

fn set(call: &Call<'_>, kind: Guarded) -> Answer {
    let request: SetIamPolicyRequest = call.parse("SetIamPolicyRequest")?;
    call.read(|store| {
        let (policy, key) = iam::set(store, call.scope(), kind, call.name(), request)?;
        // Who may send requests is a question of services alone.
        if kind == Guarded::Service {
            call.engine.publish(store, &key);
        }
        Ok(policy)
    })
}

fn test(call: &Call<'_>) -> Answer {
    let request: TestIamPermissionsRequest = call.parse("TestIamPermissionsRequest")?;
    respond::json(&iam::test(request))
}
