//! An emulator that is killed at random moments and started again on its state: every acknowledged write must be
//! there, and nothing else but what was under way.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::types::Service;
use run_api::{Client, Error, ServiceRef};
use run_ops::new_service;
use tokio::time::Instant;

use crate::{HELLO, client_of};

/// How often the emulator is killed, and by how many clients it is written meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// Kills.
    pub kills: u32,
    /// Clients at work at the same time.
    pub clients: u32,
    /// The shortest and the longest time between a start and the kill.
    pub alive: (Duration, Duration),
    /// Moments and actions are drawn from this.
    pub seed: u64,
}

/// What the rounds came to, in sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Kills.
    pub kills: u32,
    /// Writes that were acknowledged, and found after the next start.
    pub acknowledged: u64,
    /// Writes that were under way when the emulator was killed, of which nobody knows.
    pub under_way: u64,
    /// Of those, writes that were there after the next start.
    pub applied: u64,
    /// Services that were there at the end.
    pub services: usize,
    /// How long the starts took, until requests were answered.
    pub starts: Vec<Duration>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, acknowledged, under_way, applied, services, starts } = self;
        let mut starts = starts.clone();
        starts.sort_unstable();
        let (median, longest) = (starts.get(starts.len() / 2), starts.last());
        write!(
            f,
            "{kills} kills; {acknowledged} acknowledged writes, all there after the next start; of {under_way} that were \
             under way {applied} are there; {services} services at the end; starts took {:?} (median) to {:?}",
            median.copied().unwrap_or_default(),
            longest.copied().unwrap_or_default(),
        )
    }
}

/// What a client knows of one of its services. Nobody else writes it.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The last number that was acknowledged; none if the service is gone.
    acknowledged: Option<u64>,
    /// What the write under way would make of it.
    under_way: Option<Option<u64>>,
    version: Vec<u8>,
}

/// One client and its services by name.
struct Writer {
    at: u32,
    random: StdRng,
    made: u32,
    services: BTreeMap<String, Known>,
    acknowledged: u64,
}

/// A server that is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts, kills and checks the server that `command` makes: it must print its address as the first line, and keep its
/// state in the same place each time.
///
/// # Errors
/// If the server does not start, or is not as it was told to its clients.
///
/// # Panics
/// If the server's address is none.
pub async fn run(command: impl Fn() -> Command, rounds: Rounds) -> Result<Figures, String> {
    let mut random = StdRng::seed_from_u64(rounds.seed);
    let mut figures = Figures::default();
    let mut writers: Vec<Writer> = (0..rounds.clients)
        .map(|at| Writer {
            at,
            random: StdRng::seed_from_u64(rounds.seed.wrapping_mul(1 << 32).wrapping_add(u64::from(at) + 1)),
            made: 0,
            services: BTreeMap::new(),
            acknowledged: 0,
        })
        .collect();
    for kill in 0..=rounds.kills {
        let (server, took) = Server::start(command()).await?;
        figures.starts.push(took);
        let api = client_of(&server.url);
        for writer in &mut writers {
            writer
                .verify(&api, &mut figures)
                .await
                .map_err(|error| format!("after {kill} kills: {error}"))?;
        }
        if kill == rounds.kills {
            break;
        }
        let tasks: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let api = api.clone();
                tokio::spawn(async move {
                    let end = writer.write(&api).await;
                    (writer, end)
                })
            })
            .collect();
        let (shortest, longest) = rounds.alive;
        tokio::time::sleep(random.random_range(shortest..=longest)).await;
        drop(server);
        writers = Vec::new();
        for done in join_all(tasks).await {
            let (writer, end) = done.map_err(|error| error.to_string())?;
            // A server that is gone answers nothing; an answer is a refusal that nobody has asked for.
            if end.status().is_some() {
                return Err(format!("client {}: {end}", writer.at));
            }
            writers.push(writer);
        }
        figures.kills += 1;
    }
    figures.acknowledged = writers.iter().map(|writer| writer.acknowledged).sum();
    figures.services = writers.iter().map(|writer| writer.services.len()).sum();
    Ok(figures)
}

