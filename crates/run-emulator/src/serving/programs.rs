//! What all servers of an emulator share: what starts programs, and the ports that those get. (Many revisions share one
//! host, so that a program can not have the port of its container.)

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use crate::process::{Launcher, Settings};

/// What all servers of an emulator need.
pub(crate) struct Programs {
    pub(crate) launcher: Launcher,
    pub(crate) settings: Arc<Settings>,
    pub(super) ports: Ports,
}

impl Programs {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        let launcher = Launcher::new(settings.log.clone());
        Self { launcher, settings, ports: Ports::default() }
    }
}

/// Below the ports that systems give to outgoing connections: such a one could take the port between our look at
/// it and the program's.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 100;

/// The ports that are given away.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports(Arc<Mutex<BTreeSet<u16>>>);

/// A port on loopback that nobody listened on. It is given to nobody else until this is dropped.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: u16,
    ports: Ports,
}

impl Ports {
    pub(super) fn take(&self) -> io::Result<Port> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..TRIES {
            let number = rand::random_range(RANGE);
            if !taken.contains(&number) && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                taken.insert(number);
                return Ok(Port { number, ports: self.clone() });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port was found"))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ports.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}
