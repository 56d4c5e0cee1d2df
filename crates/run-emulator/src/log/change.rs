//! What has changed in an object.

use std::fmt;

use serde::Serialize;

/// What has changed in an object: its generation, its conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectChange {
    /// The object, for example `services/hello`.
    pub resource: String,
    /// The region that it is in.
    pub region: &'static str,
    /// The generation that it had; none if it was not there.
    pub from_generation: Option<i32>,
    /// The generation that it has; none if it is gone.
    pub to_generation: Option<i32>,
    /// The conditions that say something else than before.
    pub conditions: Vec<ConditionChange>,
}

/// What has changed in a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConditionChange {
    /// The type of the condition, for example `Ready`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status that it had, for example `Unknown`; none if it was not there.
    pub from: Option<String>,
    /// The status that it has; none if it is not there any more.
    pub to: Option<String>,
    /// The reason that it gives now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The message that it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl fmt::Display for ObjectChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: {}", self.resource, self.region, self.what())
    }
}

impl ObjectChange {
    /// The change without the object.
    pub(super) fn what(&self) -> String {
        let generation = match (self.from_generation, self.to_generation) {
            (None, Some(to)) => Some(format!("made, generation {to}")),
            (Some(_), None) => Some("gone".to_owned()),
            (Some(from), Some(to)) if from != to => Some(format!("generation {from}→{to}")),
            _ => None,
        };
        let conditions = self.conditions.iter().map(ToString::to_string);
        generation.into_iter().chain(conditions).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for ConditionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |status: &Option<String>| status.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "{} {}→{}", self.kind, shown(&self.from), shown(&self.to))?;
        match &self.reason {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}
