//! What every command on a real API needs: a client, somewhere to talk, and how an operation is carried out.

mod ci;
mod context;
mod events;
mod http_log;
mod interrupt;
mod operation;
mod report;
mod rows;

pub(crate) use ci::{Outcome, note};
pub(crate) use context::Context;
#[cfg(feature = "emulator")]
pub(crate) use context::{client, poll_schedule};
#[cfg(feature = "emulator")]
pub(crate) use events::listener;
pub(crate) use interrupt::Interrupts;
pub(crate) use operation::{carry_out, carry_out_on};
