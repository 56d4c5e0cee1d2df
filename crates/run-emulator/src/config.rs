//! The settings that an emulator runs with.

use std::time::Duration;

use crate::api::json::FutureFields;
use crate::images::Catalogue;
use crate::process::{Secrets, Sink};
use crate::reconcile::Delays;
use crate::regions::Region;

#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) delays: Delays,
    pub(crate) images: Catalogue,
    pub(crate) future_fields: FutureFields,
    /// The domains that may be mapped, and their subdomains.
    pub(crate) authorized_domains: Vec<String>,
    pub(crate) secrets: Secrets,
    pub(crate) process_log: Sink,
    /// How long a program may take to end when it is asked to.
    pub(crate) stop_grace: Duration,
    pub(crate) default_region: &'static Region,
    pub(crate) requests_kept: usize,
}
