//! What the tables of lists show of objects: as much as is decoded, and as much as is asked for.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::terminal::{ExitStatus, Failure};

/// What a list shows of its objects.
pub(crate) trait View: DeserializeOwned {
    /// The kind of the objects.
    type Kind: run_api::Resource + Serialize;
    /// The mask of an object that asks for all that is shown.
    const FIELDS: &'static str;
}

/// An object of a list: what the columns show, and the whole object if anything else is wanted of it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Listed<V> {
    object: Value,
    #[serde(skip)]
    pub(crate) shown: V,
}

impl<V: View> Listed<V> {
    /// What is shown, and nothing else.
    pub(crate) fn shown(shown: V) -> Self {
        Self { object: Value::Null, shown }
    }

    /// A whole object.
    pub(crate) fn whole(object: &V::Kind) -> Result<Self, Failure> {
        let bad = |error: serde_json::Error| {
            Failure::new(ExitStatus::Failed, format!("an object cannot be read as it was written: {error}"))
        };
        let object = serde_json::to_value(object).map_err(bad)?;
        let shown = V::deserialize(&object).map_err(bad)?;
        Ok(Self { object, shown })
    }
}

/// The metadata that lists show.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: Option<String>,
    pub(crate) creation_timestamp: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: Labels,
    #[serde(deserialize_with = "or_default")]
    pub(crate) annotations: Annotations,
}

/// The labels that lists show, by the keys of `run_api::known::labels`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Labels {
    #[serde(rename = "cloud.googleapis.com/location")]
    pub(crate) location: Option<String>,
    #[serde(rename = "serving.knative.dev/service")]
    pub(crate) service: Option<String>,
}

/// The annotations that lists show, by the keys of `run_api::known::annotations`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Annotations {
    #[serde(rename = "run.googleapis.com/urls")]
    pub(crate) urls: Option<String>,
    #[serde(rename = "serving.knative.dev/creator")]
    pub(crate) creator: Option<String>,
    #[serde(rename = "serving.knative.dev/lastModifier")]
    pub(crate) last_modifier: Option<String>,
}

/// The conditions that lists show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    pub(crate) ready: Option<Condition>,
    pub(crate) active: Option<Condition>,
}

/// A condition.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    kind: ConditionKind,
    pub(crate) status: Option<String>,
    pub(crate) last_transition_time: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
enum ConditionKind {
    Ready,
    Active,
    #[default]
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut conditions = Self::default();
        for condition in Option::<Vec<Condition>>::deserialize(from)?.unwrap_or_default() {
            let place = match condition.kind {
                ConditionKind::Ready => &mut conditions.ready,
                ConditionKind::Active => &mut conditions.active,
                ConditionKind::Other => continue,
            };
            // The first counts, as everywhere.
            place.get_or_insert(condition);
        }
        Ok(conditions)
    }
}

/// Null is what is not there.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::known;
    use serde_json::json;

    #[test]
    fn what_is_shown_is_found_by_the_known_keys() {
        let metadata: Metadata = serde_json::from_value(json!({
            "name": "a", "namespace": "n", "creationTimestamp": "t",
            "labels": {known::labels::LOCATION: "l", known::labels::SERVICE: "s", "x": "y"},
            "annotations": {
                known::annotations::URLS: "u", known::annotations::CREATOR: "c",
                known::annotations::LAST_MODIFIER: "m", "x": "y",
            },
        }))
        .unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!((metadata.name, metadata.creation_timestamp), (text("a"), text("t")));
        assert_eq!(metadata.labels, Labels { location: text("l"), service: text("s") });
        let annotations = Annotations { urls: text("u"), creator: text("c"), last_modifier: text("m") };
        assert_eq!(metadata.annotations, annotations);
        for empty in [json!({}), json!({"labels": null, "annotations": null, "name": null})] {
            assert_eq!(serde_json::from_value::<Metadata>(empty).unwrap(), Metadata::default());
        }
    }

    #[test]
    fn of_conditions_the_first_of_a_kind_counts() {
        let of = |value: Value| serde_json::from_value::<Conditions>(value).unwrap();
        let conditions = of(json!([
            {"type": "RoutesReady", "status": "True"}, {"status": "True"},
            {"type": "Ready", "status": "False", "lastTransitionTime": "t"},
            {"type": "Ready", "status": "True"}, {"type": "Active", "status": null},
        ]));
        let ready = conditions.ready.unwrap();
        assert_eq!(
            (ready.status.as_deref(), ready.last_transition_time.as_deref()),
            (Some("False"), Some("t"))
        );
        assert_eq!(conditions.active.unwrap().status, None);
        assert_eq!((of(json!(null)), of(json!([]))), (Conditions::default(), Conditions::default()));
    }
}
