//! Which revision a deployment makes, and what it is called. Pure.

use run_api::known;
use std::fmt;

use run_api::types::{RevisionTemplate, Service};
use run_api::{Resource, RevisionName};

use super::TrafficIntent;
use super::request::DeployRequest;
use crate::{Error, Result, ServiceEdit, ServiceView};

/// The label that makes a template differ from the one before. (gcloud's.)
const NONCE: &str = known::labels::NONCE;

/// The revision that a deployment is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlannedRevision {
    /// A new one that we name.
    Named(String),
    /// A new one that the server names.
    Generated,
    /// The one that is there: nothing in it changes.
    Present(String),
    /// The one that an earlier write is making: nothing in it changes, and the server has not told its name yet.
    Coming,
}

impl PlannedRevision {
    /// Its name, if that is known before the write.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) | Self::Present(name) => Some(name),
            Self::Generated | Self::Coming => None,
        }
    }
}

impl fmt::Display for PlannedRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "{name}, new"),
            Self::Generated => f.write_str("new, named by the server"),
            Self::Present(name) => write!(f, "{name}, as it is"),
            Self::Coming => f.write_str("the one that is being made, as it is"),
        }
    }
}

/// Decides, and names the template accordingly.
pub(super) fn plan(
    request: &DeployRequest,
    existing: Option<&Service>,
    object: &mut Service,
) -> Result<PlannedRevision> {
    let before = existing.and_then(|service| service.spec.as_ref()?.template.as_ref());
    let old_name = before.and_then(name).map(str::to_owned);
    let given = match &request.suffix {
        Some(suffix) => Some(format!("{}-{suffix}", request.service.name)),
        // An edit may have named it.
        None => name(object.template_mut()).map(str::to_owned).filter(|name| Some(name) != old_name.as_ref()),
    };
    let same = before.is_some_and(|before| nameless(before) == nameless(object.template_mut()));
    let present = existing.and_then(present_revision);
    let needs_name = request.tag.is_some() || matches!(request.traffic, TrafficIntent::Share(_));
    if same && !request.always_new_revision && (given.is_none() || given == old_name) {
        // What needs a name cannot have this one yet: then a new one is made.
        let same = match present {
            None if needs_name => None,
            None => Some(PlannedRevision::Coming),
            Some(present) => Some(PlannedRevision::Present(present)),
        };
        if let Some(same) = same {
            if let Some(name) = old_name {
                object.template_mut().metadata.get_or_insert_default().name = Some(name);
            }
            return Ok(same);
        }
    }
    if let Some(given) = given {
        RevisionName::new(given.as_str())?;
        if Some(&given) == old_name.as_ref() {
            let message = format!("its revision `{given}` exists already: choose another suffix");
            return Err(Error::invalid(message));
        }
        return Ok(named(object, given));
    }
    if needs_name {
        let number = object.generation().unwrap_or(0).saturating_add(1);
        let made = format!("{}-{number:05}-{}", request.service.name, &request.nonce[..3]);
        RevisionName::new(made.as_str())?;
        return Ok(named(object, made));
    }
    let generation = object.generation().unwrap_or(0);
    let metadata = object.template_mut().metadata.get_or_insert_default();
    metadata.name = None;
    if same || request.always_new_revision {
        // The server makes no revision for a template that comes to the same, such as a tag in place of its digest.
        let nonce = match metadata.labels.get(NONCE) == Some(&request.nonce) {
            true => format!("{}-{generation}", request.nonce),
            false => request.nonce.clone(),
        };
        metadata.labels.insert(NONCE.to_owned(), nonce);
    }
    Ok(PlannedRevision::Generated)
}

fn named(object: &mut Service, name: String) -> PlannedRevision {
    let metadata = object.template_mut().metadata.get_or_insert_default();
    metadata.labels.remove(NONCE);
    metadata.name = Some(name.clone());
    PlannedRevision::Named(name)
}

/// The revision of the present template, if the service tells.
fn present_revision(service: &Service) -> Option<String> {
    let template = service.spec.as_ref().and_then(|spec| spec.template.as_ref());
    if let Some(name) = template.and_then(name) {
        return Some(name.to_owned());
    }
    let fresh =
        service.observed_generation().is_some() && service.observed_generation() == service.generation();
    service.latest_created_revision().filter(|_| fresh).map(str::to_owned)
}

fn name(template: &RevisionTemplate) -> Option<&str> {
    template.metadata.as_ref()?.name.as_deref().filter(|name| !name.is_empty())
}

/// Compared as JSON, absent and empty are the same.
fn nameless(template: &RevisionTemplate) -> Option<serde_json::Value> {
    let mut template = template.clone();
    if let Some(metadata) = template.metadata.as_mut() {
        metadata.name = None;
    }
    let mut value = serde_json::to_value(template).ok()?;
    if value
        .pointer("/metadata")
        .and_then(serde_json::Value::as_object)
        .is_some_and(serde_json::Map::is_empty)
    {
        value.as_object_mut()?.remove("metadata");
    }
    Some(value)
}
