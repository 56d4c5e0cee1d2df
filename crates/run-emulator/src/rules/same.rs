//! What counts as the same.

use run_api::Quantity;
use serde::Serialize;
use serde_json::{Map, Value};

/// Whether two objects say the same: as JSON, in which absent and empty are the same, and quantities are values.
///
/// (Seen: Knative's conformance tests of 2022 on the real service. Go's types write back `1` for the `1000m` that the
/// server had filled in, and no revision was made.)
pub(crate) fn same<T: Serialize>(one: &T, other: &T) -> bool {
    match (serde_json::to_value(one), serde_json::to_value(other)) {
        (Ok(one), Ok(other)) => one == other || equal(&one, &other),
        _ => false,
    }
}

fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => pairs(one, other, |key, one, other| match key {
            // Their keys are their users', and their values text.
            "labels" | "annotations" | "nodeSelector" | "volumeAttributes" => one == other,
            "limits" | "requests" => match (one, other) {
                (Value::Object(one), Value::Object(other)) => {
                    pairs(one, other, |_, one, other| amounts(one, other))
                }
                _ => one == other,
            },
            "sizeLimit" => amounts(one, other),
            _ => equal(one, other),
        }),
        _ => one == other,
    }
}

fn pairs(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    equal: impl Fn(&str, &Value, &Value) -> bool,
) -> bool {
    one.len() == other.len()
        && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| equal(key, value, other)))
}

fn amounts(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => Quantity::same(one, other),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(limits: Value) -> Value {
        json!({"template": {"spec": {
            "containers": [{"resources": {"limits": limits}}],
            "volumes": [{"emptyDir": {"sizeLimit": "1Gi"}}],
        }}})
    }

    #[test]
    fn quantities_are_values() {
        let one = of(json!({"cpu": "1000m", "memory": "512Mi"}));
        for limits in [
            json!({"cpu": "1", "memory": "512Mi"}),
            json!({"cpu": "1.0", "memory": "0.5Gi"}),
            json!({"cpu": "1e0", "memory": "536870912"}),
        ] {
            assert!(same(&one, &of(limits.clone())), "{limits}");
        }
        for limits in [
            json!({"cpu": "2", "memory": "512Mi"}),
            json!({"cpu": "1", "memory": "512M"}),
            json!({"cpu": "1"}),
            json!({"cpu": "1", "memory": "512Mi", "nvidia.com/gpu": "1"}),
            json!({"cpu": 1, "memory": "512Mi"}),
        ] {
            assert!(!same(&one, &of(limits.clone())), "{limits}");
        }
        let mut larger = one.clone();
        larger["template"]["spec"]["volumes"][0]["emptyDir"]["sizeLimit"] = "1024Mi".into();
        assert!(same(&one, &larger));
        larger["template"]["spec"]["volumes"][0]["emptyDir"]["sizeLimit"] = "2Gi".into();
        assert!(!same(&one, &larger));
    }

    #[test]
    fn other_texts_are_texts() {
        for key in ["labels", "annotations"] {
            let with = |text: &str| json!({key: {"sizeLimit": text, "limits": text}});
            assert!(!same(&with("1"), &with("1000m")), "{key}");
        }
    }
}
