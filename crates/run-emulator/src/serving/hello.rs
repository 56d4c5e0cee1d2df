//! The answer of a hello image.

use bytes::Bytes;
use run_api::known::labels;
use run_api::types::{EnvVar, Revision};
use serde_json::{Map, Value, json};

use crate::images::{self, Catalogue, ImageBehaviour};
use crate::store::Store;

/// What a revision answers to every request; none if its image is not one that answers.
///
/// It is the same every time, so it is made once.
pub(super) fn answer(store: &Store, revision: &Revision, catalogue: &Catalogue) -> Option<Bytes> {
    let metadata = revision.metadata.as_ref()?;
    let (name, service) = (metadata.name.as_deref()?, metadata.labels.get(labels::SERVICE)?);
    let containers = &revision.spec.as_ref()?.containers;
    let container = containers.iter().find(|container| !container.ports.is_empty()).or(containers.first())?;
    let image = container.image.as_deref()?;
    let reference = store.reference(image);
    if !matches!(catalogue.behaviour(reference), ImageBehaviour::Hello | ImageBehaviour::FailsAtFirst { .. })
    {
        return None;
    }
    let port = container.ports.first().and_then(|port| port.container_port).unwrap_or(8080);
    let mut environment: Map<String, Value> =
        container.env.iter().filter_map(|variable| Some((variable.name.clone()?, shown(variable)))).collect();
    for (key, value) in [
        ("K_SERVICE", service.as_str()),
        ("K_REVISION", name),
        ("K_CONFIGURATION", service),
        ("PORT", &port.to_string()),
    ] {
        environment.insert(key.to_owned(), value.into());
    }
    let body = json!({
        "message": format!("Hello from {name}"),
        "image": image,
        "version": images::version(reference),
        "service": service,
        "revision": name,
        "configuration": service,
        "environment": environment,
    });
    Some(Bytes::from(format!("{body:#}\n")))
}

/// A literal by its value; a secret by where it would come from, since there is none here.
fn shown(variable: &EnvVar) -> Value {
    match variable.value_from.as_ref().and_then(|source| source.secret_key_ref.as_ref()) {
        Some(secret) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            format!("(secret {} {})", part(&secret.name), part(&secret.key)).into()
        }
        None => variable.value.clone().unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_says_who_it_is() {
        let store = Store::new(crate::project::Projects::default(), 1);
        let revision: Revision = serde_json::from_value(json!({
            "metadata": {"name": "hello-1", "labels": {labels::SERVICE: "hello"}},
            "spec": {"containers": [{"image": "gcr.io/google-samples/hello-app:2.0", "env": [
                {"name": "A", "value": "1"},
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "token", "key": "latest"}}},
            ]}]},
        }))
        .unwrap();
        let body: Value =
            serde_json::from_slice(&answer(&store, &revision, &Catalogue::default()).unwrap()).unwrap();
        assert_eq!(body["version"], "2.0");
        assert_eq!(body["revision"], "hello-1");
        let expected = json!({
            "A": "1", "S": "(secret token latest)", "K_SERVICE": "hello", "K_REVISION": "hello-1",
            "K_CONFIGURATION": "hello", "PORT": "8080",
        });
        assert_eq!(body["environment"], expected);
    }
}
