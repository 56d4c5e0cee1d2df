//! Talking to people: failures and exit codes, the two streams, and the stages of a long command.

mod advice;
mod failure;
mod printer;
mod steps;
mod wording;

#[cfg(test)]
pub(crate) use advice::tests::all_advice;
pub(crate) use failure::{ExitStatus, Failure, hints};
pub(crate) use printer::Printer;
pub(crate) use steps::{Progress, Steps};
pub(crate) use wording::plain;
