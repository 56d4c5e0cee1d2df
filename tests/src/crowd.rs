//! Many processes of `runctl` at the same time, through a proxy in bad weather: what each of them says must be true of
//! the server, and nothing that was acknowledged may be lost.
//!
//! Each actor has a service of its own, of which it knows everything, and all of them write the same few services, where
//! each has a variable and a member of its own. The one test of the faults on the wire in real time.

mod said;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::types::{Policy, Service};
use run_api::{Client, ServiceRef};
use run_emulator::{Delays, Emulator};
use run_ops::ServiceView;

use crate::proxy::{Impostor, Proxy, Strike};
use crate::{HELLO, client_of};
use said::{Said, runctl};

/// How many, and for how long.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// The program.
    pub runctl: PathBuf,
    /// Processes at the same time.
    pub actors: u32,
    /// Commands of each actor, one after the other.
    pub rounds: u32,
    /// Services that all of them write.
    pub shared: u32,
    /// Of a thousand requests, how many are struck.
    pub per_mille: u32,
    /// What is drawn at random is drawn from this.
    pub seed: u64,
}

/// What it came to, in sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Processes at the same time.
    pub processes: u32,
    /// Commands.
    pub commands: u32,
    /// Commands that succeeded.
    pub succeeded: u32,
    /// Commands that said that their outcome is unknown.
    pub unknown: u32,
    /// Commands that failed in another way.
    pub failed: u32,
    /// Requests that were struck.
    pub strikes: u32,
    /// Requests.
    pub requests: u32,
    /// The command that took longest, and how long.
    pub longest: (Duration, String),
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processes, commands, succeeded, unknown, failed, strikes, requests, longest } = self;
        write!(
            f,
            "{commands} commands, {processes} at the same time: {succeeded} succeeded, {failed} failed and said so, {unknown} \
             do not know; {strikes} of {requests} requests were struck; the longest took {:.1} s ({}); nothing lost, nothing \
             untrue",
            longest.0.as_secs_f64(),
            longest.1
        )
    }
}

/// What strikes here: what does not make anybody wait for a minute.
fn weather() -> Vec<Strike> {
    let instead = |impostor, applied| Strike::Instead { impostor, applied };
    let mut strikes = vec![
        Strike::Twice { second: false },
        Strike::Twice { second: true },
        Strike::Lost { applied: false },
        Strike::Lost { applied: true },
        Strike::Cut,
        instead(Impostor::Api(429), false),
        instead(Impostor::Api(500), true),
        instead(Impostor::Api(503), false),
        instead(Impostor::BrokenChunks, true),
        instead(Impostor::BrokenGzip, true),
    ];
    for impostor in [101, 204, 302, 403, 404, 409].map(Impostor::Foreign) {
        strikes.extend([instead(impostor, false), instead(impostor, true)]);
    }
    for impostor in [Impostor::WrongKind, Impostor::ErrorInSuccess, Impostor::EmptyObject] {
        strikes.extend([instead(impostor, false), instead(impostor, true)]);
    }
    strikes
}

/// Lets them all loose on an emulator of their own.
///
/// # Errors
/// If anything was lost, or anything that was said is not true; the message names the command.
///
/// # Panics
/// If the emulator, the proxy or the program cannot be started.
pub async fn run(crowd: &Crowd) -> Result<Figures, String> {
    let delays = Delays::uniform(Duration::from_millis(5));
    let emulator = Emulator::builder().delays(delays).start().await.expect("a port on loopback");
    let proxy = Proxy::start(&emulator).await.expect("a port on loopback");
    let place = Arc::new(Place { plain: client_of(&emulator.url()), url: proxy.url(), crowd: crowd.clone() });
    for number in 0..crowd.shared {
        place.command(&["deploy", &shared(number), "--image", HELLO]).await?.succeeded()?;
    }
    proxy.weather(crowd.seed, crowd.per_mille, weather());
    let actors = (0..crowd.actors).map(|number| {
        let seed = crowd.seed.wrapping_mul(1 << 20).wrapping_add(u64::from(number));
        let mut actor = Actor {
            number,
            place: Arc::clone(&place),
            shared: Vec::new(),
            own: None,
            figures: Figures::default(),
        };
        tokio::spawn(async move { actor.act(&mut StdRng::seed_from_u64(seed)).await.map(|()| actor) })
    });
    let mut figures = Figures { processes: crowd.actors, ..Figures::default() };
    let mut actors_done = Vec::new();
    for joined in join_all(actors).await {
        actors_done.push(joined.map_err(|error| error.to_string())??);
    }
    (figures.requests, figures.strikes) = proxy.struck();
    for actor in &actors_done {
        figures.longest = figures.longest.max(actor.figures.longest.clone());
        figures.commands += actor.figures.commands;
        figures.succeeded += actor.figures.succeeded;
        figures.unknown += actor.figures.unknown;
        figures.failed += actor.figures.failed;
    }
    for number in 0..crowd.shared {
        let (service, policy) = place.look(&shared(number)).await?.ok_or("a shared service is gone")?;
        for known in actors_done.iter().flat_map(|actor| actor.shared.iter().map(move |known| (actor, known)))
        {
            if known.1.service == number {
                known.1.holds(known.0.number, &service, &policy)?;
            }
        }
    }
    Ok(figures)
}

