//! gcloud's small languages for output: keys, projections, formats and filters, over JSON values. Pure.
//! (Sources: `gcloud topic formats`, `projections`, `filters` and `resource-keys`.)

mod filter;
mod format;
mod key;
mod lexer;
mod projection;
mod text;
mod transform;

pub(crate) use filter::Filter;
pub(crate) use format::{Format, Kind};
pub(crate) use key::{Flatten, Record, SortKey};
pub(crate) use projection::{Align, Projection};
pub(crate) use text::{order, text};
