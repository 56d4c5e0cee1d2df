//! The HTTP client.

mod body;
mod builder;
mod call;
mod core;
mod doubt;
mod fields;
mod iam;
mod items;
mod list;
mod loopback;
mod objects;
mod observe;
mod operations;
mod options;
mod reader;
mod references;
mod running;
mod serving;

pub use self::core::Client;
pub use builder::ClientBuilder;
pub use fields::{FieldMask, Partial};
pub use items::Items;
pub use list::pages;
pub use loopback::LoopbackResolver;
pub use observe::Exchange;
pub use options::{AnswerLimits, ListOptions, Scope, WriteOptions};
