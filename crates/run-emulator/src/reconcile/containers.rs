//! Whether containers can be had: their secrets and their images.

use crate::environment::{ACCESS_CHECK_FAILED, Needs, Surroundings};
use crate::images::ImageBehaviour;

/// Why the secrets or the images of containers cannot be had; nothing if they can.
pub(super) fn trouble(surroundings: &Surroundings, needs: &Needs<'_>) -> Option<(&'static str, String)> {
    if let Some(message) = surroundings.environment.secret_trouble(needs) {
        return Some((ACCESS_CHECK_FAILED, message));
    }
    needs.containers().iter().filter_map(|container| container.image.as_deref()).find_map(|image| {
        match surroundings.images.behaviour(image) {
            ImageBehaviour::Missing => Some(("ContainerMissing", format!("Image '{image}' not found."))),
            ImageBehaviour::Unauthorized => Some((
                "ContainerPermissionDenied",
                format!(
                    "Google Cloud Run Service Agent does not have permission to read the image '{image}'."
                ),
            )),
            _ => None,
        }
    })
}
