//! The mark that a write leaves on a service, so that it is known again when its answer was lost.

use run_api::types::Service;

/// The annotation of a service in which each write of this crate leaves its id, the newest first.
///
/// It stands on the service and never on the template, so that it makes no revision, and counts neither as a change
/// nor as drift: compare services without it. (The API keeps annotations whose prefix is none of its own.)
pub const WRITES_ANNOTATION: &str = "run-rs.dev/writes";

/// How many writes are remembered. One that is followed by so many others before it was looked for is forgotten.
pub(crate) const REMEMBERED: usize = 8;

/// The id of a write; the same for all attempts at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriteId(String);

impl WriteId {
    pub(crate) fn new() -> Self {
        Self(letters())
    }

    /// Puts the id on an object that is going to replace `before`, or be created.
    pub(crate) fn stamp(&self, object: &mut Service, before: Option<&Service>) {
        let earlier = before.map(ids).unwrap_or_default();
        let all: Vec<&str> = std::iter::once(self.as_str()).chain(earlier).take(REMEMBERED).collect();
        let annotations = &mut object.metadata.get_or_insert_default().annotations;
        annotations.insert(WRITES_ANNOTATION.to_owned(), all.join(","));
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ten random letters.
pub(crate) fn letters() -> String {
    (0..10).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect()
}

/// The writes that a service remembers, the newest first.
pub(crate) fn ids(service: &Service) -> Vec<&str> {
    let annotations = service.metadata.as_ref().map(|metadata| &metadata.annotations);
    let text = annotations.and_then(|annotations| annotations.get(WRITES_ANNOTATION));
    text.into_iter().flat_map(|text| text.split(',')).filter(|id| !id.is_empty()).collect()
}

/// The service without the mark, for comparisons.
pub(crate) fn unmarked(service: &Service) -> Service {
    let mut service = service.clone();
    if let Some(metadata) = service.metadata.as_mut() {
        metadata.annotations.remove(WRITES_ANNOTATION);
    }
    service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_writes_are_remembered() {
        let mut service = Service::default();
        let written: Vec<WriteId> = (0..10).map(|_| WriteId::new()).collect();
        for id in &written {
            let before = service.clone();
            id.stamp(&mut service, Some(&before));
        }
        let expected: Vec<&str> = written.iter().rev().take(REMEMBERED).map(WriteId::as_str).collect();
        assert_eq!(ids(&service), expected);
        assert_eq!(ids(&unmarked(&service)), [""; 0]);
    }
}