impl Server {
    /// Starts a server that prints its address as the first line, and says how long it took until it answered.
    ///
    /// # Errors
    /// If it does not start, or does not answer.
    ///
    /// # Panics
    /// If its address is none.
    pub async fn start(mut command: Command) -> Result<(Self, Duration), String> {
        let began = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut server =
            Self { child: child.map_err(|error| format!("{command:?}: {error}"))?, url: String::new() };
        let mut stdout = BufReader::new(server.child.stdout.take().ok_or("no stdout")?);
        stdout.read_line(&mut server.url).map_err(|error| error.to_string())?;
        server.url.truncate(server.url.trim_end().len());
        if server.url.is_empty() {
            let status = server.child.wait().map_err(|error| error.to_string())?;
            return Err(format!("{command:?} ended at its start, with {status}"));
        }
        let api = client_of(&server.url);
        let location = api.location().map_err(|error| error.to_string())?;
        let options = run_api::ListOptions { limit: Some(1), ..Default::default() };
        api.list_services(&location, &options).await.map_err(|error| error.to_string())?;
        Ok((server, began.elapsed()))
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Writer {
    /// Writes until nobody answers any more.
    async fn write(&mut self, api: &Client) -> Error {
        loop {
            let there = self.services.iter().filter(|(_, known)| known.acknowledged.is_some());
            let names: Vec<String> = there.map(|(name, _)| name.clone()).collect();
            let known = names.get(self.random.random_range(0..names.len().max(1))).cloned();
            let result = match (known, self.random.random_range(0..10)) {
                (Some(name), 0..=5) => self.count(api, &name).await,
                (Some(name), 6) => self.delete(api, &name).await,
                _ => self.create(api).await,
            };
            match result {
                Ok(()) => self.acknowledged += 1,
                Err(error) => return error,
            }
        }
    }

    async fn create(&mut self, api: &Client) -> Result<(), Error> {
        self.made += 1;
        let name = format!("c{}-{}", self.at, self.made);
        let service = named(api, &name);
        let mut object = new_service(&service, HELLO);
        set(&mut object, 0);
        self.services.insert(name.clone(), Known { under_way: Some(Some(0)), ..Known::default() });
        let made = api.create_service(&service.location, &object).await?;
        self.confirm(&name, Some(0), &made);
        Ok(())
    }

    async fn count(&mut self, api: &Client, name: &str) -> Result<(), Error> {
        let service = named(api, name);
        let mut object = api.get_service(&service).await?;
        let next = number(&object).unwrap_or_default() + 1;
        set(&mut object, next);
        // The status moves meanwhile, and nobody else writes.
        object.metadata.get_or_insert_default().resource_version = None;
        self.services.entry(name.to_owned()).or_default().under_way = Some(Some(next));
        let answer = api.replace_service(&service, &object).await?;
        self.confirm(name, Some(next), &answer);
        Ok(())
    }

    async fn delete(&mut self, api: &Client, name: &str) -> Result<(), Error> {
        self.services.entry(name.to_owned()).or_default().under_way = Some(None);
        api.delete_service(&named(api, name)).await?;
        let known = self.services.entry(name.to_owned()).or_default();
        *known = Known { acknowledged: None, under_way: None, ..std::mem::take(known) };
        Ok(())
    }

    fn confirm(&mut self, name: &str, number: Option<u64>, answer: &Service) {
        let known = Known { acknowledged: number, under_way: None, version: version(answer) };
        self.services.insert(name.to_owned(), known);
    }

    /// Compares what there is with what was acknowledged, and takes what there is for known.
    async fn verify(&mut self, api: &Client, figures: &mut Figures) -> Result<(), String> {
        for (name, known) in std::mem::take(&mut self.services) {
            let service = named(api, &name);
            let found = match api.get_service(&service).await {
                Ok(object) => Some(object),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(format!("{service}: {error}")),
            };
            // A deletion takes a moment, and shows from the first on.
            let deleting = |object: &Service| {
                object.metadata.as_ref().is_some_and(|metadata| metadata.deletion_timestamp.is_some())
            };
            let there = found.as_ref().filter(|object| !deleting(object));
            let counted = there.map(|object| number(object).unwrap_or_default());
            figures.under_way += u64::from(known.under_way.is_some());
            if known.under_way == Some(counted) {
                figures.applied += 1;
            } else if counted != known.acknowledged {
                return Err(format!(
                    "{service}: acknowledged {:?}, under way {:?}, and there is {counted:?}",
                    known.acknowledged, known.under_way
                ));
            }
            let Some(object) = there else { continue };
            if version(object) < known.version {
                return Err(format!("{service}: its version went back"));
            }
            self.confirm(&name, counted, object);
        }
        Ok(())
    }
}

const COUNTER: &str = "soak.example.com/counter";

fn named(api: &Client, name: &str) -> ServiceRef {
    api.service(name).expect("a valid name")
}

fn set(object: &mut Service, number: u64) {
    let annotations = &mut object.metadata.get_or_insert_default().annotations;
    annotations.insert(COUNTER.to_owned(), number.to_string());
}

fn number(object: &Service) -> Option<u64> {
    object.metadata.as_ref()?.annotations.get(COUNTER)?.parse().ok()
}

/// The version, in a form that has its order.
fn version(object: &Service) -> Vec<u8> {
    let text = object.metadata.as_ref().and_then(|metadata| metadata.resource_version.as_deref());
    STANDARD_NO_PAD.decode(text.unwrap_or_default()).unwrap_or_default()
}
