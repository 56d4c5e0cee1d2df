//! The mark that a write leaves, by which it can be found again when its answer was lost.
//!
//! The mark is an annotation of the service (the template refuses unknown ones, and would become another revision).
//! It lists the last few writes, newest first, so that a write that came just after does not hide the one before.

use run_api::types::Service;

/// The annotation. It is neither a change nor drift.
pub(crate) const ANNOTATION: &str = "run-rs.dev/writes";

/// So many writes are listed: more than can come between a write and the look after it.
const LISTED: usize = 8;

/// A name for one write.
pub(crate) fn new_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id.get(..12).unwrap_or(&id).to_owned()
}

/// Puts the mark of a write on the object that is to be written.
pub(crate) fn stamp(service: &mut Service, id: &str) {
    let annotations = &mut service.metadata.get_or_insert_default().annotations;
    let earlier = annotations.get(ANNOTATION).cloned().unwrap_or_default();
    let ids: Vec<&str> =
        [id].into_iter().chain(earlier.split(' ')).filter(|id| !id.is_empty()).take(LISTED).collect();
    annotations.insert(ANNOTATION.to_owned(), ids.join(" "));
}

/// Whether an object has the mark of a write.
pub(crate) fn has(service: &Service, id: &str) -> bool {
    let listed = service.metadata.as_ref().and_then(|metadata| metadata.annotations.get(ANNOTATION));
    listed.is_some_and(|listed| listed.split(' ').any(|listed| listed == id))
}

/// The object without the mark, for comparisons.
pub(crate) fn without(service: &Service) -> Service {
    let mut service = service.clone();
    if let Some(metadata) = &mut service.metadata {
        metadata.annotations.remove(ANNOTATION);
    }
    service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_writes_are_listed() {
        let mut service = Service::default();
        let ids: Vec<String> = (0..10).map(|_| new_id()).collect();
        for id in &ids {
            stamp(&mut service, id);
        }
        assert!(ids[2..].iter().all(|id| has(&service, id)));
        assert!(!has(&service, &ids[1]) && !has(&service, ""));
        assert_eq!(without(&service).metadata.unwrap().annotations.len(), 0);
    }
}
