//! How programs are run.

use std::time::Duration;

use super::{Secrets, Sink};

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) secrets: Secrets,
    /// Who is given the lines that they write.
    pub(crate) log: Sink,
    /// How long one may take to end when it is asked to.
    pub(crate) stop_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            secrets: Secrets::default(),
            log: Sink::default(),
            // (Documented.)
            stop_grace: Duration::from_secs(10),
        }
    }
}
