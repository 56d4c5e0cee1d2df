//! One module for each command.

pub(crate) mod about;
pub(crate) mod catalog;
#[cfg(feature = "emulator")]
pub(crate) mod demo;
pub(crate) mod deploy;
#[cfg(feature = "emulator")]
pub(crate) mod emulator;
pub(crate) mod preflight;
pub(crate) mod release;
pub(crate) mod revisions;
pub(crate) mod services;
pub(crate) mod wait;
