//! How a state outlives its emulator: each piece of work is saved as a whole before it is answered.

use run_api::known;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ledger::{Change, Ledger, Rows, Saving};
use super::memory::Store;
use crate::clock::Clock;
use crate::project::Projects;

/// What a saved state is, besides its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    format: u32,
    clock: u64,
    port: u16,
    projects: BTreeMap<String, u64>,
}

/// The format of saved states. A state with a newer one is refused; a change that older versions could not read
/// needs the next number.
const FORMAT: u32 = 1;

/// The table of the header; it sorts before all others.
const HEADER: &str = "_state";

impl Store {
    /// The state that a ledger has, at this port, to be saved there from now on. What is known of projects stands
    /// beside the numbers that they were given before.
    pub(crate) fn restored(projects: Projects, port: u16, ledger: Box<dyn Ledger>) -> Result<Self, String> {
        let mut store = Self::new(projects, port);
        let mut header: Option<Header> = None;
        ledger.load(&mut |table, label, row| {
            let Some(header) = &header else {
                if table != HEADER {
                    return Err("it does not begin as the state of an emulator does".to_owned());
                }
                header = Some(Header::read(row)?);
                return Ok(());
            };
            let moved = if header.port == port { None } else { moved(row, header.port, port) };
            let row_now = moved.as_deref().unwrap_or(row);
            let loaded = store.table(table, |rows| rows.load(row_now, moved.is_some()));
            match loaded {
                Some(Ok(())) => Ok(()),
                Some(Err(error)) => Err(format!("{table}/{label} cannot be read: {error}")),
                None => Err(format!("this version knows no {table}")),
            }
        })?;
        if let Some(header) = header {
            store.clock = Clock::after(header.clock);
            store.projects.remember(&header.projects)?;
        }
        store.saving = Saving::To(ledger);
        store.settle();
        match store.unsaved.take() {
            Some(reason) => Err(reason),
            None => Ok(store),
        }
    }

    /// Ends a piece of work: what it changed is saved.
    pub(crate) fn settle(&mut self) {
        self.unsaved = self.save().err();
        // What could not be saved is tried again with the next piece of work.
        if self.unsaved.is_none() {
            self.each_table(|_, rows| rows.forget_changes());
        }
    }

    /// Undoes a piece of work that came to no end.
    pub(crate) fn undo(&mut self) {
        self.each_table(|_, rows| rows.undo());
    }

    /// Why the last piece of work could not be saved.
    pub(crate) fn unsaved(&self) -> Option<&str> {
        self.unsaved.as_deref()
    }

    /// Lets go of the place where the state is saved.
    pub(crate) fn close(&mut self) {
        if matches!(self.saving, Saving::To(_)) {
            self.saving = Saving::Closed;
        }
    }

    fn save(&mut self) -> Result<(), String> {
        if matches!(self.saving, Saving::No) {
            return Ok(());
        }
        let mut changes = Vec::new();
        let mut failed = None;
        self.each_table(|table, rows| failed = rows.changes(table, &mut changes).err().or(failed.take()));
        if let Some(error) = failed {
            return Err(error.to_string());
        }
        let header = Header {
            format: FORMAT,
            clock: self.clock.last(),
            port: self.port,
            projects: self.projects.registered().clone(),
        };
        if changes.is_empty() && self.clock_saved == Some(header.clock) {
            return Ok(());
        }
        let Saving::To(ledger) = &mut self.saving else {
            return Err("the emulator is being stopped".to_owned());
        };
        let row = Some(serde_json::to_vec(&header).map_err(|error| error.to_string())?);
        changes.push(Change { table: HEADER, label: String::new(), row });
        ledger.save(&changes)?;
        self.clock_saved = Some(header.clock);
        Ok(())
    }

    /// Works on the table of this name, if there is one.
    fn table<R>(&mut self, name: &str, work: impl FnOnce(&mut dyn Rows) -> R) -> Option<R> {
        let mut work = Some(work);
        let mut result = None;
        self.each_table(|table, rows| {
            if table == name {
                result = work.take().map(|work| work(rows));
            }
        });
        result
    }
}

