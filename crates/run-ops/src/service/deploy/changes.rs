//! Which fields a deployment changes, for people.

use serde_json::Value;

/// The paths at which two objects differ. Values are only shown of images: others may be secret. The traffic is left
/// out, since a plan shows it in a form of its own, and so is the status.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(String::new(), before, after, &mut found);
    found
}

fn walk(path: String, before: &Value, after: &Value, found: &mut Vec<String>) {
    if before == after || ["status", "spec.traffic"].contains(&path.as_str()) {
        return;
    }
    match (before, after) {
        (Value::Null, Value::Object(after)) => {
            after.iter().for_each(|(key, value)| walk(child(&path, key), &Value::Null, value, found));
        }
        (Value::Object(before), Value::Object(after)) => {
            let gone = before.keys().filter(|key| !after.contains_key(*key));
            for key in gone.chain(after.keys()) {
                let of =
                    |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
                walk(child(&path, key), &of(before), &of(after), found);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (at, (before, after)) in before.iter().zip(after).enumerate() {
                walk(format!("{path}[{at}]"), before, after, found);
            }
        }
        (Value::Null, Value::Array(after)) => {
            for (at, after) in after.iter().enumerate() {
                walk(format!("{path}[{at}]"), &Value::Null, after, found);
            }
        }
        (before, after) => found.push(match (before.as_str(), after.as_str()) {
            (Some(before), Some(after)) if path.ends_with(".image") => format!("{path}: {before} -> {after}"),
            (None, Some(after)) if path.ends_with(".image") => format!("{path}: {after}"),
            _ => path,
        }),
    }
}

fn child(path: &str, key: &str) -> String {
    // Keys of labels and annotations have dots and slashes.
    match (path.is_empty(), key.contains(['.', '/'])) {
        (true, _) => key.to_owned(),
        (false, true) => format!("{path}[{key}]"),
        (false, false) => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_without_secrets() {
        let before = json!({
            "metadata": {"annotations": {"a.b/c": "1"}, "labels": {"x": "1"}},
            "spec": {"traffic": [1], "containers": [{"image": "a:1", "env": [{"name": "KEY", "value": "hunter2"}]}]},
            "status": 1,
        });
        let after = json!({
            "metadata": {"annotations": {"a.b/c": "2"}},
            "spec": {"traffic": [2], "containers": [
                {"image": "a:2", "env": [{"name": "KEY", "value": "hunter3"}], "args": ["-v"]},
            ]},
            "status": 2,
        });
        assert_eq!(
            changes(&before, &after),
            [
                "metadata.labels",
                "metadata.annotations[a.b/c]",
                "spec.containers[0].args[0]",
                "spec.containers[0].env[0].value",
                "spec.containers[0].image: a:1 -> a:2",
            ]
        );
        assert_eq!(
            changes(&Value::Null, &json!({"image": 1, "spec": {"image": "a"}})),
            ["image", "spec.image: a"]
        );
    }
}
