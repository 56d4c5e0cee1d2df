//! How gcloud writes lists, maps and durations in the values of flags. Pure.

mod duration;
mod list;

pub(crate) use duration::duration;
pub(crate) use list::{file_of_pairs, list, pairs};
