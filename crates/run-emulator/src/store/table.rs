//! All objects of one kind.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use super::Key;

/// Objects by key. Reading is that of a map; every change goes through a method here, which notes the key.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<Key, T>,
    changed: BTreeSet<Key>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Deref for Table<T> {
    type Target = BTreeMap<Key, T>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T> Table<T> {
    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut T> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    pub(crate) fn insert(&mut self, key: Key, row: T) -> Option<T> {
        self.changed.insert(key.clone());
        self.rows.insert(key, row)
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<T> {
        let row = self.rows.remove(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// The keys that were changed since this was last asked: those that are gone among them.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.changed)
    }
}
