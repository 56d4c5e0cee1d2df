//! What every command on a real API needs: a client, somewhere to talk, and how an operation is carried out.

mod ci;
mod context;
mod events;
mod http_log;
mod interrupt;
mod operation;
mod report;

pub(crate) use ci::{Deployment, Note};
#[cfg(feature = "emulator")]
pub(crate) use context::poll_schedule;
pub(crate) use context::{Context, client};
#[cfg(feature = "emulator")]
pub(crate) use events::listener;
pub(crate) use interrupt::Interrupts;
pub(crate) use operation::{carry_out, carry_out_on, write_and_wait};
