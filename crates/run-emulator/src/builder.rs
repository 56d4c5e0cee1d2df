//! Settings of an emulator.

mod programs;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use crate::access::{Caller, Callers};
use crate::config::{Config, Delays, FutureFields};
use crate::emulator::Emulator;
use crate::engine::Engine;
use crate::environment::{Environment, FailureStyle, Surroundings};
use crate::faults::{Fault, Faults, Scenario};
use crate::images::{Catalogue, ImageBehaviour};
use crate::log::{Listener, LogEntry};
use crate::process;
use crate::project::Projects;
use crate::regions;
use crate::store::{StateFile, Store};

/// The settings of an [`Emulator`] that is going to be started.
#[derive(Debug)]
#[must_use]
pub struct EmulatorBuilder {
    listen: SocketAddr,
    projects: Projects,
    default_region: String,
    delays: Delays,
    images: Catalogue,
    environment: Environment,
    listener: Listener,
    failures: FailureStyle,
    future_fields: FutureFields,
    authorized_domains: Vec<String>,
    allowed_hosts: Vec<String>,
    run_any_command: bool,
    programs: process::Settings,
    callers: Callers,
    seed: Option<u64>,
    faults: Vec<Fault>,
    state: Option<PathBuf>,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            projects: Projects::default(),
            default_region: "us-central1".to_owned(),
            delays: Delays::default(),
            images: Catalogue::default(),
            environment: Environment::default(),
            listener: Listener::default(),
            failures: FailureStyle::default(),
            future_fields: FutureFields::default(),
            authorized_domains: Vec::new(),
            allowed_hosts: Vec::new(),
            run_any_command: false,
            programs: process::Settings::default(),
            callers: Callers::default(),
            seed: None,
            faults: Vec::new(),
            state: None,
        }
    }
}

/// How many requests are remembered.
const REQUESTS_KEPT: usize = 1000;

impl Emulator {
    /// Starts an emulator with the default settings, to be changed.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }
}

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

    /// Something that goes wrong from the start; see [`Emulator::faults`] for later.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// A situation that users of Cloud Run have reported. It adds to the environment that is set by then.
    pub fn scenario(mut self, scenario: &Scenario) -> Self {
        self.delays = scenario.delays(self.delays);
        self.faults.extend(scenario.faults());
        self.environment = scenario.environment(self.environment);
        self
    }

    /// What Cloud Run finds outside of itself: secrets, accounts, quotas, registries. It can be changed later by
    /// [`Emulator::set_environment`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Where the failure of a revision shows in its service; [`FailureStyle::Of2024`] by default.
    pub fn failure_style(mut self, style: FailureStyle) -> Self {
        self.failures = style;
        self
    }

    /// Who is told of every request that was answered, and of every object that changes. The listener is called where the
    /// work is done, so it should be quick.
    pub fn log(mut self, listener: impl Fn(&LogEntry) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listener);
        self
    }

    /// How an image behaves: named by the whole reference, without tag and digest for all of them, or by a beginning
    /// with a `*` for all that begin with it, for example `europe-docker.pkg.dev/private/*`.
    pub fn image(mut self, image: impl Into<String>, behaviour: ImageBehaviour) -> Self {
        self.images.insert(image.into(), behaviour);
        self
    }

    /// Splits the traffic by this seed: the same requests in the same order go to the same revisions, as long as
    /// the version of this crate is the same.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
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

    /// A host name, without a port, at which the emulator may be asked. Without it those are addresses, names without a
    /// dot, Google's, and each of them with a region before it: any other name could be somebody's who leads a browser
    /// here, to use the emulator as if it were a page of its own. Services are reached by all of their names.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.allowed_hosts.push(name.into());
        self
    }

    /// Who a token stands for. From the first caller on, a request to the API needs a token, and a caller may do what its
    /// roles and the policies of services, jobs, worker pools and instances let it do; a request to a service that is not
    /// public needs the token of somebody who may invoke it. Without callers everybody may do everything, but send
    /// requests to services that are not public.
    pub fn caller(mut self, token: impl Into<String>, caller: Caller) -> Self {
        self.callers.insert(token.into(), caller);
        self
    }

    /// Lets every token that is no caller's invoke all services, for those who only want to send one.
    pub fn any_token_invokes(mut self) -> Self {
        self.callers.let_any_token_invoke();
        self
    }

    /// Keeps the state in this file, and goes on with what is there from an earlier emulator; without it, the state
    /// is forgotten with the emulator. The file is made if it is not there.
    ///
    /// A write is in the hands of the operating system before it is answered, so that the end of the process,
    /// however sudden, loses nothing. It may not have reached the disk yet: a power failure can damage the file,
    /// which is then refused. The port may be another one than before; the addresses of the services follow it.
    pub fn state(mut self, file: impl Into<PathBuf>) -> Self {
        self.state = Some(file.into());
        self
    }

    /// Starts the emulator on the caller's tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened on, the default region is none of Cloud Run's, or the state
    /// cannot be opened: it is in use, damaged, of a newer version, or of a project that has another number now.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let listen = self.listen;
        let faults = Faults::default();
        for fault in &self.faults {
            faults.add(fault.clone());
        }
        let failed = |error| StartError::new(Setting::Listen, format!("cannot listen on {listen}: {error}"));
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = self.store(address.port())?;
        Ok(Emulator::running(address, Engine::new(self.config()?, faults, store), listener))
    }

    fn store(&self, port: u16) -> Result<Store, StartError> {
        if let Some(path) = &self.state {
            let failed = |why: String| {
                StartError::new(Setting::State, format!("cannot use the state in {}: {why}", path.display()))
            };
            let file = StateFile::open(path).map_err(failed)?;
            return Store::restored(self.projects.clone(), port, Box::new(file)).map_err(failed);
        }
        Ok(Store::new(self.projects.clone(), port))
    }

    pub(crate) fn config(self) -> Result<Config, StartError> {
        let default_region = regions::find(&self.default_region).ok_or_else(|| {
            StartError::new(Setting::DefaultRegion, format!("there is no region `{}`", self.default_region))
        })?;
        let mut authorized_domains = self.authorized_domains;
        if authorized_domains.is_empty() {
            authorized_domains.push("example.com".to_owned());
        }
        let mut images = self.images;
        if !self.listen.ip().is_loopback() && !self.run_any_command {
            images.fix_commands();
        }
        let images = Arc::new(images);
        Ok(Config {
            delays: Mutex::new(self.delays),
            surroundings: Mutex::new(Arc::new(Surroundings {
                environment: self.environment,
                failures: self.failures,
                images: images.clone(),
            })),
            images,
            future_fields: self.future_fields,
            authorized_domains,
            allowed_hosts: self.allowed_hosts,
            programs: Arc::new(self.programs),
            callers: Arc::new(self.callers),
            seed: self.seed,
            listener: self.listener,
            default_region,
            requests_kept: REQUESTS_KEPT,
        })
    }
}

/// Why an emulator did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    concerns: Setting,
    reason: String,
}

/// A setting that an emulator could not start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// [`EmulatorBuilder::listen`]
    Listen,
    /// [`EmulatorBuilder::default_region`]
    DefaultRegion,
    /// [`EmulatorBuilder::state`]
    State,
}

impl StartError {
    fn new(concerns: Setting, reason: String) -> Self {
        Self { concerns, reason }
    }

    /// The setting that is the trouble.
    #[must_use]
    pub fn concerns(&self) -> Setting {
        self.concerns
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for StartError {}
