//! A saved state: a file with an embedded database.
//!
//! Each piece of work is one transaction, which the operating system has before anything is answered: it survives
//! the end of the process, however sudden, and one that was cut short is as if it had never begun. Nothing waits
//! for the disk, though, but an orderly end: a power failure may leave a file that is damaged. Damage is found when
//! the file is opened, by checksums over all of it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError, TableDefinition};

use super::ledger::{Change, Ledger, Show};

/// A state in a file of its own, which nobody else may open meanwhile.
pub(crate) struct StateFile {
    path: PathBuf,
    /// None after a failed write, since the database refuses everything then, until it can be opened again.
    database: Option<Database>,
    reopen: Box<Opener>,
}

type Opener = dyn Fn() -> Result<Database, String> + Send;

/// All rows, by table and label.
const ROWS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("rows");

/// All rows are in memory already: the database needs little of it.
const CACHE: usize = 4 << 20;

impl StateFile {
    /// Opens the state in a file; a new one if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        if !path.try_exists().map_err(|error| error.to_string())? {
            // Whole or not at all.
            let mut name = path.as_os_str().to_owned();
            name.push(".new");
            let new = PathBuf::from(name);
            drop(database(&locked(OpenOptions::new().create(true).truncate(false), &new)?)?);
            std::fs::rename(&new, path).map_err(|error| error.to_string())?;
        }
        // Held for good, so that nobody else takes the file while the database is opened again.
        let file = locked(&mut OpenOptions::new(), path)?;
        Self::with(path.to_owned(), Box::new(move || database(&file)))
    }

    fn with(path: PathBuf, reopen: Box<Opener>) -> Result<Self, String> {
        Ok(Self { path, database: Some(reopen()?), reopen })
    }
}

fn write(database: &Database, changes: &[Change]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut rows = transaction.open_table(ROWS)?;
        for change in changes {
            let key = (change.table, change.label.as_str());
            match &change.row {
                Some(row) => drop(rows.insert(key, row.as_slice())?),
                None => drop(rows.remove(key)?),
            }
        }
    }
    Ok(transaction.commit()?)
}

impl Ledger for StateFile {
    fn save(&mut self, changes: &[Change]) -> Result<(), String> {
        let database = match self.database.take() {
            Some(database) => database,
            // What was cut short is as if it had never begun.
            None => (self.reopen)()?,
        };
        write(&database, changes).map_err(|error| error.to_string())?;
        self.database = Some(database);
        Ok(())
    }

    fn load(&self, show: &mut Show<'_>) -> Result<(), String> {
        let Some(database) = &self.database else { return Err("it is not open".to_owned()) };
        let rows = || -> Result<_, redb::Error> {
            match database.begin_read()?.open_table(ROWS) {
                Ok(rows) => Ok(Some(rows.range::<(&str, &str)>(..)?)),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        for row in rows().map_err(|error| error.to_string())?.into_iter().flatten() {
            let (key, content) = row.map_err(|error| error.to_string())?;
            let (table, label) = key.value();
            show(table, label, content.value())?;
        }
        Ok(())
    }
}

impl fmt::Debug for StateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The file, which is ours alone as long as any handle of it is open.
fn locked(options: &mut OpenOptions, path: &Path) -> Result<File, String> {
    let file = options.read(true).write(true).open(path).map_err(|error| error.to_string())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err("it is in use by another emulator".to_owned()),
        Err(TryLockError::Error(error)) => Err(error.to_string()),
    }
}

fn database(file: &File) -> Result<Database, String> {
    let empty = file.metadata().map_err(|error| error.to_string())?.len() == 0;
    let open = || {
        let backend = Unsynced { file: file.try_clone()?, backend: FileBackend::new(file.try_clone()?)? };
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE);
        // A new file has nothing to check.
        builder.set_check_integrity_on_open(!empty);
        builder.create_with_backend(backend)
    };
    let opened = open();
    opened.map_err(|error: DatabaseError| match error {
        DatabaseError::Storage(StorageError::Corrupted(what)) => format!("it is damaged: {what}"),
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            "it is not the state of an emulator".to_owned()
        }
        other => other.to_string(),
    })
}

