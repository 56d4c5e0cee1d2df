//! Which references images were deployed by, as long as a revision has them.

use serde::{Deserialize, Serialize};

use super::ledger::{RowKey, Rows};
use super::table::Table;
use crate::images;
use crate::project::fnv1a;

/// The references by the pinned images that they stood for.
#[derive(Debug, Default)]
pub(super) struct References(Table<Reference, Pinned>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Pinned(String);

impl RowKey for Pinned {
    /// References may be of any length, and labels may not.
    fn label(&self) -> String {
        let part = |salt: u8| fnv1a(&[self.0.as_bytes(), &[salt]].concat());
        format!("{:016x}{:016x}", part(0), part(1))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reference {
    image: String,
    containers: usize,
}

impl References {
    /// Pins an image to its digest for one container.
    pub(super) fn pin(&mut self, image: &str) -> String {
        let pinned = Pinned(images::pinned(image));
        match self.0.get_mut(&pinned) {
            Some(reference) => reference.containers += 1,
            None => {
                drop(self.0.insert(pinned.clone(), Reference { image: image.to_owned(), containers: 1 }));
            }
        }
        pinned.0
    }

    /// Forgets one container of a pinned image, and its reference with the last of them.
    pub(super) fn release(&mut self, pinned: &str) {
        let pinned = Pinned(pinned.to_owned());
        let Some(reference) = self.0.get_mut(&pinned) else { return };
        reference.containers = reference.containers.saturating_sub(1);
        if reference.containers == 0 {
            self.0.remove(&pinned);
        }
    }

    /// The reference that a pinned image was deployed by; the image itself if it never was.
    pub(super) fn of<'a>(&'a self, image: &'a str) -> &'a str {
        self.0.get(&Pinned(image.to_owned())).map_or(image, |reference| &reference.image)
    }

    pub(super) fn rows(&mut self) -> &mut dyn Rows {
        &mut self.0
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
