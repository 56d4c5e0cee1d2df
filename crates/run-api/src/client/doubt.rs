//! What tells an answer from the one that was asked for. Each gives the reason not to believe it, if there is one.

use crate::types::{Policy, Task};
use crate::{List, Resource, WriteOptions};

/// Recorded tasks have none.
const WITHOUT_UID: &str = <Task as Resource>::KIND;

/// Every object that the server has stored has a uid, or a name at least; one of another name is the answer to another
/// request.
pub(super) fn of_object<K: Resource>(object: &K, name: Option<&str>) -> Option<String> {
    let lacks = |field: Option<&str>| field.is_none_or(str::is_empty);
    match K::KIND {
        WITHOUT_UID if lacks(object.uid()) && lacks(object.name()) => {
            Some("it has no metadata.name".to_owned())
        }
        WITHOUT_UID => of_name(object, name),
        _ if lacks(object.uid()) => Some("it has no metadata.uid".to_owned()),
        _ => of_name(object, name),
    }
}

/// What was only tried is not stored, and need not have what the server gives to what is.
pub(super) fn of_tried<K: Resource>(
    object: &K,
    name: Option<&str>,
    options: &WriteOptions,
) -> Option<String> {
    if options.dry_run { of_name(object, name) } else { of_object(object, name) }
}

fn of_name<K: Resource>(object: &K, name: Option<&str>) -> Option<String> {
    match (object.name(), name) {
        (Some(is), Some(asked)) if is != asked => Some(format!("it is the {} `{is}`", K::NOUN)),
        _ => None,
    }
}

/// Every policy has an etag, also one that was never set.
pub(super) fn of_policy(policy: &Policy) -> Option<String> {
    policy.etag.as_deref().is_none_or(str::is_empty).then(|| "it is a policy without an etag".to_owned())
}

pub(super) fn of_list<K: Resource>(list: &List<K>) -> Option<String> {
    of_kind::<K>(list.kind.as_deref())
}

/// The `kind` of a list, where it is said.
pub(super) fn of_kind<K: Resource>(kind: Option<&str>) -> Option<String> {
    let kind = kind?;
    (kind.strip_suffix("List") != Some(K::KIND)).then(|| format!("it is a {kind} and no {}List", K::KIND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Service;

    #[test]
    fn a_task_has_a_name_and_no_uid() {
        let task = |metadata: serde_json::Value| -> Task {
            serde_json::from_value(serde_json::json!({ "metadata": metadata })).unwrap()
        };
        for (metadata, doubtful) in [
            (serde_json::json!({ "name": "run-task0" }), false),
            (serde_json::json!({ "name": "run-task0", "uid": "u" }), false),
            (serde_json::json!({ "name": "run-task1" }), true),
            (serde_json::json!({}), true),
        ] {
            assert_eq!(
                of_object(&task(metadata.clone()), Some("run-task0")).is_some(),
                doubtful,
                "{metadata}"
            );
        }
    }

    #[test]
    fn what_was_only_tried_has_a_name_at_least() {
        let service = |metadata: &serde_json::Value| -> Service {
            serde_json::from_value(serde_json::json!({ "metadata": metadata })).unwrap()
        };
        let (stored, tried) = (WriteOptions::default(), WriteOptions::dry_run());
        for (metadata, doubts) in [
            (serde_json::json!({ "name": "hello", "uid": "u" }), [false, false]),
            (serde_json::json!({ "name": "hello" }), [true, false]),
            (serde_json::json!({ "name": "other", "uid": "u" }), [true, true]),
        ] {
            let found = service(&metadata);
            let found = [&stored, &tried].map(|how| of_tried(&found, Some("hello"), how).is_some());
            assert_eq!(found, doubts, "{metadata}");
        }
    }
}
