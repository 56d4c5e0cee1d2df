//! One module for each command.

pub(crate) mod about;
pub(crate) mod catalog;
mod delete;
#[cfg(feature = "emulator")]
pub(crate) mod demo;
pub(crate) mod deploy;
#[cfg(feature = "emulator")]
pub(crate) mod emulator;
mod iam;
pub(crate) mod jobs;
pub(crate) mod preflight;
pub(crate) mod release;
mod replace;
pub(crate) mod revisions;
pub(crate) mod services;
pub(crate) mod wait;
