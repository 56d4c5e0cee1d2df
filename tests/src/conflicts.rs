//! Many clients that write the same services: every acknowledged edit must be in the final objects, and nothing may
//! fail but by the rules.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::types::{Binding, Service};
use run_api::{Client, Error, ListOptions, ServiceRef};
use run_ops::{Ops, ServiceEdit, new_service};
use tokio::time::Instant;

use crate::{HELLO, client_of, soon};

/// How many clients write how many services for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Clients at work at the same time.
    pub clients: u32,
    /// Services that all of them write.
    pub services: u32,
    /// How long they write.
    pub lasts: Duration,
    /// What they choose to do next is drawn from this.
    pub seed: u64,
}

/// What the clients came to, in sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Edits of the shared services that were acknowledged.
    pub edits: u64,
    /// Of those, edits of the template: new revisions.
    pub revisions: u64,
    /// Edits of the shared policies that were acknowledged.
    pub grants: u64,
    /// Writes that were refused because another one came before them, and were made anew.
    pub conflicts: u64,
    /// Services of one client alone that were created and deleted.
    pub lives: u64,
    /// Pages of lists that were read.
    pub pages: u64,
    /// The longest time that any request took.
    pub slowest: Duration,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { edits, revisions, grants, conflicts, lives, pages, slowest } = self;
        write!(
            f,
            "{edits} edits ({revisions} new revisions) and {grants} grants acknowledged and found at the end, after \
             {conflicts} conflicts; {lives} services created and deleted, {pages} pages read; slowest request \
             {slowest:?}"
        )
    }
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.edits += other.edits;
        self.revisions += other.revisions;
        self.grants += other.grants;
        self.conflicts += other.conflicts;
        self.lives += other.lives;
        self.pages += other.pages;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// One client, and what was acknowledged to it: for each service the number of its last edit, of its last edit of the
/// template, and of its last grant.
struct Writer {
    name: String,
    api: Client,
    random: StdRng,
    acknowledged: BTreeMap<String, [u64; 3]>,
    figures: Figures,
}

const ANNOTATION: usize = 0;
const VARIABLE: usize = 1;
const MEMBER: usize = 2;

/// Runs a load against the server at this address, and looks for every acknowledged edit at the end.
///
/// # Errors
/// If an edit is lost, or a request fails in a way that the rules do not ask for.
///
/// # Panics
/// If the address is none.
pub async fn run(url: &str, load: Load) -> Result<Figures, String> {
    let api = client_of(url);
    let services = (0..load.services).map(|at| named(&api, &format!("shared-{at}"))).collect::<Vec<_>>();
    for service in &services {
        let made = api.create_service(&service.location, &new_service(service, HELLO)).await;
        made.map_err(|error| format!("{service}: {error}"))?;
    }
    let until = Instant::now() + load.lasts;
    let writers = (0..load.clients).map(|at| {
        let mut writer = Writer {
            name: format!("c{at}"),
            api: api.clone(),
            random: StdRng::seed_from_u64(load.seed.wrapping_mul(1 << 32).wrapping_add(u64::from(at))),
            acknowledged: BTreeMap::new(),
            figures: Figures::default(),
        };
        let services = services.clone();
        tokio::spawn(async move {
            while Instant::now() < until {
                writer.act(&services).await.map_err(|error| format!("{}: {error}", writer.name))?;
            }
            Ok::<_, String>(writer)
        })
    });
    let mut figures = Figures::default();
    let mut writers_done: Vec<Writer> = Vec::new();
    for done in join_all(writers).await {
        let writer = done.map_err(|error| error.to_string())??;
        figures.add(writer.figures);
        writers_done.push(writer);
    }
    for service in &services {
        verify(&api, service, &writers_done).await?;
    }
    Ok(figures)
}

fn named(api: &Client, name: &str) -> ServiceRef {
    api.service(name).expect("a valid name")
}

impl Writer {
    async fn act(&mut self, services: &[ServiceRef]) -> Result<(), Error> {
        let service = &services[self.random.random_range(0..services.len())];
        match self.random.random_range(0..20) {
            0..=11 => self.edit(service, ANNOTATION).await,
            12..=13 => self.edit(service, VARIABLE).await,
            14..=16 => self.grant(service).await,
            17..=18 => self.page().await,
            _ => self.live().await,
        }
    }

    /// Reads, counts one further, replaces; again for as long as others come before.
    async fn edit(&mut self, service: &ServiceRef, place: usize) -> Result<(), Error> {
        loop {
            let mut object = self.timed(self.api.clone().get_service(service)).await?;
            let next = self.acknowledged(service)[place] + 1;
            set(&mut object, &self.name, place, next);
            match self.timed(self.api.clone().replace_service(service, &object)).await {
                Ok(_) => {
                    self.acknowledged(service)[place] = next;
                    self.figures.edits += 1;
                    self.figures.revisions += u64::from(place == VARIABLE);
                    return Ok(());
                }
                Err(error) => self.conflict(error)?,
            }
        }
    }

