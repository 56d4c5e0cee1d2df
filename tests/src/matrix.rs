//! The fault matrix: every operation, struck at each of its requests by every kind of fault.
//!
//! The requests are not picked by hand: an operation is run once without faults, and what it sent is counted. Then
//! it is run again on a service of its own for each request and each fault. Each run must end in one of four ways, and
//! what the server has in the end must fit: what is said in success and in failure must be true.

mod backstage;
mod ground;
mod operations;
mod random;
pub(crate) mod verdict;
mod whole;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use run_emulator::{FaultKind, StatusFault};

pub use crate::proxy::{Impostor, Strike};
pub use ground::{Ground, requests, strike};
pub use operations::{OPERATIONS, Operation};
pub use random::{Drawn, Lengths, every_seed};
pub use whole::{Cell, every_cell, on_all_cores, tables};

/// Sixteen kinds of faults that a client meets every day, by name. One alone is always overcome.
#[must_use]
pub fn common_kinds() -> Vec<(&'static str, Strike)> {
    let status = |code, retry_after_seconds| {
        Strike::Emulated(FaultKind::Status(StatusFault {
            code,
            status: None,
            message: None,
            retry_after_seconds,
        }))
    };
    vec![
        ("refused", Strike::Refused),
        ("reset before", Strike::Emulated(FaultKind::ResetBefore)),
        ("reset after applied", Strike::Emulated(FaultKind::ResetAfter)),
        ("timeout", Strike::Emulated(FaultKind::HangBefore)),
        ("timeout after applied", Strike::Emulated(FaultKind::HangAfter)),
        ("408", status(408, None)),
        ("429 with Retry-After", status(429, Some(2))),
        ("500", status(500, None)),
        ("502", status(502, None)),
        ("503", status(503, None)),
        ("504", status(504, None)),
        ("truncated", Strike::Emulated(FaultKind::Truncated)),
        ("garbage", Strike::Emulated(FaultKind::Garbage)),
        ("401 once", Strike::Emulated(FaultKind::TokenExpired)),
        ("409 conflict", Strike::Emulated(FaultKind::Conflict)),
        ("stale read", Strike::Stale(Duration::ZERO)),
    ]
}

/// Kinds of faults on the wire, by name: what no server does, but what stands before it may.
#[must_use]
pub fn wire_kinds() -> Vec<(&'static str, Strike)> {
    let instead = |impostor, applied| Strike::Instead { impostor, applied };
    let foreign = |status, applied| instead(Impostor::Foreign(status), applied);
    vec![
        ("foreign 101", foreign(101, false)),
        ("foreign 101, applied", foreign(101, true)),
        ("foreign 200", foreign(200, false)),
        ("foreign 204", foreign(204, false)),
        ("foreign 204, applied", foreign(204, true)),
        ("foreign 302", foreign(302, false)),
        ("foreign 302, applied", foreign(302, true)),
        ("foreign 403", foreign(403, false)),
        ("foreign 403, applied", foreign(403, true)),
        ("foreign 404", foreign(404, false)),
        ("foreign 404, applied", foreign(404, true)),
        ("foreign 409", foreign(409, false)),
        ("foreign 409, applied", foreign(409, true)),
        ("foreign 600, applied", foreign(600, true)),
        ("wrong kind", instead(Impostor::WrongKind, false)),
        ("wrong kind, applied", instead(Impostor::WrongKind, true)),
        ("error in a 200", instead(Impostor::ErrorInSuccess, false)),
        ("error in a 200, applied", instead(Impostor::ErrorInSuccess, true)),
        ("empty object", instead(Impostor::EmptyObject, false)),
        ("empty object, applied", instead(Impostor::EmptyObject, true)),
        ("broken chunks, applied", instead(Impostor::BrokenChunks, true)),
        ("broken gzip, applied", instead(Impostor::BrokenGzip, true)),
        ("endless 200", Strike::Endless(200)),
        ("endless 404", Strike::Endless(404)),
        ("twice, first answer", Strike::Twice { second: false }),
        ("twice, second answer", Strike::Twice { second: true }),
        ("another's answer", Strike::OfAnother),
        ("the answer before", Strike::OfTheOneBefore),
        ("stale for 5 s", Strike::Stale(Duration::from_secs(5))),
        ("stale for 60 s", Strike::Stale(Duration::from_secs(60))),
        // A request is given up after 5 s.
        ("2 s after the timeout", Strike::Late(Duration::from_secs(7))),
        ("40 s after the timeout", Strike::Late(Duration::from_secs(45))),
    ]
}

/// All kinds of faults by name.
#[must_use]
pub fn kinds() -> Vec<(&'static str, Strike)> {
    [common_kinds(), wire_kinds()].concat()
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// In success, with exactly the right final state.
    Success,
    /// In a typed error, with the state before.
    Unchanged,
    /// In a typed error that names what was written.
    Partial,
    /// In a typed error that says that the outcome is not known.
    Unknown,
}

/// A run whose ending does not fit what the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalseClaim(pub String);

impl fmt::Display for FalseClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How often runs ended in which way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(String, Ending), usize>);

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, row: impl Into<String>, ending: Ending) {
        *self.0.entry((row.into(), ending)).or_default() += 1;
    }

    /// All runs that ended in this way.
    #[must_use]
    pub fn of(&self, ending: Ending) -> usize {
        self.0.iter().filter(|((_, found), _)| *found == ending).map(|(_, count)| count).sum()
    }

    /// Those of another count as well.
    pub fn add_all(&mut self, others: &Self) {
        for (key, count) in &others.0 {
            *self.0.entry(key.clone()).or_default() += count;
        }
    }
}

/// The table of counts.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24} {:>8} {:>10} {:>8} {:>8}", "", "success", "unchanged", "partial", "unknown")?;
        let mut rows: Vec<&str> = self.0.keys().map(|(row, _)| row.as_str()).collect();
        rows.dedup();
        for row in rows {
            let count = |ending| self.0.get(&(row.to_owned(), ending)).copied().unwrap_or(0);
            let [success, unchanged, partial, unknown] =
                [Ending::Success, Ending::Unchanged, Ending::Partial, Ending::Unknown].map(count);
            writeln!(f, "{row:<24} {success:>8} {unchanged:>10} {partial:>8} {unknown:>8}")?;
        }
        Ok(())
    }
}
