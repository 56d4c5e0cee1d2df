//! `--log-http`: requests and answers, without what is secret in them.

use std::fmt::Write;

use run_api::Exchange;
use serde_json::Value;

/// One exchange as text. Headers, and so credentials, are not part of it; the values of environment variables
/// are masked, since secrets are kept there against all advice.
pub(crate) fn render(exchange: &Exchange<'_>) -> String {
    let mut text = format!("> {} {} ({})", exchange.method, exchange.url, exchange.operation);
    if let Some(body) = exchange.request_body {
        let _ = write!(text, "\n{}", shown(body));
    }
    let ms = exchange.elapsed.as_millis();
    match &exchange.answer {
        Ok((status, body)) => {
            let _ = write!(text, "\n< {status} after {ms} ms\n{}", shown(body));
        }
        Err(error) => {
            let _ = write!(text, "\n< no answer after {ms} ms: {error}");
        }
    }
    text
}

fn shown(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            mask(&mut value);
            format!("{value:#}")
        }
        Err(_) => format!("({} bytes that are not JSON)", body.len()),
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("env", Value::Array(variables)) => variables.iter_mut().for_each(mask_variable),
                    ("annotations", Value::Object(annotations)) => {
                        annotations.values_mut().for_each(mask_annotation)
                    }
                    _ => mask(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Some tools keep the whole object they applied in an annotation, variables and all.
fn mask_annotation(value: &mut Value) {
    let is_object = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
    if value.as_str().is_some_and(is_object) {
        *value = "(masked)".into();
    }
}

fn mask_variable(variable: &mut Value) {
    if let Some(value) = variable.get_mut("value") {
        *value = "(masked)".into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_variables_are_masked_wherever_they_are() {
        let body = json!({
            "items": [{"metadata": {"annotations": {"last": "{\"env\":\"hunter2\"}", "ingress": "all"}}, "spec": {"containers": [{"image": "i", "env": [
                {"name": "TOKEN", "value": "hunter2"},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "1"}}},
            ]}]}}],
        });
        let text = shown(body.to_string().as_bytes());
        assert!(!text.contains("hunter2") && text.contains("(masked)") && text.contains("TOKEN"), "{text}");
        assert!(text.contains("secretKeyRef"), "{text}");
        assert_eq!(shown(b"<html>"), "(6 bytes that are not JSON)");
    }
}
