//! Whether what was said of a job fits what there is.

use run_ops::{Error, Outcome};

use super::JobOperation;
use super::state::{Ran, State};
use crate::matrix::Ending;
use crate::matrix::verdict::{claims, says_that_it_was_deleted};

/// A success, as it was told: the job or the execution that it names, in this generation.
#[derive(Clone, Debug)]
pub(super) struct Done {
    uid: String,
    generation: i32,
}

impl Done {
    pub(super) fn of(uid: &str, generation: i32) -> Self {
        Self { uid: uid.to_owned(), generation }
    }
}

/// Whether an execution is the one that was asked for.
fn is_wanted(ran: &Ran) -> bool {
    ran.value.as_deref() == Some("once")
        && ran.tasks == Some(2)
        && matches!(ran.outcome, None | Some(Outcome::Succeeded))
}

/// Whether the state is exactly what the operation brings about, once and not twice.
fn is_right(operation: JobOperation, before: &State, after: &State, arrived: usize) -> bool {
    let made = after.made_since(before).count();
    let stays =
        (&before.uid, before.generation, &before.value) == (&after.uid, after.generation, &after.value);
    match operation {
        JobOperation::Create => after.generation == Some(1) && after.executions.is_empty(),
        JobOperation::Deploy => {
            let second = after.value.as_deref() == Some("second");
            second
                && after.uid == before.uid
                && after.generation == Some(2)
                && after.executions == before.executions
        }
        JobOperation::Execute => {
            stays && (1..=arrived).contains(&made) && after.made_since(before).all(|(_, ran)| is_wanted(ran))
        }
        JobOperation::Cancel => {
            let cancelled = |ran: &Ran| ran.outcome == Some(Outcome::Cancelled);
            stays && made == 0 && !after.executions.is_empty() && after.executions.values().all(cancelled)
        }
        JobOperation::Delete => after.uid.is_none() && after.executions.is_empty(),
    }
}

/// How the run ended, or what is not true of what it said. There was nobody but us, and `arrived` is how often the wire
/// delivers what is sent once.
pub(super) fn verdict(
    operation: JobOperation,
    outcome: &Result<Done, Error>,
    (before, after): (&State, &State),
    arrived: usize,
) -> Result<Ending, &'static str> {
    if after.made_since(before).count() > if operation == JobOperation::Execute { arrived } else { 0 } {
        return Err("there are more executions than were asked for");
    }
    let right = is_right(operation, before, after, arrived);
    let unchanged = before == after;
    let error = match outcome {
        Ok(_) if !right => return Err("the state is not what was asked for"),
        Ok(done) if !is_named(operation, done, before, after) => return Err("it names another one"),
        Ok(_) => return Ok(Ending::Success),
        Err(error) => error,
    };
    claims(error, before.uid.as_deref(), after.uid.as_deref())?;
    match error.written() {
        _ if error.is_outcome_unknown() && (right || unchanged) => Ok(Ending::Unknown),
        _ if error.is_outcome_unknown() => Err("the state is neither the one before nor the right one"),
        Some(_) if !right => Err("what it says is written is not there"),
        Some(version) => {
            let done = Done::of(version.uid(), version.generation());
            if is_named(operation, &done, before, after) {
                Ok(Ending::Partial)
            } else {
                Err("it names another one")
            }
        }
        // A deletion leaves nothing that could be named.
        None if operation == JobOperation::Delete && says_that_it_was_deleted(error) => {
            if right {
                Ok(Ending::Partial)
            } else {
                Err("nothing is being deleted")
            }
        }
        None if unchanged => Ok(Ending::Unchanged),
        None => Err("something was done"),
    }
}

/// Whether what is named is what was written, begun or cancelled.
fn is_named(operation: JobOperation, done: &Done, before: &State, after: &State) -> bool {
    match operation {
        JobOperation::Create | JobOperation::Deploy => {
            (Some(&done.uid), Some(done.generation)) == (after.uid.as_ref(), after.generation)
        }
        JobOperation::Execute => after.made_since(before).any(|(uid, _)| uid == done.uid),
        JobOperation::Cancel => before.executions.contains_key(&done.uid),
        JobOperation::Delete => true,
    }
}
