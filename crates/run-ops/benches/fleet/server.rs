//! A region with its quotas, as far as a release needs it.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::types::{Policy, Revision, Service, Status};
use run_api::{Error, ListOptions, Location, Resource, RevisionRef, ServiceRef};
use run_ops::api::{CreateApi, DeleteApi, IamApi, Page, ReadApi, ReplaceApi};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// The quotas of a project and region, <https://cloud.google.com/run/quotas>.
pub(crate) const WRITES_PER_MINUTE: usize = 180;
const READS_PER_MINUTE: usize = 3000;
pub(crate) const QUOTA_WINDOW: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
/// On the way to the server and back, in seconds.
const TRAVEL: Range<f64> = 0.01..0.06;
/// How long the server takes for a page of a list and for a write; a single read is done at once.
const LISTING: Duration = Duration::from_millis(100);
const WRITING: Duration = Duration::from_millis(200);

/// Services that are ready, and become ready again some time after each write.
pub(crate) struct Server {
    state: Mutex<State>,
    deployment: Range<f64>,
}

struct State {
    random: StdRng,
    services: BTreeMap<String, Stored>,
    reads: Quota,
    writes: Quota,
    counts: Counts,
}

/// A service as it is until a moment, and from then on.
struct Stored {
    until: Service,
    from: Service,
    ready_at: Instant,
}

/// Requests that the server took, by kind, and those that it refused.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) gets: usize,
    pub(crate) lists: usize,
    pub(crate) writes: usize,
    pub(crate) refused: usize,
}

/// At most so many requests in any minute.
struct Quota {
    most: usize,
    taken: VecDeque<Instant>,
}

impl Quota {
    fn new(most: usize) -> Self {
        Self { most, taken: VecDeque::new() }
    }

