//! Directories for tests that write files.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// A directory of one test's own, removed at its end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty directory; the name must be that of no other test.
    pub(crate) fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("xtask-{}-{test}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