fn shared(number: u32) -> String {
    format!("shared-{number}")
}

struct Place {
    /// Past the proxy.
    plain: Client,
    url: String,
    crowd: Crowd,
}

impl Place {
    async fn command(&self, words: &[&str]) -> Result<Said, String> {
        runctl(self.crowd.runctl.clone(), self.url.clone(), words).await
    }

    fn service(&self, name: &str) -> ServiceRef {
        self.plain.service(name).expect("a name")
    }

    /// What the server has; none if there is none.
    async fn look(&self, name: &str) -> Result<Option<(Service, Policy)>, String> {
        let reference = self.service(name);
        let service = match self.plain.get_service(&reference).await {
            Ok(service) => service,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let policy =
            self.plain.get_service_iam_policy(&reference).await.map_err(|error| error.to_string())?;
        Ok(Some((service, policy)))
    }
}

/// What an actor knows of what it has in a service of all.
#[derive(Debug)]
struct Known {
    service: u32,
    /// The values that its variable may have.
    values: Vec<Option<String>>,
    /// Whether its member may be in the policy, and whether it may not be.
    member: Vec<bool>,
}

impl Known {
    fn holds(&self, actor: u32, service: &Service, policy: &Policy) -> Result<(), String> {
        let (value, member) = (value_of(service, &variable(actor)), has_member(policy, &member(actor)));
        if !self.values.contains(&value) {
            return Err(format!(
                "{}: the variable of actor {actor} is {value:?} and should be one of {:?}",
                shared(self.service),
                self.values
            ));
        }
        if !self.member.contains(&member) {
            return Err(format!(
                "{}: the member of actor {actor} should be there: {:?}",
                shared(self.service),
                self.member
            ));
        }
        Ok(())
    }
}

fn variable(actor: u32) -> String {
    format!("ACTOR_{actor}")
}

fn member(actor: u32) -> String {
    format!("user:actor-{actor}@example.com")
}

fn value_of(service: &Service, name: &str) -> Option<String> {
    let object = serde_json::to_value(service).expect("JSON");
    let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array()?;
    let found = env.iter().find(|one| one["name"] == name)?;
    found["value"].as_str().map(str::to_owned)
}

fn has_member(policy: &Policy, member: &str) -> bool {
    policy.bindings.iter().any(|binding| binding.members.iter().any(|one| one == member))
}

struct Actor {
    number: u32,
    place: Arc<Place>,
    shared: Vec<Known>,
    /// The release of its own service; none if there is no service.
    own: Option<String>,
    figures: Figures,
}

impl Actor {
    async fn act(&mut self, random: &mut StdRng) -> Result<(), String> {
        for round in 0..self.place.crowd.rounds {
            match random.random_range(0..6) {
                0 | 1 => self.deploy(round).await?,
                2 if self.own.is_some() => self.delete().await?,
                3 if self.own.is_some() => self.move_traffic(random.random_range(1..100)).await?,
                2..4 => self.edit(random.random_range(0..self.place.crowd.shared), round).await?,
                4 => self.edit(random.random_range(0..self.place.crowd.shared), round).await?,
                _ => self.access(random.random_range(0..self.place.crowd.shared), random.random()).await?,
            }
        }
        Ok(())
    }

    async fn command(&mut self, words: &[&str]) -> Result<Said, String> {
        let said = self.place.command(words).await?;
        if said.took > self.figures.longest.0 {
            self.figures.longest = (said.took, said.command.clone());
        }
        self.figures.commands += 1;
        match said.code {
            0 => self.figures.succeeded += 1,
            7 => self.figures.unknown += 1,
            _ => self.figures.failed += 1,
        }
        Ok(said)
    }

    fn own(&self) -> String {
        format!("own-{}", self.number)
    }

