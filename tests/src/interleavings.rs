//! Writers and a deleter of one service, in seeded interleavings: every acknowledged edit must be in the final
//! object.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::types::{Policy, Service, Status};
use run_api::{Client, Error, ListOptions, Location, ResourceRef, ServiceRef};
use run_ops::api::{CreateApi, DeleteApi, IamApi, Kind, Page, ReadApi, ReplaceApi};
use run_ops::{ErrorKind, Member, Ops, ServiceEdit, new_service};

use crate::schedule::Turnstile;
use crate::{HELLO, World};

/// How many writers there are, half of them of the service, half of its policy.
const WRITERS: usize = 4;
/// How many edits each writer makes.
const EDITS: usize = 3;

/// What the schedules came to, in sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Schedules.
    pub schedules: usize,
    /// Writes that the server accepted.
    pub writes: usize,
    /// Edits that were acknowledged to their writers.
    pub acknowledged: usize,
    /// Writes that lost against another one and were made anew.
    pub conflicts: usize,
    /// Edits that failed because the service was deleted meanwhile.
    pub too_late: usize,
}

/// What the server accepted, in its order.
#[derive(Debug, Default)]
struct Log {
    /// The edits that each accepted version of the service has.
    services: Vec<BTreeSet<String>>,
    /// The members that each accepted version of the policy has.
    policies: Vec<BTreeSet<String>>,
    conflicts: usize,
}

/// The API through a turnstile, with a log.
#[derive(Clone)]
struct Scheduled {
    api: Client,
    turnstile: Turnstile,
    log: Arc<Mutex<Log>>,
}

impl Scheduled {
    fn note(&self, work: impl FnOnce(&mut Log)) {
        work(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn count<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.as_ref().is_err_and(Error::is_conflict) {
            self.note(|log| log.conflicts += 1);
        }
        result
    }
}

/// Runs the schedules of these seeds on one emulator.
///
/// # Panics
/// If an edit is lost, or fails for another reason than the deletion; the message names the seed.
pub async fn run(seeds: std::ops::Range<u64>) -> Tally {
    let world = World::with(|builder| builder.delays(run_emulator::Delays::none())).await;
    let mut tally = Tally::default();
    for seed in seeds {
        schedule(&world, seed, &mut tally).await;
    }
    tally
}

async fn schedule(world: &World, seed: u64, tally: &mut Tally) {
    let service = world.service(&format!("s{seed}"));
    world.ops.create_service(&service, new_service(&service, HELLO)).await.expect("a new service");
    let log = Arc::new(Mutex::new(Log::default()));
    let turnstile = Turnstile::default();
    let api = Scheduled { api: world.client.clone(), turnstile: turnstile.clone(), log: log.clone() };
    let ops = Ops::new(api);
    let mut random = StdRng::seed_from_u64(!seed);
    let deletes = random.random_range(0..3) == 0;
    let edits = (0..WRITERS).map(|writer| edits(&ops, &service, writer));
    let deletion = async {
        if deletes {
            // Somewhere in the middle: as many requests as this pass before.
            for _ in 0..random.random_range(1..20) {
                drop(turnstile.pass().await);
            }
            ops.start_deletion(&service).await.expect("a deletion that starts");
        }
    };
    let all = futures::future::join(futures::future::join_all(edits), deletion);
    let (outcomes, ()) = turnstile.run(seed, all).await;

    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    for versions in [&log.services, &log.policies] {
        for pair in versions.windows(2) {
            assert!(pair[0].is_subset(&pair[1]), "seed {seed}: {:?} became {:?}", pair[0], pair[1]);
        }
    }
    for (edit, outcome) in outcomes.into_iter().flatten() {
        let found = [&log.services, &log.policies]
            .into_iter()
            .any(|versions| versions.last().is_some_and(|last| last.contains(&edit)));
        match outcome {
            Ok(()) => {
                assert!(found, "seed {seed}: {edit} was acknowledged and is lost");
                tally.acknowledged += 1;
            }
            Err(error) if deletes && (error.kind() == ErrorKind::Gone || error.is_not_found()) => {
                assert!(!found, "seed {seed}: {edit} was refused and is there");
                tally.too_late += 1;
            }
            Err(error) => panic!("seed {seed}: {edit}: {error}"),
        }
    }
    tally.schedules += 1;
    tally.writes += log.services.len() + log.policies.len();
    tally.conflicts += log.conflicts;
}

/// The edits of one writer, and what came of each.
async fn edits(
    ops: &Ops<Scheduled>,
    service: &ServiceRef,
    writer: usize,
) -> Vec<(String, run_ops::Result<()>)> {
    let mut outcomes = Vec::new();
    for edit in 0..EDITS {
        let name = format!("w{writer}e{edit}");
        let outcome = if writer.is_multiple_of(2) {
            let change = |object: &mut Service| {
                object.set_env(&name, "1");
                Ok(())
            };
            ops.update_service(service, change).await.map(drop)
        } else {
            let member = Member::user(&format!("{name}@example.com")).expect("an address");
            ops.grant_invoker(service, &[member]).await.map(drop)
        };
        outcomes.push((name, outcome));
    }
    outcomes
}

fn environment(service: &Service) -> BTreeSet<String> {
    let mut service = service.clone();
    service.container_mut().env.iter().filter_map(|variable| variable.name.clone()).collect()
}

fn members(policy: &Policy) -> BTreeSet<String> {
    let members = policy.bindings.iter().flat_map(|binding| &binding.members);
    let name = |member: &String| Some(member.strip_prefix("user:")?.strip_suffix("@example.com")?.to_owned());
    members.filter_map(name).collect()
}

// Each call waits for its turn and is counted.

#[async_trait]
impl<K: Kind> ReadApi<K> for Scheduled
where
    Client: ReadApi<K>,
{
    async fn get(&self, reference: &ResourceRef<K>) -> Result<K, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(ReadApi::get(&self.api, reference).await)
    }

