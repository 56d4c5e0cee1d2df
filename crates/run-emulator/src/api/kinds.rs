//! What each kind that clients write has of its own.

use run_api::Resource;
use run_api::known;
use run_api::known::annotations;
use run_api::types::{DomainMapping, Instance, Job, Policy, Service, WorkerPool};

use super::executions::{self, Run};
use super::metadata;
use super::objects::Kind;
use super::revisions::{self, Wanted};
use crate::clock::Moment;
use crate::environment::{Environment, Needs};
use crate::error::{ApiError, Violation};
use crate::rules::{self, defaults::Defaults};
use crate::store::{
    Awaited, InstanceRecord, JobRecord, Key, Owner, Revisions, ServiceRecord, Store, Subject,
    WorkerPoolRecord,
};
use crate::urls::{self, Hosts};

impl Kind for Service {
    type Plan = Wanted;

    fn fill_in(&mut self, project: u64, environment: &Environment) {
        environment.fit_default_scale(self.spec.get_or_insert_default().template.get_or_insert_default());
        rules::fill_in(self, &Defaults::of(project));
    }

    fn check(&self, environment: &Environment) -> Vec<Violation> {
        let mut violations = rules::check_service(self);
        violations.extend(environment.over_quota(self.template()));
        violations
    }

    fn needs(&self, project: u64) -> Needs<'_> {
        Needs::of_template(project, self.template())
    }

    fn record(self, policy: Policy) -> ServiceRecord {
        ServiceRecord {
            object: self,
            policy,
            configuration_uid: metadata::new_uid(),
            revisions: Revisions::default(),
            routed_generation: None,
        }
    }

    fn sign(&mut self, before: Option<&Self>, store: &Store, key: &Key, _: Moment) {
        let urls: Vec<String> =
            Hosts::of(key).all(None).map(|host| format!("\"{}\"", store.url_of(&host))).collect();
        let default_url = urls::has_default(self);
        if before.is_some_and(|before| urls::has_default(before) != default_url) {
            urls::say_address(self, &store.url_of(&Hosts::of(key).short(None)));
        }
        let own = self.annotations_mut();
        let ingress = own.entry(annotations::INGRESS.to_owned()).or_insert_with(|| "all".to_owned());
        let ingress = ingress.clone();
        own.insert(annotations::INGRESS_STATUS.to_owned(), ingress);
        if default_url {
            own.insert(annotations::URLS.to_owned(), format!("[{}]", urls.join(",")));
        } else {
            own.remove(annotations::URLS);
        }
    }

    fn plan(&self, store: &Store, environment: &Environment, key: &Key) -> Result<Wanted, ApiError> {
        revisions::wanted(store, environment, key, self)
    }

    fn carry_out(store: &mut Store, key: &Key, wanted: Wanted, now: Moment) -> Vec<Subject> {
        revisions::make::<Self>(store, key, wanted, now);
        Vec::new()
    }
}

impl Kind for WorkerPool {
    type Plan = Wanted;

    fn fill_in(&mut self, project: u64, _: &Environment) {
        rules::fill_in_worker_pool(self, &Defaults::of(project));
    }

    fn check(&self, _: &Environment) -> Vec<Violation> {
        rules::check_worker_pool(self)
    }

    fn needs(&self, project: u64) -> Needs<'_> {
        Needs::of_template(project, self.template())
    }

    fn record(self, policy: Policy) -> WorkerPoolRecord {
        WorkerPoolRecord {
            object: self,
            policy,
            revisions: Revisions::default(),
            latest_made_by: None,
            split_generation: None,
        }
    }

    fn plan(&self, store: &Store, environment: &Environment, key: &Key) -> Result<Wanted, ApiError> {
        revisions::wanted(store, environment, key, self)
    }

    fn carry_out(store: &mut Store, key: &Key, wanted: Wanted, now: Moment) -> Vec<Subject> {
        if revisions::make::<Self>(store, key, wanted, now)
            && let Some(record) = store.worker_pools.get_mut(key)
        {
            record.latest_made_by = record.object.generation();
        }
        Vec::new()
    }
}

impl Kind for Job {
    /// The execution that it is written with.
    type Plan = Option<Run>;

    const SIGNED_BY: &'static str = "run.googleapis.com";

