//! How long each stage takes.

use std::time::Duration;

/// How long the stages of a deployment take.
///
/// The default is a few hundred milliseconds in all: long enough to see conditions move, short enough to wait
/// for. (The real service takes 7 to 15 s.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Until a change is noticed: for so long the status is that of the generation before.
    pub observe: Duration,
    /// Until the image is imported, or found missing.
    pub import: Duration,
    /// Until the containers are provisioned.
    pub provision: Duration,
    /// Until the containers are healthy, or have failed; until a domain has its certificate.
    pub health: Duration,
    /// Until the routes are in place, or the split of instances.
    pub route: Duration,
    /// How long an attempt at a task takes, unless it is a real process.
    pub task: Duration,
    /// Until a deleted object is gone, or a cancelled execution has ended.
    pub delete: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            observe: ms(40),
            import: ms(80),
            provision: ms(80),
            health: ms(100),
            route: ms(60),
            task: ms(200),
            delete: ms(150),
        }
    }
}

impl Delays {
    /// Every stage takes the same time.
    #[must_use]
    pub fn uniform(each: Duration) -> Self {
        Self {
            observe: each,
            import: each,
            provision: each,
            health: each,
            route: each,
            task: each,
            delete: each,
        }
    }

    /// Every stage is over at once (yet after the answer to the write).
    #[must_use]
    pub fn none() -> Self {
        Self::uniform(Duration::ZERO)
    }
}
