//! All objects of one kind.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::Key;
use super::ledger::{Change, RowKey, Rows};

/// Objects by key. Reading is that of a map; every change goes through a method here, which notes what was there
/// before, so that a piece of work can be saved or undone as a whole.
#[derive(Debug)]
pub(crate) struct Table<T, K = Key> {
    rows: BTreeMap<K, T>,
    before: BTreeMap<K, Option<T>>,
}

/// What a table holds.
pub(crate) trait Row: Clone + PartialEq + Serialize + DeserializeOwned {}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned> Row for T {}

impl<T, K> Default for Table<T, K> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), before: BTreeMap::new() }
    }
}

impl<T, K> Deref for Table<T, K> {
    type Target = BTreeMap<K, T>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T: Row, K: RowKey> Table<T, K> {
    /// What a row was before this piece of work; none if the work has not touched it.
    pub(crate) fn earlier(&self, key: &K) -> Option<Option<&T>> {
        self.before.get(key).map(Option::as_ref)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut T> {
        let row = self.rows.get_mut(key)?;
        self.before.entry(key.clone()).or_insert_with(|| Some(row.clone()));
        Some(row)
    }

    pub(crate) fn insert(&mut self, key: K, row: T) -> Option<T> {
        let earlier = self.rows.insert(key.clone(), row);
        self.before.entry(key).or_insert_with(|| earlier.clone());
        earlier
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<T> {
        let row = self.rows.remove(key)?;
        self.before.entry(key.clone()).or_insert_with(|| Some(row.clone()));
        Some(row)
    }
}

impl<T: Row, K: RowKey> Rows for Table<T, K> {
    fn changes(&self, table: &'static str, into: &mut Vec<Change>) -> serde_json::Result<()> {
        for (key, before) in &self.before {
            let row = self.rows.get(key);
            // A refused write takes an object out and puts it back as it was.
            if row != before.as_ref() {
                let row = row.map(|row| serde_json::to_vec(&(key, row))).transpose()?;
                into.push(Change { table, label: key.label(), row });
            }
        }
        Ok(())
    }

    fn forget_changes(&mut self) {
        self.before.clear();
    }

    fn undo(&mut self) {
        for (key, before) in std::mem::take(&mut self.before) {
            match before {
                Some(row) => drop(self.rows.insert(key, row)),
                None => drop(self.rows.remove(&key)),
            }
        }
    }

    fn load(&mut self, row: &[u8], moved: bool) -> serde_json::Result<()> {
        let (key, row): (K, T) = serde_json::from_slice(row)?;
        if moved {
            self.before.insert(key.clone(), None);
        }
        self.rows.insert(key, row);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(table: &Table<u8, u64>) -> Vec<(String, Option<String>)> {
        let mut all = Vec::new();
        table.changes("numbers", &mut all).unwrap();
        let text = |row: Option<Vec<u8>>| row.map(|row| String::from_utf8(row).unwrap());
        all.into_iter().map(|change| (change.label, text(change.row))).collect()
    }

    #[test]
    fn a_piece_of_work_is_what_differs_from_before() {
        let mut table = Table::default();
        for (key, row) in [(1, 10), (2, 20), (3, 30), (4, 40)] {
            table.insert(key, row);
        }
        assert_eq!(changes(&table).len(), 4);
        table.forget_changes();
        assert_eq!(changes(&table), []);

        *table.get_mut(&1).unwrap() = 11;
        table.remove(&2);
        let same = table.remove(&3).unwrap();
        table.insert(3, same);
        table.insert(5, 50);
        table.insert(6, 60);
        table.remove(&6);
        assert!(table.get_mut(&7).is_none() && table.remove(&7).is_none());
        let label = |key: u64| key.label();
        assert_eq!(
            changes(&table),
            [(label(1), Some("[1,11]".to_owned())), (label(2), None), (label(5), Some("[5,50]".to_owned()))]
        );
        table.undo();
        assert_eq!(changes(&table), []);
        assert_eq!(*table, BTreeMap::from([(1, 10), (2, 20), (3, 30), (4, 40)]));
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let mut table: Table<u8, u64> = Table::default();
        table.load(b"[1,10]", false).unwrap();
        assert_eq!(changes(&table), []);
        table.load(b"[2,20]", true).unwrap();
        assert_eq!(changes(&table), [(2u64.label(), Some("[2,20]".to_owned()))]);
        assert_eq!(*table, BTreeMap::from([(1, 10), (2, 20)]));
        assert!(table.load(b"[1,1000]", false).is_err() && table.load(b"", false).is_err());
    }
}