impl Header {
    fn read(row: &[u8]) -> Result<Self, String> {
        let unreadable = |error| format!("its header cannot be read: {error}");
        let value: Value = serde_json::from_slice(row).map_err(unreadable)?;
        match value["format"].as_u64() {
            Some(format) if format > u64::from(FORMAT) => Err(format!(
                "it was written by a newer version of the emulator (format {format}, and this one reads up to \
                 {FORMAT})"
            )),
            _ => serde_json::from_value(value).map_err(unreadable),
        }
    }
}

/// A row with the services' addresses at another port; none if it has none of them.
///
/// Only what the server says is changed, never what a client has written.
fn moved(row: &[u8], from: u16, to: u16) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(row).ok()?;
    let mut any = false;
    move_addresses(&mut value, false, &mut |text| {
        let next = with_port(text, from, to);
        any |= next != *text;
        *text = next;
    });
    any.then(|| serde_json::to_vec(&value).ok()).flatten()
}

fn move_addresses(value: &mut Value, servers: bool, edit: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) if servers => edit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| move_addresses(item, servers, edit)),
        Value::Object(fields) => {
            for (name, field) in fields {
                let servers = servers || name == "status" || name == known::annotations::URLS;
                move_addresses(field, servers, edit);
            }
        }
        _ => {}
    }
}