/// A file whose writes go to the operating system, which decides when they reach the disk. The order in which the
/// database writes is enough for it to survive the end of the process at any point.
#[derive(Debug)]
struct Unsynced {
    backend: FileBackend,
    /// The same file, which also holds the lock.
    file: File,
}

impl StorageBackend for Unsynced {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()?;
        self.file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// A directory that goes away with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("run-emulator-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn path(&self) -> PathBuf {
            self.0.join("state")
        }

        fn open(&self) -> Result<StateFile, String> {
            StateFile::open(&self.path())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn change(label: usize, row: Option<String>) -> Change {
        Change { table: "numbers", label: format!("{label:04}"), row: row.map(String::into_bytes) }
    }

    fn rows(state: &StateFile) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let mut show = |table: &str, label: &str, row: &[u8]| {
            assert_eq!(table, "numbers");
            all.push((label.to_owned(), String::from_utf8_lossy(row).into_owned()));
            Ok(())
        };
        state.load(&mut show).unwrap();
        all
    }

    /// Two rows that belong together.
    fn pair(at: usize) -> [Change; 2] {
        let row = |half: &str| Some(format!("{at}-{half}-{}", "x".repeat(100 + at * 37 % 3000)));
        [change(2 * at, row("a")), change(2 * at + 1, row("b"))]
    }

    #[test]
    fn rows_come_back_in_the_order_of_their_keys() {
        let scratch = Scratch::new();
        let mut state = scratch.open().unwrap();
        assert_eq!(rows(&state), []);
        state.save(&[change(2, Some("b".to_owned())), change(1, Some("a".to_owned()))]).unwrap();
        state.save(&[change(1, None), change(3, Some(String::new()))]).unwrap();
        drop(state);
        let expected = [("0002".to_owned(), "b".to_owned()), ("0003".to_owned(), String::new())];
        for _ in 0..2 {
            assert_eq!(rows(&scratch.open().unwrap()), expected);
        }
        assert_eq!(std::fs::read_dir(&scratch.0).unwrap().count(), 1);
    }

    #[test]
    fn nobody_else_may_open_it() {
        let scratch = Scratch::new();
        let first = scratch.open().unwrap();
        assert_eq!(scratch.open().unwrap_err(), "it is in use by another emulator");
        drop(first);
        scratch.open().unwrap();
    }

    #[test]
    fn what_is_something_else_is_refused_and_left_alone() {
        let scratch = Scratch::new();
        for content in ["x".to_owned(), "some other file\n".repeat(1000)] {
            std::fs::write(scratch.path(), &content).unwrap();
            let error = scratch.open().unwrap_err();
            assert_eq!(error, "it is not the state of an emulator");
            assert_eq!(std::fs::read_to_string(scratch.path()).unwrap(), content);
        }
        assert!(StateFile::open(&scratch.0).unwrap_err().contains("directory"));
        assert!(StateFile::open(&scratch.path().join("x")).is_err());
        std::fs::write(scratch.path(), "").unwrap();
        scratch.open().expect("an empty file is a new one");
    }

    /// Bytes at a place, or a new length.
    type Written = (u64, Option<Vec<u8>>);

    /// What was written to a file, in order.
    #[derive(Debug, Default)]
    struct Recorded {
        log: std::sync::Arc<std::sync::Mutex<Vec<Written>>>,
        memory: redb::backends::InMemoryBackend,
    }

    impl StorageBackend for Recorded {
        fn len(&self) -> io::Result<u64> {
            self.memory.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.memory.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.log.lock().unwrap().push((len, None));
            self.memory.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.log.lock().unwrap().push((offset, Some(data.to_vec())));
            self.memory.write(offset, data)
        }
    }

    /// The end comes after any number of writes, and in the middle of one: every transaction that was done is there,
    /// and none is there by half.
    #[test]
    fn a_torn_tail_is_as_if_it_had_never_begun() {
        let recorded = Recorded::default();
        let log = recorded.log.clone();
        let database = Database::builder().create_with_backend(recorded).unwrap();
        let reopen = Box::new(|| Err("nothing fails".to_owned()));
        let mut state = StateFile { path: PathBuf::new(), database: Some(database), reopen };
        let begin = log.lock().unwrap().len();
        let mut done = Vec::new();
        for at in 0..60 {
            state.save(&pair(at)).unwrap();
            done.push(log.lock().unwrap().len());
        }
        let log = log.lock().unwrap().clone();
        let scratch = Scratch::new();
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..60 {
            let end = random.random_range(begin..log.len());
            let mut image = Vec::new();
            for (at, (place, data)) in log[..=end].iter().enumerate() {
                let place = usize::try_from(*place).unwrap();
                match data {
                    None => image.resize(place, 0),
                    Some(data) => {
                        let torn = if at == end { random.random_range(0..=data.len()) } else { data.len() };
                        image[place..place + torn].copy_from_slice(&data[..torn]);
                    }
                }
            }
            std::fs::write(scratch.path(), &image).unwrap();
            let found = rows(&scratch.open().unwrap());
            let least = 2 * done.iter().filter(|done| **done <= end).count();
            assert!(found.len().is_multiple_of(2), "half a transaction after {end} writes: {found:?}");
            assert!(
                found.len() >= least && found.len() <= least + 2,
                "{} of {least} after {end}",
                found.len()
            );
        }
    }

    /// A disk of a certain size.
    #[cfg(unix)]
    #[derive(Clone, Debug)]
    struct Disk {
        room: std::sync::Arc<std::sync::Mutex<u64>>,
        file: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    }

    #[cfg(unix)]
    impl Disk {
        /// Bytes of which there are more than there is room for are not written, as by a file system.
        fn check(&self, end: u64) -> io::Result<()> {
            let full = end > *self.room.lock().unwrap();
            if full { Err(io::Error::from_raw_os_error(28)) } else { Ok(()) }
        }
    }

    #[cfg(unix)]
    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            Ok(self.file.lock().unwrap().len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let offset = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.file.lock().unwrap()[offset..offset + out.len()]);
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.check(len)?;
            self.file.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.check(offset + data.len() as u64)?;
            let offset = usize::try_from(offset).unwrap();
            self.file.lock().unwrap()[offset..offset + data.len()].copy_from_slice(data);
            Ok(())
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_that_was_full_is_used_again_when_there_is_room() {
        let disk =
            Disk { room: std::sync::Arc::new(std::sync::Mutex::new(4 << 20)), file: Default::default() };
        let opened = disk.clone();
        let reopen = move || {
            Database::builder().create_with_backend(opened.clone()).map_err(|error| error.to_string())
        };
        let mut state = StateFile::with(PathBuf::new(), Box::new(reopen)).unwrap();
        state.save(&pair(0)).unwrap();
        // Everything that grows the file fails, and everything that is written.
        *disk.room.lock().unwrap() = 0;
        for _ in 0..3 {
            let error = state.save(&pair(1)).unwrap_err();
            assert!(error.contains("No space left on device"), "{error}");
        }
        *disk.room.lock().unwrap() = 64 << 20;
        state.save(&pair(1)).unwrap();
        state.save(&pair(2)).unwrap();
        let labels: Vec<String> = rows(&state).into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, ["0000", "0001", "0002", "0003", "0004", "0005"]);
    }

    /// Whatever has become of the file: it holds what was saved, or opening it says why it does not.
    #[test]
    fn damage_is_told() {
        let scratch = Scratch::new();
        let mut state = scratch.open().unwrap();
        for at in 0..40 {
            state.save(&pair(at)).unwrap();
        }
        let all = rows(&state);
        let killed = std::fs::read(scratch.path()).unwrap();
        drop(state);
        let closed = std::fs::read(scratch.path()).unwrap();
        let mut random = StdRng::seed_from_u64(7);
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for case in 0..120 {
            let mut content = if case % 2 == 0 { killed.clone() } else { closed.clone() };
            let at = random.random_range(0..content.len());
            match case % 3 {
                0 => content[at] ^= 1 << random.random_range(0..8),
                1 => content.truncate(at),
                _ => content.iter_mut().skip(at).take(512).for_each(|byte| *byte = 0),
            }
            std::fs::write(scratch.path(), content).unwrap();
            match scratch.open() {
                // At most the last transaction, and as a whole.
                Ok(state) => {
                    let found = rows(&state);
                    assert!(found == all || found == all[..all.len() - 2], "case {case}");
                }
                Err(error) => *told.entry(error.chars().take(13).collect()).or_default() += 1,
            }
        }
        assert!(told["it is damaged"] > 40, "{told:?}");
    }
}
