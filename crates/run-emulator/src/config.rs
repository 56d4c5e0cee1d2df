//! The settings that an emulator runs with.

mod delays;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

pub use delays::Delays;

use crate::access::Callers;
use crate::environment::{Environment, Surroundings};
use crate::images::Catalogue;
use crate::log::Listener;
use crate::process;
use crate::regions::Region;

/// Field paths, without indices, that are accepted although the API document does not know them.
pub(crate) type FutureFields = BTreeSet<String>;

#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) delays: Mutex<Delays>,
    pub(crate) images: Arc<Catalogue>,
    /// What is around the objects at present.
    pub(crate) surroundings: Mutex<Arc<Surroundings>>,
    pub(crate) future_fields: FutureFields,
    /// Who may call, if that is asked.
    pub(crate) callers: Arc<Callers>,
    /// The domains that may be mapped, and their subdomains.
    pub(crate) authorized_domains: Vec<String>,
    /// Host names at which the emulator may be asked, besides those of this machine and Google's.
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) programs: Arc<process::Settings>,
    /// What the traffic is split by, if it is to be repeatable.
    pub(crate) seed: Option<u64>,
    /// Who is told of requests and changes.
    pub(crate) listener: Listener,
    pub(crate) default_region: &'static Region,
    pub(crate) requests_kept: usize,
}

impl Config {
    /// How long the stages take at present.
    pub(crate) fn delays(&self) -> Delays {
        *self.delays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is around the objects at present.
    pub(crate) fn surroundings(&self) -> Arc<Surroundings> {
        self.surroundings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the surroundings.
    pub(crate) fn set_environment(&self, environment: Environment) {
        let mut now = self.surroundings.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Arc::new(Surroundings { environment, ..Surroundings::clone(&now) });
    }

    pub(crate) fn set_delays(&self, delays: Delays) {
        *self.delays.lock().unwrap_or_else(PoisonError::into_inner) = delays;
    }
}