    async fn grant(&mut self, service: &ServiceRef) -> Result<(), Error> {
        loop {
            let mut policy = self.timed(self.api.clone().get_service_iam_policy(service)).await?;
            let next = self.acknowledged(service)[MEMBER] + 1;
            if policy.bindings.is_empty() {
                policy
                    .bindings
                    .push(Binding { role: Some("roles/run.invoker".to_owned()), ..Binding::default() });
            }
            let members = &mut policy.bindings[0].members;
            let prefix = format!("user:{}-", self.name);
            members.retain(|member| !member.starts_with(&prefix));
            members.push(format!("{prefix}{next}@example.com"));
            match self.timed(self.api.clone().set_service_iam_policy(service, policy)).await {
                Ok(_) => {
                    self.acknowledged(service)[MEMBER] = next;
                    self.figures.grants += 1;
                    return Ok(());
                }
                Err(error) => self.conflict(error)?,
            }
        }
    }

    async fn page(&mut self) -> Result<(), Error> {
        let location = self.api.location()?;
        let options = ListOptions { limit: Some(10), ..ListOptions::default() };
        self.timed(self.api.clone().list_services(&location, &options)).await?;
        self.timed(self.api.clone().list_revisions(&location, &options)).await?;
        self.figures.pages += 2;
        Ok(())
    }

    /// A service that nobody else knows: there once it is created, and gone once it is deleted.
    async fn live(&mut self) -> Result<(), Error> {
        let service = named(&self.api, &format!("own-{}", self.name));
        let body = new_service(&service, HELLO);
        self.timed(self.api.clone().create_service(&service.location, &body)).await?;
        self.timed(self.api.clone().get_service(&service)).await?;
        self.timed(self.api.clone().delete_service(&service)).await?;
        loop {
            match self.timed(self.api.clone().get_service(&service)).await {
                Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) if error.is_not_found() => break,
                Err(error) => return Err(error),
            }
        }
        self.figures.lives += 1;
        Ok(())
    }

    fn acknowledged(&mut self, service: &ServiceRef) -> &mut [u64; 3] {
        self.acknowledged.entry(service.name.to_string()).or_default()
    }

    /// The one refusal that the rules ask for here.
    fn conflict(&mut self, error: Error) -> Result<(), Error> {
        if error.is_conflict() && error.status() == Some("ABORTED") {
            self.figures.conflicts += 1;
            return Ok(());
        }
        Err(error)
    }

    async fn timed<T>(&mut self, call: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let result = call.await;
        self.figures.slowest = self.figures.slowest.max(start.elapsed());
        result
    }
}

fn set(object: &mut Service, writer: &str, place: usize, number: u64) {
    if place == VARIABLE {
        object.set_env(writer, &number.to_string());
    } else {
        let annotations = &mut object.metadata.get_or_insert_default().annotations;
        annotations.insert(format!("soak.example.com/{writer}"), number.to_string());
    }
}

/// Looks for the last edits of all writers, and waits until the service has settled.
async fn verify(api: &Client, service: &ServiceRef, writers: &[Writer]) -> Result<(), String> {
    let mut object = api.get_service(service).await.map_err(|error| error.to_string())?;
    let policy = api.get_service_iam_policy(service).await.map_err(|error| error.to_string())?;
    let annotations = object.metadata.clone().unwrap_or_default().annotations;
    let variables = object.container_mut().env.clone();
    let members: Vec<&String> = policy.bindings.iter().flat_map(|binding| &binding.members).collect();
    for writer in writers {
        let Some(acknowledged) = writer.acknowledged.get(service.name.as_str()) else { continue };
        let annotation = annotations.get(&format!("soak.example.com/{}", writer.name));
        let variable = variables.iter().find(|variable| variable.name.as_deref() == Some(&writer.name));
        let prefix = format!("user:{}-", writer.name);
        let member = members.iter().find_map(|member| member.strip_prefix(&prefix)?.split('@').next());
        let found =
            [annotation.map(String::as_str), variable.and_then(|variable| variable.value.as_deref()), member];
        for (found, acknowledged) in found.into_iter().zip(acknowledged) {
            let found = found.unwrap_or("0");
            if found != acknowledged.to_string() {
                return Err(format!(
                    "{service}: {} was told {acknowledged}, and {found} is there",
                    writer.name
                ));
            }
        }
    }
    // A write that changes nothing, for the reference that waits need.
    let ops = Ops::new(api.clone());
    let same =
        ops.update_service(service, |_| Ok(())).await.map_err(|error| format!("{service}: {error}"))?;
    ops.wait_until_ready(&same, soon()).await.map_err(|error| format!("{service}: {error}"))?;
    Ok(())
}