fn with_port(text: &str, from: u16, to: u16) -> String {
    let (before, after) = (format!(".localhost:{from}"), format!(".localhost:{to}"));
    let mut parts = text.split(&before);
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let longer = part.starts_with(|next: char| next.is_ascii_digit());
        moved.push_str(if longer { &before } else { &after });
        moved.push_str(part);
    }
    moved
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::api::objects;
    use crate::store::ledger::Show;
    use crate::store::{Key, Scope};
    use run_api::types::Service;
    use serde_json::json;

    type Saved = BTreeMap<(String, String), Vec<u8>>;

    /// A ledger in memory, which refuses when it is told to.
    #[derive(Clone, Debug, Default)]
    struct Memory {
        saved: Arc<Mutex<Saved>>,
        full: Arc<Mutex<bool>>,
    }

    impl Ledger for Memory {
        fn save(&mut self, changes: &[Change]) -> Result<(), String> {
            if *self.full.lock().unwrap() {
                return Err("the disk is full".to_owned());
            }
            let mut saved = self.saved.lock().unwrap();
            for change in changes.iter().cloned() {
                let place = (change.table.to_owned(), change.label);
                match change.row {
                    Some(row) => drop(saved.insert(place, row)),
                    None => drop(saved.remove(&place)),
                }
            }
            Ok(())
        }

        fn load(&self, show: &mut Show<'_>) -> Result<(), String> {
            let saved = self.saved.lock().unwrap();
            saved.iter().try_for_each(|((table, label), row)| show(table, label, row))
        }
    }

    fn open(memory: &Memory, port: u16) -> Result<Store, String> {
        Store::restored(Projects::default(), port, Box::new(memory.clone()))
    }

    fn create(store: &mut Store, name: &str) -> Key {
        let service = serde_json::from_value(json!({
            "metadata": {"name": name, "annotations": {"mine": "http://x.localhost:80"}},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}},
        }));
        let region = crate::regions::find("us-central1");
        let scope = Scope::new(1, "p".to_owned(), region);
        let made = objects::create::<Service>(store, &Default::default(), &scope, service.unwrap(), false);
        made.unwrap_or_else(|error| panic!("{error:?}")).subject.key
    }

    #[tokio::test]
    async fn what_is_saved_comes_back() {
        let memory = Memory::default();
        let mut store = open(&memory, 80).unwrap();
        let key = create(&mut store, "hello");
        let pinned = store.pin("a/b:1");
        store.settle();
        let last = store.clock.last();
        let rows = memory.saved.lock().unwrap().clone();
        let tables: Vec<&str> = rows.keys().map(|(table, _)| table.as_str()).collect();
        assert_eq!(tables, ["_state", "operations", "references", "revisions", "services"]);

        let mut again = open(&memory, 80).unwrap();
        assert_eq!(again.services.get(&key), store.services.get(&key));
        assert_eq!(*again.revisions, *store.revisions);
        assert_eq!(again.reference(&pinned), "a/b:1");
        again.clock.tick();
        assert!(again.clock.last() > last);
        again.remove_with_revisions::<Service>(&key);
        again.settle();
        let left: Vec<String> = memory.saved.lock().unwrap().keys().map(|(table, _)| table.clone()).collect();
        assert_eq!(left, ["_state", "operations", "references"]);
    }

    #[tokio::test]
    async fn time_never_goes_back() {
        let memory = Memory::default();
        let mut store = open(&memory, 80).unwrap();
        let far = store.clock.last() + 3_600_000_000 * 24 * 365 * 50;
        store.clock = Clock::after(far);
        let last = store.clock.tick();
        store.settle();
        assert!(open(&memory, 80).unwrap().clock.tick() > last);
    }

    #[tokio::test]
    async fn what_cannot_be_saved_is_tried_again() {
        let memory = Memory::default();
        let mut store = open(&memory, 80).unwrap();
        *memory.full.lock().unwrap() = true;
        let key = create(&mut store, "hello");
        store.settle();
        assert_eq!(store.unsaved(), Some("the disk is full"));
        store.settle();
        assert_eq!(store.unsaved(), Some("the disk is full"));
        *memory.full.lock().unwrap() = false;
        store.settle();
        assert_eq!(store.unsaved(), None);
        assert!(open(&memory, 80).unwrap().services.contains_key(&key));
        store.close();
        store.settle();
        assert_eq!(store.unsaved(), None, "nothing was changed");
        create(&mut store, "late");
        store.settle();
        assert_eq!(store.unsaved(), Some("the emulator is being stopped"));
    }

    #[tokio::test]
    async fn addresses_follow_the_port() {
        let memory = Memory::default();
        let mut store = open(&memory, 80).unwrap();
        let key = create(&mut store, "hello");
        let status = json!({
            "url": "http://hello.localhost:80", "address": {"url": "http://hello.localhost:8080"},
            "traffic": [{"url": "http://t---hello.localhost:80/x"}],
        });
        store.services.get_mut(&key).unwrap().object.status = serde_json::from_value(status).unwrap();
        store.settle();
        for _ in 0..2 {
            let moved = open(&memory, 81).unwrap().services.get(&key).unwrap().object.clone();
            let status = moved.status.unwrap();
            assert_eq!(status.url.as_deref(), Some("http://hello.localhost:81"));
            assert_eq!(status.address.unwrap().url.as_deref(), Some("http://hello.localhost:8080"));
            assert_eq!(status.traffic[0].url.as_deref(), Some("http://t---hello.localhost:81/x"));
            let annotations = moved.metadata.unwrap().annotations;
            assert!(annotations["run.googleapis.com/urls"].contains(".localhost:81\""), "{annotations:?}");
            assert_eq!(annotations["mine"], "http://x.localhost:80");
        }
    }

    #[tokio::test]
    async fn what_is_no_state_is_refused() {
        let mut store = open(&Memory::default(), 80).unwrap();
        let header =
            |format: u32| json!({"format": format, "clock": 1, "port": 1, "projects": {"p": 1}}).to_string();
        create(&mut store, "hello");
        for (table, row, reason) in [
            ("_state", header(2), "it was written by a newer version of the emulator (format 2"),
            ("_state", "[".to_owned(), "its header cannot be read"),
            ("_state", json!({"format": 1}).to_string(), "its header cannot be read: missing field"),
            ("services", "[]".to_owned(), "it does not begin as the state of an emulator does"),
        ] {
            let memory = Memory::default();
            memory.saved.lock().unwrap().insert((table.to_owned(), String::new()), row.into_bytes());
            let error = open(&memory, 80).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
        for (table, row, reason) in [
            ("teapots", "[]", "this version knows no teapots"),
            ("services", "[", "services/x cannot be read: EOF"),
            (
                "services",
                r#"[[1,"mars-north1","a"],{}]"#,
                "services/x cannot be read: there is no region `mars-north1`",
            ),
        ] {
            let memory = Memory::default();
            let mut saved = memory.saved.lock().unwrap();
            saved.insert(("_state".to_owned(), String::new()), header(1).into_bytes());
            saved.insert((table.to_owned(), "x".to_owned()), row.into());
            drop(saved);
            let error = open(&memory, 80).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
        let memory = Memory::default();
        memory.saved.lock().unwrap().insert(("_state".to_owned(), String::new()), header(1).into_bytes());
        let mut projects = Projects::default();
        projects.register("p", 2);
        let error = Store::restored(projects, 80, Box::new(memory)).unwrap_err();
        assert_eq!(error, "project `p` has the number 1 there, and not 2");
    }
}
