//! Resource versions, etags and timestamps: all from one clock.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::Timestamp;
use tokio::time::Instant;

/// The clock of one emulator: tokio's, so that a paused one stands still, and strictly increasing.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    epoch_us: u64,
    last_us: u64,
}

/// A moment of the emulator's clock, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Clock {
    pub(crate) fn start() -> Self {
        let epoch_us = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or_default();
        Self { start: Instant::now(), epoch_us, last_us: 0 }
    }

    /// A clock that starts now, but after a moment of an earlier clock.
    pub(crate) fn after(last_us: u64) -> Self {
        let now = Self::start();
        Self { epoch_us: now.epoch_us.max(last_us.saturating_add(1)), last_us, ..now }
    }

    /// The last moment, in microseconds since 1970.
    pub(crate) fn last(&self) -> u64 {
        self.last_us
    }

    /// The next moment: now, or just after the one before.
    pub(crate) fn tick(&mut self) -> Moment {
        let elapsed = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_us = self.epoch_us.saturating_add(elapsed).max(self.last_us.saturating_add(1));
        Moment(self.last_us)
    }
}

impl Moment {
    /// RFC 3339 with microseconds, as the API writes it.
    pub(crate) fn timestamp(self) -> String {
        let us = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_microsecond(us).map_or_else(|_| String::new(), |at| format!("{at:.6}"))
    }

    /// How long ago a time was that the API has written, as its messages say it: `1.98s`, `1m21.95s`. (Seen.)
    pub(crate) fn since(self, timestamp: Option<&str>) -> String {
        let then = timestamp.and_then(|timestamp| timestamp.parse::<Timestamp>().ok());
        let then = then.and_then(|then| u64::try_from(then.as_microsecond()).ok()).unwrap_or(self.0);
        let hundredths = (self.0.saturating_sub(then) + 5_000) / 10_000;
        let (minutes, seconds, rest) = (hundredths / 6000, hundredths / 100 % 60, hundredths % 100);
        match minutes {
            0 => format!("{seconds}.{rest:02}s"),
            _ => format!("{minutes}m{seconds}.{rest:02}s"),
        }
    }

    /// The API's resource version: base64, without padding, of the moment as eight big-endian bytes. (Seen: 18
    /// of 19 recorded services decode to the time of their last condition change.)
    pub(crate) fn resource_version(self) -> String {
        STANDARD_NO_PAD.encode(self.0.to_be_bytes())
    }

    /// The moment that a resource version stands for.
    pub(crate) fn of_resource_version(version: &str) -> Option<Self> {
        let bytes = STANDARD_NO_PAD.decode(version).ok()?;
        Some(Self(u64::from_be_bytes(bytes.try_into().ok()?)))
    }

    /// The number that the API puts into conflict messages.
    pub(crate) fn microseconds(self) -> u64 {
        self.0
    }

    /// An etag as IAM policies have them: canonical base64.
    pub(crate) fn etag(self) -> String {
        let mut bytes = self.0.to_be_bytes();
        bytes[0] = 0x07;
        STANDARD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_version_decodes_to_its_time() {
        let moment = Moment::of_resource_version("AAX4MAndusc").unwrap();
        assert_eq!(moment.timestamp(), "2023-03-31T10:54:51.198151Z");
        assert_eq!(moment.resource_version(), "AAX4MAndusc");
        for bad in ["", "x", "AAX4MAndus", "AAX4MAndusc=", "ääää"] {
            assert_eq!(Moment::of_resource_version(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_read_as_in_recorded_messages() {
        let now = Moment::of_resource_version("AAX4MAndusc").unwrap();
        for (then, said) in [
            (Some("2023-03-31T10:54:51.198151Z"), "0.00s"),
            (Some("2023-03-31T10:54:49.218151Z"), "1.98s"),
            (Some("2023-03-31T10:53:29.148151Z"), "1m22.05s"),
            (Some("2023-03-31T09:53:51.198151Z"), "61m0.00s"),
            (Some("2024-01-01T00:00:00Z"), "0.00s"),
            (Some("nonsense"), "0.00s"),
            (None, "0.00s"),
        ] {
            assert_eq!(now.since(then), said, "{then:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_never_stands_still() {
        let mut clock = Clock::start();
        let (first, second) = (clock.tick(), clock.tick());
        assert!(first < second);
        tokio::time::advance(std::time::Duration::from_secs(5)).await;
        assert!(clock.tick().0 - second.0 >= 4_999_000);
    }
}
