//! Whether what was said fits what there is.

use run_ops::{Error, ErrorKind};

use super::Ending;
use super::backstage::State;
use super::operations::{Done, Failed, Operation, is_right};

/// How the run ended, or what is not true of what it said. There was nobody but us.
pub(super) fn verdict(
    operation: Operation,
    outcome: &Result<Done, Failed>,
    before: Option<&State>,
    after: Option<&State>,
) -> Result<Ending, &'static str> {
    let right = is_right(operation, before, after);
    let unchanged = after == before;
    let Failed { error, written } = match outcome {
        Ok(_) if !right => return Err("the state is not what was asked for"),
        // Nothing tells whose change it was that a policy has after a conflict.
        Ok(Done { changed: true }) if unchanged && operation != Operation::GrantSame => {
            return Err("nothing was written");
        }
        Ok(Done { changed: false }) if !unchanged => return Err("something was written"),
        Ok(_) => return Ok(Ending::Success),
        Err(failed) => failed,
    };
    let uid = |state: Option<&'_ State>| state.map(|state| state.uid.clone());
    claims(error, uid(before).as_deref(), uid(after).as_deref())?;
    let there = after.map(|state| state.generation);
    match written {
        _ if error.is_outcome_unknown() => {
            let known = right || unchanged || (written.is_some() && there == *written);
            if known {
                Ok(Ending::Unknown)
            } else {
                Err("the state is neither the one before nor the right one")
            }
        }
        Some(_) if unchanged => Err("nothing was written"),
        // What it names is there, and nothing beyond it.
        Some(generation) if there == Some(*generation) => Ok(Ending::Partial),
        Some(_) => Err("the generation is another one"),
        // A deletion leaves nothing that could be named.
        None if operation == Operation::Delete && right && says_that_it_was_deleted(error) => {
            Ok(Ending::Partial)
        }
        None if unchanged && says_that_it_was_deleted(error) => Err("nothing is being deleted"),
        None if unchanged => Ok(Ending::Unchanged),
        None => Err("something was written"),
    }
}

pub(crate) fn says_that_it_was_deleted(error: &Error) -> bool {
    error.to_string().contains("the deletion goes on")
}

/// What the error's kind says of the server, by the uids of the object that was there and of the one that is. There was
/// nobody but us, and nothing that could fail.
pub(crate) fn claims(error: &Error, before: Option<&str>, after: Option<&str>) -> Result<(), &'static str> {
    if error.is_outcome_unknown() {
        return Ok(());
    }
    if error.is_not_found() && (before.is_some() || after.is_some()) {
        return Err("it is there");
    }
    if error.is_gone() && after == before {
        return Err("it is not gone");
    }
    if error.is_already_exists() {
        return Err("nobody else made anything");
    }
    // What is refused here rests on what was read, and promises only that nothing was sent.
    let is_refused = error.is_invalid_argument() && error.kind() != ErrorKind::Invalid;
    if error.is_permission_denied() || error.is_failed_precondition() || is_refused {
        return Err("nobody refused anything");
    }
    if error.is_failed() {
        return Err("nothing failed");
    }
    if error.is_cancelled() {
        return Err("nobody cancelled anything");
    }
    Ok(())
}
