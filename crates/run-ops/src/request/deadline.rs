//! The end of a wait.

use std::time::Duration;

use tokio::time::Instant;

/// When a wait ends, ready or not. Every wait must be given one.
///
/// A deadline is a point in time, so that several waits in a row can share one.
///
/// ```
/// use std::time::Duration;
/// use run_ops::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(60));
/// assert_eq!(deadline.allowed(), Duration::from_secs(60));
/// assert!(deadline.remaining() <= deadline.allowed() && !deadline.has_passed());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    start: Instant,
    end: Instant,
}

impl Deadline {
    /// A deadline this long from now. (More than 30 years are cut to 30.)
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
        let start = Instant::now();
        Self { start, end: start + duration.min(LONGEST) }
    }

    /// The time that is left; zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// The whole time that was given.
    #[must_use]
    pub fn allowed(&self) -> Duration {
        self.end - self.start
    }

    /// Whether the time is over.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }
}
