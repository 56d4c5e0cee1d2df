//! From where images may come.

use super::needs::Needs;
use super::settings::Surroundings;
use crate::rules::{self, Violation};

/// The images whose host is none that Cloud Run pulls from, unless the emulator was told about them by name. (Seen, with
/// this text.)
///
/// `reference` says by which reference a pinned image was deployed.
pub(crate) fn refused<'a>(
    surroundings: &Surroundings,
    needs: &Needs<'a>,
    reference: impl Fn(&'a str) -> &'a str,
) -> Vec<Violation> {
    let Surroundings { environment, images, .. } = surroundings;
    let mut found = Vec::new();
    for (at, container) in needs.containers.iter().enumerate() {
        let image = container.image.as_deref().unwrap_or_default();
        let fine = environment.any_registry
            || is_known(host(image))
            || !rules::is_image_reference(image)
            || images.is_named(reference(image));
        if !fine {
            found.push(Violation {
                field: format!("{}.containers[{at}].image", needs.at),
                description: format!(
                    "{} To deploy container images from other public or private registries, set up an Artifact \
                     Registry remote repository. See \
                     https://cloud.google.com/artifact-registry/docs/repositories/remote-repo.",
                    rules::wrong_image(image)
                ),
            });
        }
    }
    found
}

/// The host of a reference, as Docker tells it from a path: it has a dot or a port, or is `localhost`.
fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

/// Public images of GitHub's registry are pulled since July 2026. (Documented: the release notes of 2026-07-14. What is
/// said of others was not seen.)
const GITHUB: &str = "ghcr.io";

fn is_known(host: &str) -> bool {
    matches!(host, "docker.io" | "gcr.io" | "docker.pkg.dev" | GITHUB)
        || host.ends_with(".gcr.io")
        || host.ends_with("-docker.pkg.dev")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded refusals name the first three; Google's release note of 2026-07-14 has public images of GitHub's registry.
    #[test]
    fn hosts() {
        for fine in [
            "nginx",
            "library/nginx:1.27",
            "docker.io/a/b",
            "gcr.io/p/i",
            "eu.gcr.io/p/i",
            "docker.pkg.dev/p/r/i",
            "ghcr.io/a/b:1",
            "europe-west1-docker.pkg.dev/p/r/i@sha256:00",
        ] {
            assert!(is_known(host(fine)), "{fine}");
        }
        for refused in [
            "mcr.microsoft.com/a",
            "localhost/a",
            "localhost:5000/a",
            "evilgcr.io/a",
            "docker.pkg.dev.evil.example/a",
            "index.docker.io/a/b",
        ] {
            assert!(!is_known(host(refused)), "{refused}");
        }
    }
}
