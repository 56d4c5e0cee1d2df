//! What people type after `gcloud run`: its release tracks, and its flags and commands, also those that runctl has not.

mod commands;
mod flags;
mod track;

pub(crate) use commands::refused_command;
#[cfg(test)]
pub(crate) use flags::FLAGS;
pub(crate) use flags::{Standing, flag, is_safe_tip};
pub(crate) use track::without_track;
