//! Local processes that stand for containers.

mod batch;
mod command;
mod environment;
mod group;
mod guardian;
mod launcher;
mod log;
mod ports;
mod settings;

pub(crate) use batch::Batch;
pub use command::{CommandError, LocalCommand};
pub(crate) use environment::{MissingSecret, Secrets, variables};
pub(crate) use launcher::{Exit, Launch, Launcher, Process};
pub(crate) use log::Sink;
pub use log::{ProcessLine, Stream};
pub(crate) use ports::listening;
pub(crate) use settings::Settings;