    async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<K>, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(ReadApi::list(&self.api, location, options).await)
    }
}

#[async_trait]
impl<K: Kind> DeleteApi<K> for Scheduled
where
    Client: DeleteApi<K>,
{
    async fn delete(&self, reference: &ResourceRef<K>) -> Result<Status, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(DeleteApi::delete(&self.api, reference).await)
    }
}

#[async_trait]
impl<K: Kind> CreateApi<K> for Scheduled
where
    Client: CreateApi<K>,
{
    async fn create(&self, location: &Location, object: &K) -> Result<K, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(CreateApi::create(&self.api, location, object).await)
    }
}

#[async_trait]
impl ReplaceApi<Service> for Scheduled {
    async fn replace(&self, service: &ServiceRef, body: &Service) -> Result<Service, Error> {
        let _pass = self.turnstile.pass().await;
        let answer = self.count(ReplaceApi::replace(&self.api, service, body).await)?;
        self.note(|log| log.services.push(environment(&answer)));
        Ok(answer)
    }

    async fn dry_replace(&self, service: &ServiceRef, body: &Service) -> Result<Service, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(ReplaceApi::dry_replace(&self.api, service, body).await)
    }
}

#[async_trait]
impl IamApi<Service> for Scheduled {
    async fn get_iam_policy(&self, service: &ServiceRef) -> Result<Policy, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(IamApi::get_iam_policy(&self.api, service).await)
    }

    async fn set_iam_policy(&self, service: &ServiceRef, policy: Policy) -> Result<Policy, Error> {
        let _pass = self.turnstile.pass().await;
        let answer = self.count(IamApi::set_iam_policy(&self.api, service, policy).await)?;
        self.note(|log| log.policies.push(members(&answer)));
        Ok(answer)
    }

    async fn test_iam_permissions(
        &self,
        service: &ServiceRef,
        permissions: &[&'static str],
    ) -> Result<Vec<String>, Error> {
        let _pass = self.turnstile.pass().await;
        self.count(IamApi::test_iam_permissions(&self.api, service, permissions).await)
    }
}
