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
    /// How long one that serves is kept without requests.
    pub(crate) idle_timeout: Duration,
    /// How long a request waits for its turn.
    pub(crate) queue_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            secrets: Secrets::default(),
            log: Sink::default(),
            // (All three are documented.)
            stop_grace: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(15 * 60),
            queue_timeout: Duration::from_secs(10),
        }
    }
}