    async fn deploy(&mut self, round: u32) -> Result<(), String> {
        let (name, value) = (self.own(), format!("{round}"));
        let said = self
            .command(&["deploy", &name, "--image", HELLO, "--update-env-vars", &format!("RELEASE={value}")])
            .await?;
        let there = self.place.look(&name).await?.map(|(service, _)| service);
        let release = there.as_ref().and_then(|service| value_of(service, "RELEASE"));
        if said.code == 0 {
            said.is(there.as_ref().is_some(), "there is no service")?;
            let there = there.unwrap_or_default();
            said.is(release.as_deref() == Some(value.as_str()), "the release is another one")?;
            said.names(&there)?;
            let revision = said.json["status"]["latestReadyRevisionName"].as_str().map(str::to_owned);
            said.is(
                revision.is_some() && revision.as_deref() == there.latest_ready_revision(),
                "another is ready",
            )?;
        } else {
            said.fits(&self.own, &Some(value), &release)?;
        }
        self.own = release;
        Ok(())
    }

    async fn delete(&mut self) -> Result<(), String> {
        let name = self.own();
        let said = self.command(&["services", "delete", &name]).await?;
        if said.code != 0 {
            // What was begun comes to its end.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let there = self.place.look(&name).await?;
        let release = there.as_ref().and_then(|(service, _)| value_of(service, "RELEASE"));
        match said.code {
            0 => said.is(there.is_none(), "it is there")?,
            // An acknowledged deletion is spoken of.
            _ if there.is_none() => {
                said.is(said.code == 7 || said.stderr.contains("the deletion goes on"), "it is gone")?
            }
            _ => said.fits(&self.own, &None, &release)?,
        }
        self.own = release;
        Ok(())
    }

    async fn move_traffic(&mut self, percent: u32) -> Result<(), String> {
        let name = self.own();
        let Some((before, _)) = self.place.look(&name).await? else { return Err(format!("{name} is gone")) };
        let Some(ready) = before.latest_ready_revision().map(str::to_owned) else { return Ok(()) };
        let said = self
            .command(&["services", "update-traffic", &name, "--to-revisions", &format!("{ready}={percent}")])
            .await?;
        let Some((after, _)) = self.place.look(&name).await? else { return Err(format!("{name} is gone")) };
        let traffic =
            |service: &Service| service.spec.as_ref().map(|spec| spec.traffic.clone()).unwrap_or_default();
        let share: i32 = traffic(&after)
            .iter()
            .filter(|target| target.revision_name.as_deref() == Some(ready.as_str()))
            .filter_map(|target| target.percent)
            .sum();
        let moved = u32::try_from(share) == Ok(percent);
        let stayed = traffic(&before) == traffic(&after);
        match said.code {
            0 => {
                said.is(moved, "the share is another one")?;
                said.names(&after)
            }
            7 => said.is(moved || stayed, "the traffic is neither"),
            _ if said.says_written() => said.is(moved, "the share is another one"),
            _ => said.is(stayed, "the traffic has moved"),
        }
    }

    fn known(&mut self, service: u32) -> &mut Known {
        let at = self.shared.iter().position(|known| known.service == service).unwrap_or_else(|| {
            self.shared.push(Known { service, values: vec![None], member: vec![false] });
            self.shared.len() - 1
        });
        &mut self.shared[at]
    }

    async fn edit(&mut self, service: u32, round: u32) -> Result<(), String> {
        let (value, name) = (format!("{round}"), shared(service));
        let setting = format!("{}={value}", variable(self.number));
        let said =
            self.command(&["services", "update", &name, "--update-env-vars", &setting, "--async"]).await?;
        let known = self.known(service);
        match said.code {
            0 => known.values = vec![Some(value)],
            7 => known.values.push(Some(value)),
            _ if said.says_written() => known.values = vec![Some(value)],
            _ => {}
        }
        self.holds(service, &said).await
    }

    async fn access(&mut self, service: u32, grant: bool) -> Result<(), String> {
        let verb = if grant { "add-iam-policy-binding" } else { "remove-iam-policy-binding" };
        let (name, member) = (shared(service), member(self.number));
        let was = self.known(service).member.clone();
        let words = ["services", verb, &name, "--member", &member, "--role", "roles/run.invoker"];
        let said = self.command(&words).await?;
        // There is no binding to remove, and it says so.
        let is_refused = !grant && said.code != 0 && said.code != 7 && was.contains(&false);
        let known = self.known(service);
        match said.code {
            0 => {
                known.member = vec![grant];
                let policy: Policy = serde_json::from_value(said.json.clone())
                    .map_err(|error| said.wrong(&error.to_string()))?;
                said.is(has_member(&policy, &member) == grant, "the policy that it prints is another one")?;
            }
            7 => known.member.push(grant),
            _ if is_refused => {}
            _ => {}
        }
        self.holds(service, &said).await
    }

    /// Nobody else touches what it has in there.
    async fn holds(&mut self, service: u32, said: &Said) -> Result<(), String> {
        let (number, place) = (self.number, Arc::clone(&self.place));
        let (there, policy) = place.look(&shared(service)).await?.ok_or("a shared service is gone")?;
        self.known(service).holds(number, &there, &policy).map_err(|wrong| said.wrong(&wrong))
    }
}
