//! What the object itself tells, without asking the server.

use run_api::known;
use std::collections::BTreeMap;

use run_api::types::{Container, RevisionTemplate, Service};
use run_api::{RevisionName, ServiceRef};

use super::Finding;

const LAUNCH_STAGE: &str = known::annotations::LAUNCH_STAGE;

/// Annotations of features that gcloud offers in its beta and alpha tracks only, where it declares the stage:
/// those on the service, then those on the template. (Source: gcloud 578.)
const EARLY_ON_SERVICE: [&str; 1] = [known::annotations::SSH_ENABLED];
const EARLY_ON_TEMPLATE: [&str; 3] = [
    known::annotations::MESH,
    known::annotations::SCALING_CPU_TARGET,
    known::annotations::SCALING_CONCURRENCY_TARGET,
];

/// (Seen for services: `PORT` in the container that receives requests, `K_…` in all; documented: the prefixes.)
const RESERVED: [&str; 3] = ["K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
const RESERVED_PREFIXES: [&str; 2] = ["CLOUD_RUN_", "X_GOOGLE_"];

pub(super) fn findings(reference: &ServiceRef, desired: &Service) -> Vec<Finding> {
    let template = template(desired);
    let spec = template.and_then(|template| template.spec.as_ref());
    let containers = spec.map_or(&[][..], |spec| &spec.containers);
    let mut found = Vec::new();
    if let Some(name) = revision_name(desired)
        && let Err(problem) = check_name(reference, name)
    {
        found.push(Finding::RevisionNameInvalid { revision: name.to_owned(), problem });
    }
    for (at, container) in containers.iter().enumerate() {
        let ingress = containers.len() == 1 || !container.ports.is_empty();
        let names = reserved(container, ingress);
        if !names.is_empty() {
            let container = container.name.clone().filter(|name| !name.is_empty());
            found
                .push(Finding::ReservedEnv { container: container.unwrap_or_else(|| at.to_string()), names });
        }
        if let Some(image) = container.image.as_deref().filter(|image| !is_known_host(image)) {
            found.push(Finding::ImageHost { image: image.to_owned() });
        }
    }
    let none = BTreeMap::new();
    let of_service = desired.metadata.as_ref().map_or(&none, |metadata| &metadata.annotations);
    let stage = of_service.get(LAUNCH_STAGE).map(String::as_str);
    if !matches!(stage, Some("BETA" | "ALPHA")) {
        let metadata = template.and_then(|template| template.metadata.as_ref());
        let of_template = metadata.map_or(&none, |metadata| &metadata.annotations);
        let early = EARLY_ON_SERVICE.iter().filter(|key| of_service.contains_key(**key));
        let early = early.chain(EARLY_ON_TEMPLATE.iter().filter(|key| of_template.contains_key(**key)));
        found.extend(early.map(|key| Finding::LaunchStage { feature: format!("the annotation {key}") }));
    }
    found
}

pub(super) fn template(service: &Service) -> Option<&RevisionTemplate> {
    service.spec.as_ref()?.template.as_ref()
}

/// The name that the template gives the revision.
pub(super) fn revision_name(service: &Service) -> Option<&str> {
    let name = template(service)?.metadata.as_ref()?.name.as_deref();
    name.filter(|name| !name.is_empty())
}

/// (Rule: the description of `metadata.name` in the API's RevisionTemplate.)
fn check_name(reference: &ServiceRef, name: &str) -> Result<(), String> {
    RevisionName::new(name).map_err(|error| error.to_string())?;
    match name.strip_prefix(reference.name.as_str()).and_then(|rest| rest.strip_prefix('-')) {
        Some(rest) if !rest.is_empty() => Ok(()),
        _ => Err(format!("it must start with `{}-`", reference.name)),
    }
}

fn reserved(container: &Container, ingress: bool) -> Vec<String> {
    let taken = |name: &&String| {
        RESERVED.contains(&name.as_str())
            || (ingress && *name == "PORT")
            || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    container.env.iter().filter_map(|variable| variable.name.as_ref()).filter(taken).cloned().collect()
}

/// A reference without a host is one of Docker Hub's. (Source: the server's refusal of an image.)
fn is_known_host(image: &str) -> bool {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => {
            host == "gcr.io"
                || host.ends_with(".gcr.io")
                || host == "docker.pkg.dev"
                || host.ends_with("-docker.pkg.dev")
                || host == "docker.io"
                // Public images, since 2026-07-14. (Source: Cloud Run's release notes.)
                || host == "ghcr.io"
        }
        _ => true,
    }
}
