//! What became of a write whose answer was lost: decided from the metadata that a later look shows.

use std::sync::LazyLock;

use run_api::Resource;
use run_api::types::ObjectMeta;

use super::write_id::{self, REMEMBERED, WRITE_IDS_ANNOTATION, WriteId};

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<M> {
    /// It is in place; what is known of it.
    Applied(M),
    /// It is not. It may be sent again: should the first one still arrive, then for a version that is no more.
    NotApplied,
    /// The object is older than the one that was replaced: a stale read.
    Stale,
    /// Another's object is where ours was to be.
    Taken,
    /// The object is not the one that it was meant for.
    Gone(String),
    /// That cannot be told.
    Unknown(String),
}

/// A replacement that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    pub(crate) id: WriteId,
    /// The metadata of what it was to replace, as it was read.
    pub(crate) before: ObjectMeta,
    /// Whether it changes the spec, and with it the generation.
    pub(crate) spec_changes: bool,
    /// Whether it is known that the server keeps marks on objects of this kind; see
    /// [`KEEPS_WRITE_IDS`](crate::api::Kind::KEEPS_WRITE_IDS). One that was there before shows it, too.
    pub(crate) keeps_ids: bool,
}

impl Replacement {
    /// The outcome; of an applied one, the generation that it made.
    ///
    /// Writes that respect versions come one after the other, and each keeps or extends the list of those before.
    /// So if the list goes back to what we read, and we are not in it, we were not applied. A list that was cut or
    /// wiped says nothing, unless the generation does.
    pub(crate) fn outcome(&self, now: Option<&ObjectMeta>) -> Outcome<i32> {
        let Some(now) = now else {
            return Outcome::Gone("it is not found any more: somebody deleted it".to_owned());
        };
        if now.uid != self.before.uid {
            let text = "it was deleted, and another one of the same name was created";
            return Outcome::Gone(text.to_owned());
        }
        let (ids, earlier) = (write_id::ids(now), write_id::ids(&self.before));
        let (was, is) = (self.before.generation.unwrap_or(0), now.generation.unwrap_or(0));
        if ids.contains(&self.id.as_str()) {
            // The server may see no change where we do.
            let made = if self.spec_changes { was.saturating_add(1) } else { was };
            return Outcome::Applied(made.min(is));
        }
        let untouched =
            now.resource_version.is_some() && now.resource_version == self.before.resource_version;
        if is < was {
            return Outcome::Stale;
        }
        if !self.keeps_ids && earlier.is_empty() {
            return match untouched {
                true => Outcome::NotApplied,
                false => Outcome::Unknown(
                    "it has changed since, and writes are not known to leave a mark on objects of this kind"
                        .to_owned(),
                ),
            };
        }
        // An empty list may also be one that was wiped.
        let unwritten = ids == earlier && (!ids.is_empty() || is <= was);
        if untouched || unwritten || (self.spec_changes && is <= was) {
            return Outcome::NotApplied;
        }
        let since = match earlier.first() {
            Some(last) => ids.iter().position(|id| id == last),
            // Nobody had written with a mark: every change since must have left one.
            None => (usize::try_from(is.saturating_sub(was)).unwrap_or(0) <= ids.len()).then_some(ids.len()),
        };
        match since {
            Some(since) if since < REMEMBERED => Outcome::NotApplied,
            _ => Outcome::Unknown(format!(
                "somebody else changed it since and did not keep the annotation {WRITE_IDS_ANNOTATION}"
            )),
        }
    }

    /// Whether others have written since, so that this one is refused should it still arrive. A version alone does not
    /// tell: it may be an older one.
    pub(crate) fn is_overtaken(&self, now: &ObjectMeta) -> bool {
        now.generation > self.before.generation || write_id::ids(now) != write_id::ids(&self.before)
    }
}

