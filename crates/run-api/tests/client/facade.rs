//! Every method of the API is either behind a method of [`Client`], which sends it as the API wants it, or left
//! out for a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use run_api::methods::{self, Verb};
use run_api::types::{
    ContainerOverride, DomainMapping, Execution, Instance, Job, ObjectMeta, Overrides, Policy, Revision,
    Service, WorkerPool,
};
use run_api::{Client, FieldMask, ListOptions, Location, Named, ProjectId, ResourceRef, WriteOptions};
use serde_json::{Value, json};

use super::server::{ANYTHING, Answer, Server};

const REGIONAL: &str = "us-central1-run.googleapis.com";
const GLOBAL: &str = "run.googleapis.com";

/// One method of [`Client`] and the request that it must make.
struct Case {
    facade: &'static str,
    id: &'static str,
    host: &'static str,
    query: Vec<(&'static str, &'static str)>,
    body: Option<Value>,
    call: Call,
}

/// The future must be `Send`, or callers could not spawn it.
type Call = fn(Client) -> Pin<Box<dyn Future<Output = run_api::Result<()>> + Send>>;

impl Case {
    fn new(facade: &'static str, id: &'static str, host: &'static str, call: Call) -> Self {
        Self { facade, id, host, query: Vec::new(), body: None, call }
    }

    fn query(mut self, query: &[(&'static str, &'static str)]) -> Self {
        self.query.extend_from_slice(query);
        self
    }

    fn dry(self) -> Self {
        self.query(&[("dryRun", "all")])
    }

    /// With the query of [`options`].
    fn page(self) -> Self {
        self.query(&[("continue", "to/k&n="), ("labelSelector", "a in (b, c)"), ("limit", "7")])
    }

    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With the query of [`mask`].
    fn fields(self) -> Self {
        self.query(&[("fields", "metadata(name,uid),status")])
    }
}

/// `case!(get_service(&the("the-service")) => "run.namespaces.services.get", REGIONAL)`
macro_rules! case {
    ($method:ident $(::<$kind:ty>)? ( $($argument:expr),* ) => $id:literal, $host:ident) => {
        Case::new(stringify!($method), $id, $host, |client| {
            Box::pin(async move { client.$method$(::<$kind>)?($($argument),*).await.map(drop) })
        })
    };
}

fn the<K: Named>(name: &str) -> ResourceRef<K> {
    ResourceRef::new("my-project", "us-central1", name).expect("a valid name")
}

fn dry() -> WriteOptions {
    WriteOptions::dry_run()
}

fn stored() -> WriteOptions {
    WriteOptions::default()
}

fn project() -> ProjectId {
    ProjectId::new("my-project").expect("a valid project")
}

fn here() -> Location {
    Location::new("my-project", "us-central1").expect("a valid location")
}

fn options() -> ListOptions {
    ListOptions {
        limit: Some(7),
        continue_token: Some("to/k&n=".to_owned()),
        label_selector: Some("a in (b, c)".to_owned()),
    }
}

fn mask() -> FieldMask {
    FieldMask::new("metadata(name,uid),status").expect("a valid mask")
}

fn named(name: &str) -> Option<ObjectMeta> {
    Some(ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() })
}

fn service() -> Service {
    Service { metadata: named("s"), ..Service::default() }
}

fn job() -> Job {
    Job { metadata: named("j"), ..Job::default() }
}

fn worker_pool() -> WorkerPool {
    WorkerPool { metadata: named("w"), ..WorkerPool::default() }
}

fn instance() -> Instance {
    Instance { metadata: named("i"), ..Instance::default() }
}

fn domain_mapping() -> DomainMapping {
    DomainMapping { metadata: named("d"), ..DomainMapping::default() }
}

fn policy() -> Policy {
    Policy { etag: Some("BwY=".to_owned()), ..Policy::default() }
}

fn overrides() -> Option<Overrides> {
    let container = ContainerOverride { args: vec!["-v".to_owned()], ..ContainerOverride::default() };
    Some(Overrides { container_overrides: vec![container], ..Overrides::default() })
}