    fn fill_in(&mut self, project: u64, _: &Environment) {
        rules::fill_in_job(self, &Defaults::of(project));
    }

    fn check(&self, _: &Environment) -> Vec<Violation> {
        rules::check_job(self)
    }

    fn needs(&self, project: u64) -> Needs<'_> {
        Needs::of_job(project, self)
    }

    fn record(self, policy: Policy) -> JobRecord {
        JobRecord { object: self, policy, executions: Vec::new(), awaited: None }
    }

    fn sign(&mut self, before: Option<&Self>, _: &Store, _: &Key, now: Moment) {
        let updated = before.and_then(|before| before.label(UPDATED_LABEL)).map(str::to_owned);
        let labels = &mut self.metadata.get_or_insert_default().labels;
        labels.insert(UPDATED_LABEL.to_owned(), updated.unwrap_or_else(|| now.timestamp()));
    }

    fn note_write(&mut self, now: Moment) {
        let labels = &mut self.metadata.get_or_insert_default().labels;
        labels.insert(UPDATED_LABEL.to_owned(), now.timestamp());
    }

    /// An execution starts if the job is written with a new token for one.
    fn plan(&self, store: &Store, _: &Environment, key: &Key) -> Result<Option<Run>, ApiError> {
        let before = store.jobs.get(key).and_then(|record| token(&record.object));
        match token(self).filter(|wanted| before.as_ref() != Some(wanted)) {
            Some((suffix, to_its_end)) => {
                executions::plan(store, key, self, None, Some((&suffix, to_its_end))).map(Some)
            }
            None => Ok(None),
        }
    }

    fn carry_out(store: &mut Store, key: &Key, run: Option<Run>, _: Moment) -> Vec<Subject> {
        let Some(run) = run else { return Vec::new() };
        let to_its_end = run.to_its_end;
        // (Inferred: who has written the token runs it.)
        let by = store.jobs.get(key).map(|record| metadata::modifier(&record.object, Self::SIGNED_BY));
        let (_, execution) = executions::start(store, key, run, &by.unwrap_or_default());
        if let Some(record) = store.jobs.get_mut(key) {
            record.awaited = Some(Awaited { execution: execution.name.clone(), to_its_end });
        }
        vec![Subject::of::<run_api::types::Execution>(execution)]
    }
}

const UPDATED_LABEL: &str = known::labels::LAST_UPDATED_TIME;

/// The token for an execution, and whether that must come to its end.
fn token(job: &Job) -> Option<(String, bool)> {
    let spec = job.spec.as_ref()?;
    let started = spec.start_execution_token.clone().map(|token| (token, false));
    let run = spec.run_execution_token.clone().map(|token| (token, true));
    run.or(started).filter(|(token, _)| !token.is_empty())
}

/// A change of the spec starts an instance anew, unless it was told to stop. (Inferred.)
impl Kind for Instance {
    type Plan = ();

    /// (Inferred: the API's document does not list the annotation for instances.)
    const NAMES_OPERATION: bool = false;

    fn fill_in(&mut self, project: u64, _: &Environment) {
        rules::fill_in_instance(self, &Defaults::of(project));
    }

    fn check(&self, _: &Environment) -> Vec<Violation> {
        rules::check_instance(self)
    }

    fn needs(&self, project: u64) -> Needs<'_> {
        Needs::of_instance(project, self.metadata.as_ref(), self.spec.as_ref())
    }

    fn record(self, policy: Policy) -> InstanceRecord {
        InstanceRecord { object: self, policy, stopped: false }
    }

    fn plan(&self, _: &Store, _: &Environment, _: &Key) -> Result<(), ApiError> {
        Ok(())
    }
}

impl Kind for DomainMapping {
    type Plan = ();

    fn fill_in(&mut self, _: u64, _: &Environment) {
        rules::fill_in_domain_mapping(self);
    }

    fn check(&self, _: &Environment) -> Vec<Violation> {
        rules::check_domain_mapping(self)
    }

    fn needs(&self, project: u64) -> Needs<'_> {
        Needs::of_template(project, None)
    }

    fn record(self, _: Policy) -> Self {
        self
    }

    fn plan(&self, _: &Store, _: &Environment, _: &Key) -> Result<(), ApiError> {
        Ok(())
    }
}
