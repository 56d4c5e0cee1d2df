//! When to look again.

use std::time::Duration;

/// How often a wait looks: at once, then at intervals that grow with the time already waited.
///
/// The interval is a fixed fraction of the time waited, between a floor and a cap. So the lag behind the event
/// is a bounded fraction of the wait, and a long wait does not spend the project's read quota (3000 reads a
/// minute and region, <https://cloud.google.com/run/quotas>).
///
/// ```
/// use std::time::Duration;
/// use run_ops::PollSchedule;
///
/// let seconds = Duration::from_secs;
/// let schedule = PollSchedule::between(seconds(1), seconds(5));
/// assert_eq!(schedule.interval(seconds(60)), seconds(3));
/// assert_eq!(schedule.pause(seconds(60), seconds(2)), Some(Duration::from_millis(1500)), "the end is near");
/// assert_eq!(schedule.pause(seconds(60), seconds(0)), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PollSchedule {
    floor: Duration,
    fraction: f64,
    cap: Duration,
}

impl Default for PollSchedule {
    /// A twentieth of the time waited, at least 1 s and at most 5 s.
    fn default() -> Self {
        Self { floor: Duration::from_secs(1), fraction: 0.05, cap: Duration::from_secs(5) }
    }
}

impl PollSchedule {
    /// A schedule with other bounds. A floor of zero is raised to a millisecond, a cap below the floor to the
    /// floor.
    #[must_use]
    pub fn between(floor: Duration, cap: Duration) -> Self {
        let floor = floor.max(Duration::from_millis(1));
        Self { floor, cap: cap.max(floor), ..Self::default() }
    }

    /// How long to sleep after having waited this long.
    #[must_use]
    pub fn interval(&self, waited: Duration) -> Duration {
        waited.mul_f64(self.fraction).clamp(self.floor, self.cap)
    }

    /// How long to sleep before the next look, or none if there is no time for another.
    ///
    /// Towards the end of the time the looks come closer, so that what happens in the last long interval is not
    /// missed: the last look is within a quarter of the floor before the end.
    #[must_use]
    pub fn pause(&self, waited: Duration, remaining: Duration) -> Option<Duration> {
        let longest = remaining - remaining / 4;
        (remaining > self.floor / 4).then(|| self.interval(waited).min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_between_floor_and_cap() {
        let schedule = PollSchedule::default();
        for (waited, interval) in
            [(0, 1_000), (20_000, 1_000), (60_000, 3_000), (100_000, 5_000), (3_600_000, 5_000)]
        {
            assert_eq!(
                schedule.interval(Duration::from_millis(waited)),
                Duration::from_millis(interval),
                "after {waited} ms"
            );
        }
    }

    #[test]
    fn looks_come_closer_before_the_deadline() {
        let schedule = PollSchedule::default();
        let pause = |remaining| schedule.pause(Duration::from_secs(100), Duration::from_millis(remaining));
        for (remaining, expected) in
            [(60_000, Some(5_000)), (4_000, Some(3_000)), (1_000, Some(750)), (250, None), (0, None)]
        {
            assert_eq!(pause(remaining), expected.map(Duration::from_millis), "{remaining} ms left");
        }
    }

    #[test]
    fn bounds_are_mended() {
        let schedule = PollSchedule::between(Duration::ZERO, Duration::ZERO);
        assert_eq!(schedule.interval(Duration::ZERO), Duration::from_millis(1));
    }
}
