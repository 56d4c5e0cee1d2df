//! What the cross-crate tests share: an emulator with the operations on it.

pub mod conflicts;
pub mod crowd;
pub mod interleavings;
pub mod job_matrix;
pub mod kills;
pub mod matrix;
pub mod proxy;
pub mod refusing;
pub mod schedule;

use std::time::Duration;

use run_api::{Client, Endpoint, ServiceRef};
use run_emulator::{Delays, Emulator, EmulatorBuilder};
use run_ops::{Deadline, Ops, PollSchedule, ServiceEdit, Written, new_service};

/// An image that the emulator's hello server stands for.
pub const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";

/// An emulator in which everything takes two milliseconds, and a client of it.
pub struct World {
    /// The emulator; dropping it ends it.
    pub emulator: Emulator,
    /// A client with a project and a region.
    pub client: Client,
    /// The operations on that client, polling every few milliseconds.
    pub ops: Ops<Client>,
}

impl World {
    /// A world with the default settings.
    pub async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    /// A world with other settings.
    ///
    /// # Panics
    /// If the emulator cannot start.
    pub async fn with(settings: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = Emulator::builder().delays(Delays::uniform(Duration::from_millis(2)));
        let emulator = settings(builder).start().await.expect("a port on loopback");
        let client = client_of(&emulator.url());
        let schedule = PollSchedule::between(Duration::from_millis(2), Duration::from_millis(10));
        let ops = Ops::new(client.clone()).poll_schedule(schedule);
        Self { emulator, client, ops }
    }

    /// A service's reference.
    ///
    /// # Panics
    /// If the name is not valid.
    #[must_use]
    pub fn service(&self, name: &str) -> ServiceRef {
        self.client.service(name).expect("a valid name")
    }

    /// Creates a hello service, edited, without waiting.
    ///
    /// # Panics
    /// If it cannot be created.
    pub async fn create(&self, name: &str, edit: impl FnOnce(&mut run_api::types::Service)) -> Written {
        let reference = self.service(name);
        let mut object = new_service(&reference, HELLO);
        object.set_env("RELEASE", "first");
        edit(&mut object);
        self.ops.create_service(&reference, object).await.expect("a service that can be created")
    }

    /// Creates a hello service and waits until it is ready.
    ///
    /// # Panics
    /// If it does not become ready.
    pub async fn create_ready(&self, name: &str) -> run_api::types::Service {
        let written = self.create(name, |_| ()).await;
        self.ops.wait_until_ready(&written, soon()).await.expect("a service that becomes ready")
    }
}

/// A client of the emulator at this URL.
///
/// # Panics
/// If the URL is none.
#[must_use]
pub fn client_of(url: &str) -> Client {
    Client::builder()
        .endpoint(Endpoint::emulator(url).expect("an emulator's address"))
        .project("test-project")
        .region("us-central1")
        .build()
        .expect("valid settings")
}

/// A deadline that only a hang reaches.
#[must_use]
pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

/// The code in the guide for users of the emulator compiles, and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../../crates/run-emulator/TESTING.md")]
pub struct Guide;
