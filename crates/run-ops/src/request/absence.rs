//! When it is believed that something is not there any more.

use std::time::Duration;

use tokio::time::Instant;

/// At how many looks in a row it must be missing.
const LOOKS: u32 = 4;

/// For how long it must be missing: many looks in a moment are one look.
const TIME: Duration = Duration::from_secs(10);

/// What was there, or was just written, and is missing at the looks since: reads may be older than the write that made
/// it, and a single odd answer proves nothing.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    since: Option<Instant>,
    looks: u32,
}

impl Missing {
    /// The pause before another look.
    pub(crate) const PAUSE: Duration = Duration::from_secs(1);

    /// Notes a look at which it was missing. Whether it is believed to be gone: after a time and a number of looks.
    pub(crate) fn is_believed(&mut self) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.looks += 1;
        self.looks >= LOOKS && since.elapsed() >= TIME
    }

    /// The same where its absence is what is expected, since its deletion was asked for: the second look tells.
    pub(crate) fn is_confirmed(&mut self) -> bool {
        self.looks += 1;
        self.looks >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_time_and_a_number_of_looks() {
        let mut often = Missing::default();
        for _ in 0..50 {
            assert!(!often.is_believed(), "all at once");
        }
        tokio::time::advance(TIME).await;
        assert!(often.is_believed());

        let mut seldom = Missing::default();
        for look in 1..=4 {
            assert_eq!(seldom.is_believed(), look == 4);
            tokio::time::advance(TIME).await;
        }
        let mut wanted = Missing::default();
        assert_eq!([wanted.is_confirmed(), wanted.is_confirmed()], [false, true]);
    }
}
