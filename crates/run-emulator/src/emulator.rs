//! A running emulator.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::Environment;
use crate::faults::Faults;
use crate::http;
use crate::log::LoggedRequest;
use crate::reconcile;

/// A running emulator. Dropping it ends it: connections, and the work on its services.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    handle: Handle,
}

struct Handle {
    engine: Arc<Engine>,
    server: JoinHandle<()>,
}

impl Emulator {
    pub(crate) fn running(address: SocketAddr, engine: Engine, listener: TcpListener) -> Self {
        let engine = Arc::new(engine);
        reconcile::resume(&engine);
        let server = tokio::spawn(http::serve(engine.clone(), listener));
        Self { address, handle: Handle { engine, server } }
    }

    /// The base URL of the API, for example `http://127.0.0.1:8787`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that the emulator listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// What goes wrong on purpose, to be changed while the emulator runs.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.handle.engine.faults.clone()
    }

    /// How long the stages take from now on.
    pub fn set_delays(&self, delays: Delays) {
        self.handle.engine.config.set_delays(delays);
    }

    /// What Cloud Run finds outside of itself from now on. What was refused or has failed before stays so until it is
    /// written again.
    pub fn set_environment(&self, environment: Environment) {
        self.handle.engine.config.set_environment(environment);
    }

    /// The last requests to the API, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.handle.engine.requests()
    }

    /// Ends the emulator; when this returns, nobody listens on its address any more. Programs that run in place of
    /// images are asked to end, and have [`stop_grace`](crate::EmulatorBuilder::stop_grace) for it.
    pub async fn shutdown(mut self) {
        self.handle.server.abort();
        self.handle.engine.stop_driving();
        let engine = &self.handle.engine;
        engine.launcher().stop(engine.config.programs.stop_grace).await;
        // It was aborted, and has no other end.
        let _ = (&mut self.handle.server).await;
    }
}

impl Handle {
    fn stop(&self) {
        self.server.abort();
        self.engine.stop();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("config", &self.engine.config).finish_non_exhaustive()
    }
}
