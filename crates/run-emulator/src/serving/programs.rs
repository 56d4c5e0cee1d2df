//! What all servers of an emulator share: what starts programs, and the ports that those get: that of the container if it
//! is free, since many revisions share one host.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
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
    /// What tells other emulators that the number is given away, before the program listens.
    _sign: UdpSocket,
}

impl Ports {
    /// This port if it is free, else another one.
    pub(super) fn take(&self, wanted: Option<u16>) -> io::Result<Port> {
        let others = (0..TRIES).map(|_| rand::random_range(RANGE));
        let mut numbers = wanted.into_iter().chain(others);
        let none = || io::Error::new(io::ErrorKind::AddrInUse, "no free port was found");
        numbers.find_map(|number| self.give(number)).ok_or_else(none)
    }

    fn give(&self, number: u16) -> Option<Port> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.contains(&number) {
            return None;
        }
        let sign = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        // A program may want all addresses, or one.
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            TcpListener::bind((address, number)).ok()?;
        }
        taken.insert(number);
        Some(Port { number, ports: self.clone(), _sign: sign })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ports.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}