    /// Takes a request, or says in how many seconds to come back.
    fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        while self.taken.front().is_some_and(|first| now - *first >= QUOTA_WINDOW) {
            self.taken.pop_front();
        }
        match self.taken.front() {
            Some(first) if self.taken.len() >= self.most => {
                let seconds = (*first + QUOTA_WINDOW - now).as_secs_f64().ceil();
                Err(Duration::from_secs_f64(seconds))
            }
            _ => {
                self.taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Get,
    List,
    Write,
}

impl Server {
    pub(crate) fn new(services: usize, deployment: Range<f64>, seed: u64) -> Self {
        let services = (0..services).map(|at| {
            let name = format!("service-{at:03}");
            let ready = object(&name, 1, "image:1", true);
            (name, Stored { until: ready.clone(), from: ready, ready_at: Instant::now() })
        });
        let state = State {
            random: StdRng::seed_from_u64(seed),
            services: services.collect(),
            reads: Quota::new(READS_PER_MINUTE),
            writes: Quota::new(WRITES_PER_MINUTE),
            counts: Counts::default(),
        };
        Self { state: Mutex::new(state), deployment }
    }

    pub(crate) fn references(&self) -> Vec<ServiceRef> {
        let reference = |name: &String| ServiceRef::new("p", "us-central1", name).expect("valid names");
        self.state().services.keys().map(reference).collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts
    }

    /// When the last write to a service was in force.
    pub(crate) fn ready_at(&self, name: &str) -> Instant {
        self.state().services[name].ready_at
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    async fn travel(&self) {
        let seconds = self.state().random.random_range(TRAVEL);
        sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// A request's way to the server and past its quota, what it does there, and the way back.
    async fn request<T>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.travel().await;
        let answer = {
            let mut state = self.state();
            state.admit(kind).and_then(|()| work(&mut state))
        };
        let takes = match kind {
            Kind::Get => Duration::ZERO,
            Kind::List => LISTING,
            Kind::Write => WRITING,
        };
        sleep(if answer.is_ok() { takes } else { Duration::ZERO }).await;
        self.travel().await;
        answer
    }
}

impl State {
    fn admit(&mut self, kind: Kind) -> Result<(), Error> {
        let (quota, count) = match kind {
            Kind::Get => (&mut self.reads, &mut self.counts.gets),
            Kind::List => (&mut self.reads, &mut self.counts.lists),
            Kind::Write => (&mut self.writes, &mut self.counts.writes),
        };
        match quota.take() {
            Ok(()) => {
                *count += 1;
                Ok(())
            }
            Err(pause) => {
                self.counts.refused += 1;
                Err(Error::from_status(429, "RESOURCE_EXHAUSTED", "Quota exceeded").with_retry_after(pause))
            }
        }
    }
}

impl Stored {
    fn now(&self) -> &Service {
        if Instant::now() >= self.ready_at { &self.from } else { &self.until }
    }
}

/// A service at this generation, whose newest revision is ready or starting.
fn object(name: &str, generation: i32, image: &str, ready: bool) -> Service {
    let revision = |generation: i32| format!("{name}-{generation:05}");
    let serving = revision(if ready { generation } else { generation - 1 });
    let condition = |kind: &str| json!({"type": kind, "status": if ready { "True" } else { "Unknown" }});
    let conditions = ["Ready", "ConfigurationsReady", "RoutesReady"].map(condition);
    serde_json::from_value(json!({
        "metadata": {
            "name": name, "namespace": "p", "uid": name, "generation": generation,
            "resourceVersion": format!("v{generation}"),
        },
        "spec": {
            "template": {"spec": {"containers": [{"image": image}]}},
            "traffic": [{"latestRevision": true, "percent": 100}],
        },
        "status": {
            "observedGeneration": generation, "conditions": conditions,
            "latestCreatedRevisionName": revision(generation), "latestReadyRevisionName": serving,
            "traffic": [{"latestRevision": true, "revisionName": serving, "percent": 100}],
        },
    }))
    .expect("a service")
}

fn image(service: &Service) -> Option<&str> {
    let template = service.spec.as_ref()?.template.as_ref()?;
    template.spec.as_ref()?.containers.first()?.image.as_deref()
}

fn not_part_of_it<T>() -> Result<T, Error> {
    Err(Error::from_status(501, "UNIMPLEMENTED", "no release asks for this"))
}

#[async_trait]
impl ReadApi<Service> for Server {
    async fn get(&self, service: &ServiceRef) -> Result<Service, Error> {
        self.request(Kind::Get, |state| Ok(state.services[service.name.as_str()].now().clone())).await
    }

    async fn list(&self, _location: &Location, options: &ListOptions) -> Result<Page<Service>, Error> {
        let from: usize =
            options.continue_token.as_deref().map_or(0, |token| token.parse().expect("our token"));
        self.request(Kind::List, |state| {
            let items = state.services.values().skip(from).take(PAGE).map(|stored| stored.now().clone());
            let items: Vec<_> = items.collect();
            let next = from + items.len();
            Ok(Page::new(items, (next < state.services.len()).then(|| next.to_string())))
        })
        .await
    }
}

#[async_trait]
impl DeleteApi<Service> for Server {
    async fn delete(&self, _: &ServiceRef) -> Result<Status, Error> {
        not_part_of_it()
    }
}

#[async_trait]
impl CreateApi<Service> for Server {
    async fn create(&self, _: &Location, _: &Service) -> Result<Service, Error> {
        not_part_of_it()
    }
}

#[async_trait]
impl ReplaceApi<Service> for Server {
    async fn replace(&self, service: &ServiceRef, body: &Service) -> Result<Service, Error> {
        let deployment = self.deployment.clone();
        self.request(Kind::Write, |state| {
            let takes = Duration::from_secs_f64(state.random.random_range(deployment));
            let name = service.name.as_str();
            let stored = state.services.get_mut(name).expect("a service that exists");
            let version = |service: &Service| service.metadata.as_ref()?.resource_version.clone();
            if version(body) != version(stored.now()) {
                return Err(Error::from_status(409, "ABORTED", "Conflict for resource"));
            }
            let generation = stored.now().generation().unwrap_or(0) + 1;
            let image = image(body).unwrap_or_default();
            let annotations = body.metadata.as_ref().map(|metadata| metadata.annotations.clone());
            let made = |ready: bool| {
                let mut made = object(name, generation, image, ready);
                made.metadata.get_or_insert_default().annotations = annotations.clone().unwrap_or_default();
                made
            };
            *stored = Stored { until: made(false), from: made(true), ready_at: Instant::now() + takes };
            Ok(stored.until.clone())
        })
        .await
    }

    async fn dry_replace(&self, _: &ServiceRef, _: &Service) -> Result<Service, Error> {
        not_part_of_it()
    }
}

#[async_trait]
impl ReadApi<Revision> for Server {
    async fn get(&self, _: &RevisionRef) -> Result<Revision, Error> {
        not_part_of_it()
    }

    async fn list(&self, _: &Location, _: &ListOptions) -> Result<Page<Revision>, Error> {
        not_part_of_it()
    }
}

#[async_trait]
impl IamApi<Service> for Server {
    async fn get_iam_policy(&self, _: &ServiceRef) -> Result<Policy, Error> {
        not_part_of_it()
    }

    async fn set_iam_policy(&self, _: &ServiceRef, _: Policy) -> Result<Policy, Error> {
        not_part_of_it()
    }

    async fn test_iam_permissions(&self, _: &ServiceRef, _: &[&'static str]) -> Result<Vec<String>, Error> {
        not_part_of_it()
    }
}
