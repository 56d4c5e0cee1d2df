//! Talking to people: failures and exit codes, the two streams, and the steps of a long command.

mod failure;
mod printer;
mod steps;
mod wording;

pub(crate) use failure::{ExitStatus, Failure};
pub(crate) use printer::Printer;
pub(crate) use steps::Steps;
pub(crate) use wording::plain;
