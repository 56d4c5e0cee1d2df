//! Where the workspace is.

use std::path::PathBuf;

/// The root of the workspace, whatever the current directory is.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}