fn metadata(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

fn cases() -> Vec<Case> {
    let mut all = serving();
    all.extend(running());
    all.extend(others());
    all.extend(access());
    all
}

/// Services, revisions, configurations and routes.
#[rustfmt::skip]
fn serving() -> Vec<Case> {
    vec![
        case!(get(&the::<Service>("the-service")) => "run.namespaces.services.get", REGIONAL),
        case!(get_service(&the("the-service")) => "run.namespaces.services.get", REGIONAL),
        case!(get_fields(&the::<Service>("the-service"), &mask()) => "run.namespaces.services.get", REGIONAL).fields(),
        case!(list_all::<Service>(&here(), options()) => "run.namespaces.services.list", REGIONAL).page(),
        case!(list_services(&here(), &options()) => "run.namespaces.services.list", REGIONAL).page(),
        case!(list_fields::<Service>(&here(), &options(), &mask()) => "run.namespaces.services.list", REGIONAL).page().fields(),
        case!(list::<Service>(&project(), &options()) => "run.projects.locations.services.list", GLOBAL).page(),
        case!(create_service(&here(), &service()) => "run.namespaces.services.create", REGIONAL).body(metadata("s")),
        case!(create(&here(), &service(), &dry()) => "run.namespaces.services.create", REGIONAL).body(metadata("s")).dry(),
        case!(replace_service(&the("the-service"), &service()) => "run.namespaces.services.replaceService", REGIONAL).body(metadata("s")),
        case!(replace(&the::<Service>("the-service"), &service(), &dry()) => "run.namespaces.services.replaceService", REGIONAL).body(metadata("s")).dry(),
        case!(delete_service(&the("the-service")) => "run.namespaces.services.delete", REGIONAL),
        case!(delete(&the::<Service>("the-service"), &dry()) => "run.namespaces.services.delete", REGIONAL).dry(),

        case!(get_revision(&the("the-revision")) => "run.namespaces.revisions.get", REGIONAL),
        case!(get_fields(&the::<Revision>("the-revision"), &mask()) => "run.namespaces.revisions.get", REGIONAL).fields(),
        case!(list_revisions(&here(), &options()) => "run.namespaces.revisions.list", REGIONAL).page(),
        case!(list_fields::<Revision>(&here(), &options(), &mask()) => "run.namespaces.revisions.list", REGIONAL).page().fields(),
        case!(list::<Revision>(&project(), &options()) => "run.namespaces.revisions.list", GLOBAL).page(),
        case!(delete_revision(&the("the-revision")) => "run.namespaces.revisions.delete", REGIONAL),
        case!(delete(&the::<Revision>("the-revision"), &dry()) => "run.namespaces.revisions.delete", REGIONAL).dry(),

        case!(get_configuration(&the("the-configuration")) => "run.namespaces.configurations.get", REGIONAL),
        case!(list_configurations(&here(), &options()) => "run.namespaces.configurations.list", REGIONAL).page(),
        case!(get_route(&the("the-route")) => "run.namespaces.routes.get", REGIONAL),
        case!(list_routes(&here(), &options()) => "run.namespaces.routes.list", REGIONAL).page(),
    ]
}

/// Jobs, executions, tasks, worker pools and instances.
#[rustfmt::skip]
fn running() -> Vec<Case> {
    vec![
        case!(get_job(&the("the-job")) => "run.namespaces.jobs.get", REGIONAL),
        case!(get_fields(&the::<Job>("the-job"), &mask()) => "run.namespaces.jobs.get", REGIONAL).fields(),
        case!(list_jobs(&here(), &options()) => "run.namespaces.jobs.list", REGIONAL).page(),
        case!(list_fields::<Job>(&here(), &options(), &mask()) => "run.namespaces.jobs.list", REGIONAL).page().fields(),
        case!(list::<Job>(&project(), &options()) => "run.namespaces.jobs.list", GLOBAL).page(),
        case!(create_job(&here(), &job()) => "run.namespaces.jobs.create", REGIONAL).body(metadata("j")),
        case!(create(&here(), &job(), &dry()) => "run.namespaces.jobs.create", REGIONAL).body(metadata("j")).dry(),
        case!(replace_job(&the("the-job"), &job()) => "run.namespaces.jobs.replaceJob", REGIONAL).body(metadata("j")),
        case!(replace(&the::<Job>("the-job"), &job(), &dry()) => "run.namespaces.jobs.replaceJob", REGIONAL).body(metadata("j")).dry(),
        case!(delete_job(&the("the-job")) => "run.namespaces.jobs.delete", REGIONAL),
        case!(delete(&the::<Job>("the-job"), &dry()) => "run.namespaces.jobs.delete", REGIONAL).dry(),
        case!(run_job(&the("the-job"), None) => "run.namespaces.jobs.run", REGIONAL).body(json!({})),
        case!(run_job(&the("the-job"), overrides()) => "run.namespaces.jobs.run", REGIONAL)
            .body(json!({"overrides": {"containerOverrides": [{"args": ["-v"]}]}})),

        case!(get_execution(&the("the-execution")) => "run.namespaces.executions.get", REGIONAL),
        case!(get_fields(&the::<Execution>("the-execution"), &mask()) => "run.namespaces.executions.get", REGIONAL).fields(),
        case!(list_executions(&here(), &options()) => "run.namespaces.executions.list", REGIONAL).page(),
        case!(list_fields::<Execution>(&here(), &options(), &mask()) => "run.namespaces.executions.list", REGIONAL).page().fields(),
        case!(delete_execution(&the("the-execution")) => "run.namespaces.executions.delete", REGIONAL),
        case!(cancel_execution(&the("the-execution")) => "run.namespaces.executions.cancel", REGIONAL).body(json!({})),

        case!(get_task(&the("the-task")) => "run.namespaces.tasks.get", REGIONAL),
        case!(list_tasks(&here(), &options()) => "run.namespaces.tasks.list", REGIONAL).page(),

        case!(get_worker_pool(&the("the-worker-pool")) => "run.namespaces.workerpools.get", REGIONAL),
        case!(list_worker_pools(&here(), &options()) => "run.namespaces.workerpools.list", REGIONAL).page(),
        case!(create_worker_pool(&here(), &worker_pool()) => "run.namespaces.workerpools.create", REGIONAL).body(metadata("w")),
        case!(create(&here(), &worker_pool(), &dry()) => "run.namespaces.workerpools.create", REGIONAL).body(metadata("w")).dry(),
        case!(replace_worker_pool(&the("the-worker-pool"), &worker_pool()) => "run.namespaces.workerpools.replaceWorkerPool", REGIONAL).body(metadata("w")),
        case!(replace(&the::<WorkerPool>("the-worker-pool"), &worker_pool(), &dry()) => "run.namespaces.workerpools.replaceWorkerPool", REGIONAL).body(metadata("w")).dry(),
        case!(delete_worker_pool(&the("the-worker-pool")) => "run.namespaces.workerpools.delete", REGIONAL),
        case!(delete(&the::<WorkerPool>("the-worker-pool"), &dry()) => "run.namespaces.workerpools.delete", REGIONAL).dry(),

        case!(get_instance(&the("the-instance")) => "run.namespaces.instances.get", REGIONAL),
        case!(list_instances(&here(), &options()) => "run.namespaces.instances.list", REGIONAL).page(),
        case!(create_instance(&here(), &instance()) => "run.namespaces.instances.create", REGIONAL).body(metadata("i")),
        case!(create(&here(), &instance(), &dry()) => "run.namespaces.instances.create", REGIONAL).body(metadata("i")).dry(),
        case!(replace_instance(&the("the-instance"), &instance()) => "run.namespaces.instances.replaceInstance", REGIONAL).body(metadata("i")),
        case!(replace(&the::<Instance>("the-instance"), &instance(), &dry()) => "run.namespaces.instances.replaceInstance", REGIONAL).body(metadata("i")).dry(),
        case!(delete_instance(&the("the-instance")) => "run.namespaces.instances.delete", REGIONAL),
        case!(delete(&the::<Instance>("the-instance"), &dry()) => "run.namespaces.instances.delete", REGIONAL).dry(),
        case!(start_instance(&the("the-instance"), &stored()) => "run.namespaces.instances.start", REGIONAL).body(json!({})),
        case!(start_instance(&the("the-instance"), &dry()) => "run.namespaces.instances.start", REGIONAL).body(json!({"dryRun": "all"})),
        case!(stop_instance(&the("the-instance"), &stored()) => "run.namespaces.instances.stop", REGIONAL).body(json!({})),
        case!(stop_instance(&the("the-instance"), &dry()) => "run.namespaces.instances.stop", REGIONAL).body(json!({"dryRun": "all"})),
    ]
}

/// Domains, locations and operations.
#[rustfmt::skip]
fn others() -> Vec<Case> {
    let second_page = [("pageSize", "7"), ("pageToken", "to/k&n=")];
    vec![
        case!(get_domain_mapping(&the("www.example.com")) => "run.namespaces.domainmappings.get", REGIONAL),
        case!(list_domain_mappings(&here(), &options()) => "run.namespaces.domainmappings.list", REGIONAL).page(),
        case!(create_domain_mapping(&here(), &domain_mapping()) => "run.namespaces.domainmappings.create", REGIONAL).body(metadata("d")),
        case!(create(&here(), &domain_mapping(), &dry()) => "run.namespaces.domainmappings.create", REGIONAL).body(metadata("d")).dry(),
        case!(delete_domain_mapping(&the("www.example.com")) => "run.namespaces.domainmappings.delete", REGIONAL),
        case!(delete(&the::<DomainMapping>("www.example.com"), &dry()) => "run.namespaces.domainmappings.delete", REGIONAL).dry(),
        case!(list_authorized_domains(&project(), Some(7), Some("to/k&n=")) => "run.projects.authorizeddomains.list", GLOBAL).query(&second_page),
        case!(list_locations(&project(), Some(7), Some("to/k&n=")) => "run.projects.locations.list", GLOBAL).query(&second_page),
        case!(list_all_locations(&project(), Some(7)) => "run.projects.locations.list", GLOBAL).query(&[("pageSize", "7")]),

        case!(get_operation(&the("the-operation")) => "run.projects.locations.operations.get", REGIONAL),
        case!(list_operations(&here(), Some("done=false"), Some(7), Some("to/k&n=")) => "run.projects.locations.operations.list", REGIONAL)
            .query(&second_page).query(&[("filter", "done=false")]),
        case!(wait_operation(&the("the-operation"), Duration::from_secs(10)) => "run.projects.locations.operations.wait", REGIONAL)
            .body(json!({"timeout": "10s"})),
        case!(delete_operation(&the("the-operation")) => "run.projects.locations.operations.delete", REGIONAL),
    ]
}

/// IAM: policies at the host without a region, questions at the region's.
#[rustfmt::skip]
fn access() -> Vec<Case> {
    let conditions = [("options.requestedPolicyVersion", "3")];
    let new_policy = json!({"policy": {"etag": "BwY="}});
    let permissions = json!({"permissions": ["run.services.get", "run.services.delete"]});
    const ASKED: [&str; 2] = ["run.services.get", "run.services.delete"];
    vec![
        case!(get_iam_policy(&the::<Service>("the-service")) => "run.projects.locations.services.getIamPolicy", GLOBAL).query(&conditions),
        case!(set_iam_policy(&the::<Service>("the-service"), policy()) => "run.projects.locations.services.setIamPolicy", GLOBAL).body(new_policy.clone()),
        case!(test_iam_permissions(&the::<Service>("the-service"), &ASKED) => "run.projects.locations.services.testIamPermissions", REGIONAL).body(permissions.clone()),
        case!(get_service_iam_policy(&the("the-service")) => "run.projects.locations.services.getIamPolicy", GLOBAL).query(&conditions),
        case!(set_service_iam_policy(&the("the-service"), policy()) => "run.projects.locations.services.setIamPolicy", GLOBAL).body(new_policy.clone()),
        case!(test_service_iam_permissions(&the("the-service"), &ASKED) => "run.projects.locations.services.testIamPermissions", REGIONAL).body(permissions.clone()),
        case!(get_job_iam_policy(&the("the-job")) => "run.projects.locations.jobs.getIamPolicy", GLOBAL).query(&conditions),
        case!(set_job_iam_policy(&the("the-job"), policy()) => "run.projects.locations.jobs.setIamPolicy", GLOBAL).body(new_policy.clone()),
        case!(test_job_iam_permissions(&the("the-job"), &ASKED) => "run.projects.locations.jobs.testIamPermissions", REGIONAL).body(permissions.clone()),
        case!(get_worker_pool_iam_policy(&the("the-worker-pool")) => "run.projects.locations.workerpools.getIamPolicy", GLOBAL).query(&conditions),
        case!(set_worker_pool_iam_policy(&the("the-worker-pool"), policy()) => "run.projects.locations.workerpools.setIamPolicy", GLOBAL).body(new_policy.clone()),
        case!(test_worker_pool_iam_permissions(&the("the-worker-pool"), &ASKED) => "run.projects.locations.workerpools.testIamPermissions", REGIONAL).body(permissions.clone()),
        case!(get_instance_iam_policy(&the("the-instance")) => "run.projects.locations.instances.getIamPolicy", GLOBAL).query(&conditions),
        case!(set_instance_iam_policy(&the("the-instance"), policy()) => "run.projects.locations.instances.setIamPolicy", GLOBAL).body(new_policy),
        case!(test_instance_iam_permissions(&the("the-instance"), &ASKED) => "run.projects.locations.instances.testIamPermissions", REGIONAL).body(permissions),
    ]
}

/// Methods of the API that no method of [`Client`] sends, and why not.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "run.namespaces.authorizeddomains.list",
        "twin of run.projects.authorizeddomains.list, which gcloud uses",
    ),
    (
        "run.projects.locations.authorizeddomains.list",
        "twin of run.projects.authorizeddomains.list: no region matters",
    ),
    ("run.projects.locations.configurations.get", "twin of run.namespaces.configurations.get"),
    ("run.projects.locations.configurations.list", "twin of run.namespaces.configurations.list"),
    ("run.projects.locations.domainmappings.create", "twin of run.namespaces.domainmappings.create"),
    ("run.projects.locations.domainmappings.delete", "twin of run.namespaces.domainmappings.delete"),
    ("run.projects.locations.domainmappings.get", "twin of run.namespaces.domainmappings.get"),
    ("run.projects.locations.domainmappings.list", "twin of run.namespaces.domainmappings.list"),
    ("run.projects.locations.revisions.delete", "twin of run.namespaces.revisions.delete"),
    ("run.projects.locations.revisions.get", "twin of run.namespaces.revisions.get"),
    (
        "run.projects.locations.revisions.list",
        "twin of run.namespaces.revisions.list, which lists all regions, too",
    ),
    ("run.projects.locations.routes.get", "twin of run.namespaces.routes.get"),
    ("run.projects.locations.routes.list", "twin of run.namespaces.routes.list"),
    ("run.projects.locations.services.create", "twin of run.namespaces.services.create"),
    ("run.projects.locations.services.delete", "twin of run.namespaces.services.delete"),
    ("run.projects.locations.services.get", "twin of run.namespaces.services.get"),
    ("run.projects.locations.services.replaceService", "twin of run.namespaces.services.replaceService"),
];

