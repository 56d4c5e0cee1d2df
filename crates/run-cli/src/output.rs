//! How objects and lists are written to stdout.

pub(crate) mod describe;
pub(crate) mod jobs;
mod layout;
mod list;
mod render;
mod show;
pub(crate) mod table;
pub(crate) mod view;

pub(crate) use list::{Column, Sink, list, shows_only_columns};
pub(crate) use show::{show, value_of};
