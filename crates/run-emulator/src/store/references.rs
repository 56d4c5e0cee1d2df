//! Which references images were deployed by, as long as a revision has them.

use std::collections::BTreeMap;

use crate::images;

/// The references by the pinned images that they stood for.
#[derive(Debug, Default)]
pub(super) struct References(BTreeMap<String, Reference>);

#[derive(Debug)]
struct Reference {
    image: String,
    containers: usize,
}

impl References {
    /// Pins an image to its digest for one container.
    pub(super) fn pin(&mut self, image: &str) -> String {
        let pinned = images::pinned(image);
        let new = || Reference { image: image.to_owned(), containers: 0 };
        self.0.entry(pinned.clone()).or_insert_with(new).containers += 1;
        pinned
    }

    /// Forgets one container of a pinned image, and its reference with the last of them.
    pub(super) fn release(&mut self, pinned: &str) {
        let Some(reference) = self.0.get_mut(pinned) else { return };
        reference.containers = reference.containers.saturating_sub(1);
        if reference.containers == 0 {
            self.0.remove(pinned);
        }
    }

    /// The reference that a pinned image was deployed by; the image itself if it never was.
    pub(super) fn of<'a>(&'a self, image: &'a str) -> &'a str {
        self.0.get(image).map_or(image, |reference| &reference.image)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_lives_as_long_as_its_containers() {
        let mut references = References::default();
        let pinned = references.pin("a/b:1.0");
        assert_eq!(references.pin(&pinned), pinned, "deployed again by its digest");
        references.release(&pinned);
        assert_eq!(references.of(&pinned), "a/b:1.0");
        references.release(&pinned);
        references.release(&pinned);
        assert_eq!(references.of(&pinned), pinned);
        assert!(references.is_empty());
    }
}
