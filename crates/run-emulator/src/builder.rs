//! Settings of an emulator.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::api::json::FutureFields;
use crate::config::Config;
use crate::emulator::Emulator;
use crate::engine::Engine;
use crate::images::{Catalogue, ImageBehaviour};
use crate::process::{LocalCommand, ProcessLine, Secrets, Sink};
use crate::project::Projects;
use crate::reconcile::Delays;
use crate::regions;
use crate::store::Store;

/// The settings of an [`Emulator`] that is going to be started.
#[derive(Debug)]
#[must_use]
pub struct EmulatorBuilder {
    listen: SocketAddr,
    projects: Projects,
    default_region: String,
    delays: Delays,
    images: Catalogue,
    future_fields: FutureFields,
    authorized_domains: Vec<String>,
    secrets: Secrets,
    process_log: Sink,
    stop_grace: Duration,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            projects: Projects::default(),
            default_region: "us-central1".to_owned(),
            delays: Delays::default(),
            images: Catalogue::default(),
            future_fields: FutureFields::default(),
            authorized_domains: Vec::new(),
            secrets: Secrets::default(),
            process_log: Sink::default(),
            stop_grace: Duration::from_secs(10),
        }
    }
}

/// How many requests are remembered.
const REQUESTS_KEPT: usize = 1000;

impl EmulatorBuilder {
    /// The address to listen on; by default a free port on loopback.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// A project with a number of your choice. Every other project exists as well, with a number that depends on
    /// its id.
    pub fn project(mut self, id: &str, number: u64) -> Self {
        self.projects.register(id, number);
        self
    }

    /// The region of requests that name none by host or path; `us-central1` by default.
    pub fn default_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.default_region);
        self
    }

    /// How long the stages of a deployment take.
    pub fn delays(mut self, delays: Delays) -> Self {
        self.delays = delays;
        self
    }

    /// How an image behaves: named by the whole reference, or without tag and digest for all of them.
    pub fn image(mut self, image: impl Into<String>, behaviour: ImageBehaviour) -> Self {
        self.images.insert(image.into(), behaviour);
        self
    }

    /// Runs a program of this machine in place of an image, which is named as for [`image`](Self::image).
    pub fn run(self, image: impl Into<String>, command: LocalCommand) -> Self {
        self.image(image, ImageBehaviour::Command(command))
    }

    /// The value of a secret, in all of its versions, for the environment of programs that run in place of images.
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Who is given the lines that programs write; nobody by default.
    pub fn process_log(mut self, sink: impl Fn(ProcessLine<'_>) + Send + Sync + 'static) -> Self {
        self.process_log = Sink::new(sink);
        self
    }

    /// How long a program may take to end when it is asked to, before it is killed: ten seconds by default, as
    /// with Cloud Run.
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.stop_grace = grace;
        self
    }

    /// How images behave that nothing was said about; [`ImageBehaviour::Hello`] by default.
    pub fn unknown_images(mut self, behaviour: ImageBehaviour) -> Self {
        self.images.set_unknown(behaviour);
        self
    }

    /// A field that the API document does not know and that is accepted, kept and returned all the same: its
    /// path from the object's root, without indices, for example `spec.template.spec.newThing`.
    pub fn future_field(mut self, path: impl Into<String>) -> Self {
        self.future_fields.insert(path.into());
        self
    }

    /// A domain that may be mapped to services, its subdomains included; `example.com` if none is named.
    pub fn authorized_domain(mut self, domain: &str) -> Self {
        self.authorized_domains.push(domain.to_ascii_lowercase());
        self
    }

    /// Starts the emulator on the caller's tokio runtime.
    ///
    /// # Errors
    /// If the address can not be listened on, or the default region is none of Cloud Run's.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let (listen, projects) = (self.listen, self.projects.clone());
        let config = self.config()?;
        let failed = |error| StartError(format!("can not listen on {listen}: {error}"));
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = Store::new(projects, address.port());
        Ok(Emulator::running(address, Engine::new(config, store), listener))
    }

    pub(crate) fn config(self) -> Result<Config, StartError> {
        let default_region = regions::find(&self.default_region)
            .ok_or_else(|| StartError(format!("there is no region `{}`", self.default_region)))?;
        let mut authorized_domains = self.authorized_domains;
        if authorized_domains.is_empty() {
            authorized_domains.push("example.com".to_owned());
        }
        Ok(Config {
            delays: self.delays,
            images: self.images,
            future_fields: self.future_fields,
            authorized_domains,
            secrets: self.secrets,
            process_log: self.process_log,
            stop_grace: self.stop_grace,
            default_region,
            requests_kept: REQUESTS_KEPT,
        })
    }
}

/// Why an emulator did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
