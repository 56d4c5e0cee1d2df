//! Where a request looks: project and region, or all regions.

use std::collections::BTreeMap;

use super::key::Key;
use crate::regions::{self, Region};

/// The project and region of a request.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The project's number.
    pub(crate) project: u64,
    /// The project as the request named it, for messages.
    pub(crate) named: String,
    /// The region; none means all of them.
    pub(crate) region: Option<&'static Region>,
    /// Who asks, as objects say it.
    pub(crate) caller: String,
}

/// Who has done everything as long as callers have no names.
const NOBODY_KNOWN: &str = "user@example.com";

impl Scope {
    /// A scope of nobody that is known.
    pub(crate) fn new(project: u64, named: String, region: Option<&'static Region>) -> Self {
        Self { project, named, region, caller: NOBODY_KNOWN.to_owned() }
    }

    /// The object with this name; the first one if the scope has many regions.
    pub(crate) fn find<'a, T>(&self, objects: &'a BTreeMap<Key, T>, name: &str) -> Option<(&'a Key, &'a T)> {
        self.keys(name).find_map(|key| objects.get_key_value(&key))
    }

    /// The keys that an object with this name may have.
    fn keys(&self, name: &str) -> impl Iterator<Item = Key> {
        let regions = regions::ALL.iter().filter(|region| self.region.is_none_or(|only| only == *region));
        regions.map(move |region| Key::new(self.project, region, name))
    }

    /// All objects within.
    pub(crate) fn all<'a, T>(
        &'a self,
        objects: &'a BTreeMap<Key, T>,
    ) -> impl Iterator<Item = (&'a Key, &'a T)> {
        let of_project =
            objects.range(Key::all_of(self.project)).take_while(|(key, _)| key.project == self.project);
        of_project.filter(|(key, _)| self.region.is_none_or(|region| region == key.region()))
    }

    /// Whether an object is within.
    pub(crate) fn contains(&self, key: &Key) -> bool {
        key.project == self.project && self.region.is_none_or(|region| region == key.region())
    }

    /// The region in messages.
    pub(crate) fn region_name(&self) -> &'static str {
        self.region.map_or("-", |region| region.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_region_or_all_of_one_project() {
        let region = |name: &'static str| regions::find(name).unwrap();
        let objects: BTreeMap<Key, u8> = [
            (1, "us-central1", "a", 0),
            (2, "europe-west1", "a", 1),
            (2, "us-central1", "a", 2),
            (2, "us-central1", "b", 3),
            (3, "africa-south1", "a", 4),
        ]
        .map(|(project, at, name, object)| (Key::new(project, region(at), name), object))
        .into();
        let scope = |at: Option<&'static str>| Scope::new(2, "p".to_owned(), at.map(region));
        let all = |scope: Scope| scope.all(&objects).map(|(_, object)| *object).collect::<Vec<_>>();
        assert_eq!(all(scope(None)), [1, 2, 3]);
        assert_eq!(all(scope(Some("us-central1"))), [2, 3]);
        let find = |scope: Scope, name| scope.find(&objects, name).map(|(_, object)| *object);
        assert_eq!(find(scope(Some("us-central1")), "a"), Some(2));
        assert_eq!(find(scope(None), "b"), Some(3));
        assert_eq!(find(scope(Some("europe-west1")), "b"), None);
    }
}
