//! How long each stage takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long the stages of a deployment take.
///
/// The default is a few hundred milliseconds in all: long enough to see conditions move, short enough to wait
/// for. (The real service takes 7 to 15 s.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delays {
    /// Until a change is noticed: for so long the status is that of the generation before.
    #[serde(with = "milliseconds")]
    pub observe: Duration,
    /// Until the image is imported, or found missing.
    #[serde(with = "milliseconds")]
    pub import: Duration,
    /// Until the containers are provisioned.
    #[serde(with = "milliseconds")]
    pub provision: Duration,
    /// Until the containers are healthy, or have failed; until a domain has its certificate.
    #[serde(with = "milliseconds")]
    pub health: Duration,
    /// Until the routes are in place, or the split of instances.
    #[serde(with = "milliseconds")]
    pub route: Duration,
    /// How long an attempt at a task takes, unless it is a real process.
    #[serde(with = "milliseconds")]
    pub task: Duration,
    /// Until a task that has failed is attempted again.
    #[serde(with = "milliseconds")]
    pub retry: Duration,
    /// How much later an execution starts that may be delayed (`delayExecution`).
    #[serde(with = "milliseconds")]
    pub delayed: Duration,
    /// Until a deleted object is gone, or a cancelled execution has ended.
    #[serde(with = "milliseconds")]
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
            retry: ms(100),
            delayed: ms(1000),
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
            retry: each,
            delayed: each,
            delete: each,
        }
    }

    /// Every stage is over at once (yet after the answer to the write).
    #[must_use]
    pub fn none() -> Self {
        Self::uniform(Duration::ZERO)
    }
}

/// In JSON, a delay is a number of milliseconds.
mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(delay: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