#[test]
fn every_method_of_the_api_is_covered_or_left_out_for_a_reason() {
    let covered: BTreeSet<_> = cases().iter().map(|case| case.id).collect();
    let left_out: BTreeMap<_, _> = LEFT_OUT.iter().copied().collect();
    for method in methods::all() {
        match (covered.contains(method.id), left_out.contains_key(method.id)) {
            (true, false) | (false, true) => {}
            (true, true) => panic!("{} is covered and left out", method.id),
            (false, false) => {
                panic!("{} is new: write a method of Client for it, or say here why not", method.id)
            }
        }
    }
    let known = |id: &str| methods::all().iter().any(|method| method.id == id);
    for id in covered.into_iter().chain(left_out.into_keys()) {
        assert!(known(id), "{id} is no method of the API (any more)");
    }
}

/// The other direction: no method of the facade without a case above.
#[test]
fn every_request_of_the_client_has_a_case() {
    let tested: BTreeSet<_> = cases().iter().map(|case| case.facade.to_owned()).collect();
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/client");
    let written: BTreeSet<_> = std::fs::read_dir(sources)
        .unwrap()
        .map(|file| file.unwrap().path())
        // What has methods of its own and is tested in `items.rs`, and folders.
        .filter(|path| path.is_file() && !path.ends_with("items.rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .flat_map(|source| {
            let starts = source.split("    pub async fn ").skip(1);
            starts
                .map(|rest| rest.split(['(', '<']).next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(written, tested);
}

/// The one write without a dry run must not be sent as if it had one.
#[tokio::test]
async fn what_has_no_dry_run_is_not_sent() {
    let server = Server::start(Answer::json(200, ANYTHING)).await;
    let error = server.client().delete(&the::<Execution>("the-execution"), &dry()).await.unwrap_err();
    assert_eq!(error.kind(), run_api::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("no dry run"), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn every_method_sends_what_the_api_wants() {
    let server = Server::start(Answer::json(200, ANYTHING)).await;
    let client = server.client();
    for (done, case) in cases().into_iter().enumerate() {
        let name = case.facade;
        (case.call)(client.clone()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let received = server.received();
        assert_eq!(received.len(), done + 1, "{name} sends one request");
        let sent = &received[done];

        let method = methods::all().iter().find(|method| method.id == case.id).expect(case.id);
        let location = if case.host == GLOBAL && name == "list" { "-" } else { "us-central1" };
        assert_eq!(Verb::from_http(&sent.verb), Some(method.verb), "{name}");
        assert_eq!(sent.path(), filled(method.path, location), "{name}");
        assert_eq!(methods::matching(method.verb, sent.path()).map(|(found, _)| found.id), Some(case.id));
        assert_eq!(sent.header("host"), Some(case.host), "{name}");

        let url = reqwest::Url::parse(&format!("http://x{}", sent.target)).unwrap();
        let mut query: Vec<_> = url.query_pairs().into_owned().collect();
        query.sort();
        let mut expected: Vec<_> =
            case.query.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        expected.sort();
        assert_eq!(query, expected, "{name}");
        for (key, _) in &query {
            assert!(
                method.query.contains(&key.as_str()),
                "{name} sends {key}, which {} does not have",
                case.id
            );
        }

        assert_eq!(case.body.is_some(), method.request.is_some(), "{name}");
        let body = (!sent.body.is_empty()).then(|| serde_json::from_slice::<Value>(&sent.body).unwrap());
        assert_eq!(body, case.body, "{name}");
        let json = body.is_some().then_some("application/json");
        assert_eq!(sent.header("content-type"), json, "{name}");
    }
}

/// A path template with the names that the cases use: each parameter's own, so that a mix-up shows.
fn filled(template: &str, location: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        None => segment.to_owned(),
        Some(("namespace" | "project", verb)) => format!("my-project{verb}"),
        Some(("location", verb)) => format!("{location}{verb}"),
        Some(("domain_mapping", verb)) => format!("www.example.com{verb}"),
        Some((parameter, verb)) => format!("the-{}{verb}", parameter.replace('_', "-")),
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}