/// What became of a creation. `NotApplied` means that there is no object of this name; one that somebody else
/// made is `Taken`.
pub(crate) fn created(id: &WriteId, keeps_ids: bool, now: Option<&ObjectMeta>) -> Outcome<i32> {
    let Some(now) = now else { return Outcome::NotApplied };
    let ids = write_id::ids(now);
    if ids.contains(&id.as_str()) {
        return Outcome::Applied(1);
    }
    // A creation is the oldest write: only a list that is full may have lost it, or one that was wiped later. One
    // with a mark for each generation was not wiped.
    let made = usize::try_from(now.generation.unwrap_or(0)).unwrap_or(0);
    // Somebody else's mark shows that objects of this kind keep them.
    let marked = keeps_ids || !ids.is_empty();
    if marked && made == 1 || (made > 1 && ids.len() >= made && ids.len() < REMEMBERED) {
        return Outcome::Taken;
    }
    Outcome::Unknown("an object of this name is there, and does not tell who created it".to_owned())
}

/// Whether the object with this uid is gone or going.
pub(crate) fn is_deleted(uid: &str, now: Option<&ObjectMeta>) -> bool {
    now.is_none_or(|now| now.uid.as_deref() != Some(uid) || now.deletion_timestamp.is_some())
}

/// The metadata of an object; empty if it has none.
pub(crate) fn metadata<K: Resource>(object: &K) -> &ObjectMeta {
    static NONE: LazyLock<ObjectMeta> = LazyLock::new(ObjectMeta::default);
    object.metadata().unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(uid: &str, version: &str, generation: i32, writes: &str) -> ObjectMeta {
        serde_json::from_value(json!({
            "uid": uid, "resourceVersion": version, "generation": generation,
            "annotations": {WRITE_IDS_ANNOTATION: writes},
        }))
        .unwrap()
    }

    fn id() -> WriteId {
        let id = WriteId::new();
        assert_eq!(id.as_str().len(), 10);
        id
    }

    #[test]
    fn replacements() {
        let id = id();
        let ours = id.as_str();
        let with = |list: &str| list.replace("OURS", ours);
        let applied = Outcome::Applied;
        let unknown = Outcome::Unknown(String::new());
        for (name, before, spec_changes, now, expected) in [
            ("as it was", "b,a", true, ("1", 4, "b,a"), Outcome::NotApplied),
            ("applied", "b,a", true, ("2", 5, "OURS,b,a"), applied(5)),
            ("applied, metadata only", "b,a", false, ("2", 4, "OURS,b,a"), applied(4)),
            ("applied, and changed nothing", "b,a", true, ("2", 4, "OURS,b,a"), applied(4)),
            ("applied, then others", "b,a", true, ("4", 7, "d,c,OURS,b,a"), applied(5)),
            ("applied, then a client that keeps it", "b,a", true, ("4", 6, "OURS,b,a"), applied(5)),
            ("only the status moved", "b,a", true, ("2", 4, "b,a"), Outcome::NotApplied),
            ("others instead", "b,a", true, ("3", 6, "d,c,b,a"), Outcome::NotApplied),
            ("others who keep the list", "b,a", true, ("3", 6, "b,a"), Outcome::NotApplied),
            ("wiped by another", "b,a", true, ("3", 6, ""), unknown.clone()),
            ("wiped, then written", "b,a", true, ("3", 6, "x"), unknown.clone()),
            ("wiped, no spec changed", "b,a", true, ("3", 4, ""), Outcome::NotApplied),
            ("more than are remembered", "b,a", true, ("9", 12, "j,i,h,g,f,e,d,c"), unknown.clone()),
            ("a stale read", "b,a", true, ("0", 3, "a"), Outcome::Stale),
            ("a stale read of what had no mark", "", false, ("0", 3, ""), Outcome::Stale),
            ("nobody had a mark", "", true, ("2", 5, "x"), Outcome::NotApplied),
            ("nobody has a mark", "", true, ("2", 5, ""), unknown.clone()),
            ("nobody has a mark, only the status moved", "", false, ("2", 4, ""), Outcome::NotApplied),
            ("nobody had a mark, one without", "", true, ("3", 6, "x"), unknown.clone()),
            ("a full list of others", "", true, ("9", 12, "j,i,h,g,f,e,d,c"), unknown.clone()),
        ] {
            let before = metadata("u", "1", 4, before);
            let sent = Replacement { id: id.clone(), before, spec_changes, keeps_ids: true };
            let now = metadata("u", now.0, now.1, &with(now.2));
            let outcome = match sent.outcome(Some(&now)) {
                Outcome::Unknown(_) => Outcome::Unknown(String::new()),
                other => other,
            };
            assert_eq!(outcome, expected, "{name}");
        }
        let before = metadata("u", "1", 4, "");
        let sent = Replacement { id: id.clone(), before, spec_changes: true, keeps_ids: true };
        assert!(matches!(sent.outcome(None), Outcome::Gone(_)));
        assert!(matches!(sent.outcome(Some(&metadata("v", "1", 4, ""))), Outcome::Gone(_)));
    }

    #[test]
    fn creations() {
        let id = id();
        let ours = id.as_str();
        let taken = Outcome::Taken;
        for (name, now, expected) in [
            ("there is none", None, Outcome::NotApplied),
            ("ours", Some((1, "OURS")), Outcome::Applied(1)),
            ("ours, changed since", Some((3, "b,OURS")), Outcome::Applied(1)),
            ("another's", Some((1, "")), taken.clone()),
            ("another's, with a mark for each change", Some((3, "d,c,b")), taken),
            ("another's, or ours and wiped", Some((3, "")), Outcome::Unknown(String::new())),
            ("another's, or ours, wiped and written", Some((3, "c,b")), Outcome::Unknown(String::new())),
        ] {
            let now =
                now.map(|(generation, writes)| metadata("u", "1", generation, &writes.replace("OURS", ours)));
            let outcome = match created(&id, true, now.as_ref()) {
                Outcome::Unknown(_) => Outcome::Unknown(String::new()),
                other => other,
            };
            assert_eq!(outcome, expected, "{name}");
        }
    }

    /// Where nobody has seen whether a mark survives, its absence proves nothing.
    #[test]
    fn of_kinds_that_may_lose_the_mark() {
        let id = id();
        let with = |list: &str| list.replace("OURS", id.as_str());
        let unknown = Outcome::Unknown(String::new());
        let plain = |outcome| match outcome {
            Outcome::Unknown(_) => Outcome::Unknown(String::new()),
            other => other,
        };
        for (name, before, now, expected) in [
            ("applied", "", ("2", 5, "OURS"), Outcome::Applied(5)),
            ("as it was", "", ("1", 4, ""), Outcome::NotApplied),
            ("only the status moved, or ours is there without a mark", "", ("2", 4, ""), unknown.clone()),
            ("others, or ours without a mark", "", ("2", 5, ""), unknown.clone()),
            ("a mark of another", "", ("2", 5, "x"), unknown.clone()),
            ("marks were there before", "a", ("2", 5, "x,a"), Outcome::NotApplied),
            ("a stale read", "", ("0", 3, ""), Outcome::Stale),
        ] {
            let before = metadata("u", "1", 4, before);
            let sent = Replacement { id: id.clone(), before, spec_changes: true, keeps_ids: false };
            let now = metadata("u", now.0, now.1, &with(now.2));
            assert_eq!(plain(sent.outcome(Some(&now))), expected, "{name}");
        }
        for (name, now, expected) in [
            ("there is none", None, Outcome::NotApplied),
            ("ours", Some((1, "OURS")), Outcome::Applied(1)),
            ("another's, or ours without a mark", Some((1, "")), unknown),
            ("another's", Some((1, "x")), Outcome::Taken),
        ] {
            let now = now.map(|(generation, writes)| metadata("u", "1", generation, &with(writes)));
            assert_eq!(plain(created(&id, false, now.as_ref())), expected, "{name}");
        }
    }

    #[test]
    fn deletions() {
        let mut there = metadata("u", "1", 1, "");
        assert!(!is_deleted("u", Some(&there)));
        assert!(is_deleted("v", Some(&there)));
        assert!(is_deleted("u", None));
        there.deletion_timestamp = Some("2026-01-01T00:00:00Z".to_owned());
        assert!(is_deleted("u", Some(&there)));
    }
}
