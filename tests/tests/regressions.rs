//! What users of other tools have reported, each met by a deployment: the scenarios of the emulator, and some more.
//!
//! Tests that a smaller part can fail stand beside that part under the same names: `grep -rn 'fn stale_ready'`.

use run_api::Resource;
use std::time::Duration;

use run_emulator::{Emulator, LoggedRequest, Scenario};
use run_ops::{
    Access, Deadline, DeployRequest, Deployed, Error, Ops, Remedy, ServiceEdit, ServiceView, TrafficChange,
};
use run_tests::{HELLO, World};

/// A world in which a scenario is played, with a second between two looks.
async fn playing(name: &str) -> World {
    let scenario = Scenario::by_name(name).expect("a scenario");
    let world = World::with(|builder| builder.scenario(scenario)).await;
    World { ops: Ops::new(world.client.clone()), ..world }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn release(world: &World, release: &str) -> DeployRequest {
    let release = release.to_owned();
    DeployRequest::new(world.service("hello")).image(HELLO).edit(move |service| {
        service.set_env("RELEASE", &release);
        Ok(())
    })
}

async fn deploy(world: &World, name: &str) -> Result<Deployed, Error> {
    world.ops.deploy(&release(world, name), soon()).await
}

fn asked(emulator: &Emulator, operation: &str) -> Vec<LoggedRequest> {
    emulator
        .requests()
        .into_iter()
        .filter(|request| request.operation.is_some_and(|one| one == operation))
        .collect()
}

/// The fault has struck, this often: without that, a test shows nothing.
fn assert_struck(world: &World, times: usize) {
    let struck = world.emulator.requests().iter().filter(|request| request.fault.is_some()).count();
    assert_eq!(struck, times);
}

/// The result is in force: what the server has now is what this deployment wrote, and all requests go there.
async fn assert_in_force(world: &World, deployed: &Deployed, release: &str, generation: i32) {
    let now = world.client.get_service(&world.service("hello")).await.expect("a service");
    assert_eq!((now.generation(), now.observed_generation()), (Some(generation), Some(generation)));
    assert_eq!(now.observed_traffic().len(), 1);
    assert_eq!(now.observed_traffic()[0].revision_name.as_deref(), Some(deployed.revision()));
    let revision = now.latest_created_revision().expect("a revision");
    assert_eq!(revision, deployed.revision());
    let reference = deployed.reference().location.revision(revision).expect("a valid name");
    let revision = world.client.get_revision(&reference).await.expect("a revision");
    let env = &revision.spec.expect("a spec").containers[0].env;
    assert_eq!(env.iter().filter_map(|env| env.value.as_deref()).collect::<Vec<_>>(), [release]);
}

// https://github.com/hashicorp/terraform-provider-google/issues/8172
#[tokio::test(start_paused = true)]
async fn stale_ready() {
    let world = playing("stale-ready").await;
    deploy(&world, "1").await.unwrap();
    let second = deploy(&world, "2").await.unwrap();
    assert_in_force(&world, &second, "2", 2).await;
}

// https://github.com/schliflo/action-cloud-run/issues/6
#[tokio::test(start_paused = true)]
async fn stale_reads() {
    let world = playing("stale-reads").await;
    let first = deploy(&world, "1").await.unwrap();
    assert!(first.url().is_some());
    assert_in_force(&world, &first, "1", 1).await;
    assert_struck(&world, 3);
}

// https://github.com/hashicorp/terraform-provider-google/issues/9438
#[tokio::test(start_paused = true)]
async fn endless_409() {
    let world = playing("endless-409").await;
    deploy(&world, "1").await.unwrap();
    let error = deploy(&world, "2").await.unwrap_err();
    assert!(error.api().is_some_and(run_api::Error::is_already_exists), "{error}");
    assert_eq!(asked(&world.emulator, "replace_service").len(), 1, "it is not tried again");
    assert_struck(&world, 1);
}

// https://github.com/hashicorp/terraform-provider-google/issues/9438
#[tokio::test(start_paused = true)]
async fn conflict_once() {
    let world = playing("conflict-once").await;
    deploy(&world, "1").await.unwrap();
    let second = deploy(&world, "2").await.unwrap();
    assert_in_force(&world, &second, "2", 2).await;
    assert_struck(&world, 1);
}

// https://github.com/hashicorp/terraform-provider-google/issues/7854
#[tokio::test(start_paused = true)]
async fn lost_answer() {
    let world = playing("lost-answer").await;
    let first = world.ops.deploy(&release(&world, "1").access(Access::Public), soon()).await.unwrap();
    assert_eq!((first.created(), first.public()), (true, Some(true)));
    let second = deploy(&world, "2").await.unwrap();
    assert_in_force(&world, &second, "2", 2).await;
    for operation in ["create_service", "replace_service"] {
        let sent = asked(&world.emulator, operation).len();
        assert_eq!(sent, 1, "{operation} was applied, and is not sent again");
    }
    assert_eq!(
        asked(&world.emulator, "set_service_iam_policy").len(),
        3,
        "a policy is confirmed under its new etag, twice"
    );
    assert_struck(&world, 3);
}

// https://github.com/PrefectHQ/prefect/issues/16448
#[tokio::test(start_paused = true)]
async fn create_503_once() {
    let world = playing("create-503-once").await;
    let first = deploy(&world, "1").await.unwrap();
    assert_in_force(&world, &first, "1", 1).await;
    assert_eq!(asked(&world.emulator, "create_service").len(), 2);
    assert_struck(&world, 1);
}

// https://github.com/danshapiro/freshell/issues/660
#[tokio::test(start_paused = true)]
async fn status_read_fails_after_success() {
    let world = playing("status-read-fails-after-success").await;
    let first = deploy(&world, "1").await.unwrap();
    let second = deploy(&world, "2").await.unwrap();
    assert!(
        asked(&world.emulator, "get_service").iter().any(|read| read.status == 503),
        "the fault has struck"
    );
    assert!(first.created() && !second.created());
    assert_in_force(&world, &second, "2", 2).await;
}

// https://github.com/BasedHardware/omi/issues/11103
#[tokio::test(start_paused = true)]
async fn describe_403_is_not_missing() {
    let world = playing("describe-403-is-not-missing").await;
    let error = deploy(&world, "1").await.unwrap_err();
    assert!(error.is_permission_denied() && !error.is_not_found(), "{error}");
    assert!(world.emulator.requests().iter().all(|request| request.method == "GET"), "nothing is created");
    assert!(world.ops.service_exists(&world.service("hello")).await.unwrap_err().is_permission_denied());
}

// https://github.com/pulumi/pulumi-google-native/issues/862
#[tokio::test(start_paused = true)]
async fn policy_etag_race() {
    let world = playing("policy-etag-race").await;
    let first = world.ops.deploy(&release(&world, "1").access(Access::Public), soon()).await.unwrap();
    assert_eq!(first.public(), Some(true));
    assert_eq!(asked(&world.emulator, "get_service_iam_policy").len(), 2, "the policy is read again");
    assert_struck(&world, 1);
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/473
#[tokio::test(start_paused = true)]
async fn public_not_public() {
    let world = playing("public-not-public").await;
    let error = world.ops.deploy(&release(&world, "1").access(Access::Public), soon()).await.unwrap_err();
    assert_eq!(error.written().map(run_ops::Version::generation), Some(1), "{error}");
    assert_eq!(error.remedies(), [Remedy::AskOrganisation]);
    assert_struck(&world, 1);
}

// https://github.com/GoogleCloudPlatform/datashare-toolkit/issues/510
#[tokio::test(start_paused = true)]
async fn ready_never() {
    let world = playing("ready-never").await;
    let error = deploy(&world, "1").await.unwrap_err();
    assert!(error.is_deadline_exceeded() && error.written().is_some(), "{error}");
    assert!(error.last_seen().is_some_and(|seen| seen.contains("Ready is Unknown")), "{error}");
}

// https://github.com/google-github-actions/setup-gcloud/issues/660
#[tokio::test(start_paused = true)]
async fn token_expired() {
    let world = playing("token-expired").await;
    let first = deploy(&world, "1").await.unwrap();
    assert_in_force(&world, &first, "1", 1).await;
    assert_struck(&world, 1);
}

// https://github.com/googleapis/repo-automation-bots/issues/4469
#[tokio::test(start_paused = true)]
async fn quota_exceeded() {
    let world = playing("quota-exceeded").await;
    let first = deploy(&world, "1").await.unwrap();
    assert_in_force(&world, &first, "1", 1).await;
    assert_struck(&world, 5);
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/589
#[tokio::test(start_paused = true)]
async fn tag_url_of_other() {
    let world = World::start().await;
    let blue = release(&world, "1").tag(run_api::Tag::new("blue").unwrap());
    let first = world.ops.deploy(&blue, soon()).await.unwrap();
    assert!(first.tag_urls()["blue"].contains("blue---hello"));
    let second = deploy(&world, "2").await.unwrap();
    assert!(second.tag_urls().is_empty(), "{:?}", second.tag_urls());
    assert_eq!(second.url(), first.url());
    assert!(!second.url().unwrap().contains("---"));
}

// https://github.com/knative/client/issues/1925
#[tokio::test(start_paused = true)]
async fn already_ready() {
    let world = World::start().await;
    let first = deploy(&world, "1").await.unwrap();
    let reads = asked(&world.emulator, "get_service").len();
    let again = deploy(&world, "1").await.unwrap();
    assert!(!again.changed());
    assert_eq!(again.revision(), first.revision());
    assert_eq!(asked(&world.emulator, "get_service").len(), reads + 1, "one look tells it all");
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/521
#[tokio::test(start_paused = true)]
async fn slow_deploy() {
    let world = playing("slow-deploy").await;
    let first = deploy(&world, "1").await.unwrap();
    let second = deploy(&world, "2").await.unwrap();
    assert_ne!(first.revision(), second.revision());
    assert_in_force(&world, &second, "2", 2).await;
}

// https://github.com/GoogleCloudPlatform/gcpdiag
#[tokio::test(start_paused = true)]
async fn failing_latest_ready() {
    let world = playing("failing-latest-ready").await;
    let exits = release(&world, "1").image("docker.io/run-emulator/exits");
    let error = world.ops.deploy(&exits, soon()).await.unwrap_err();
    assert!(error.is_failed(), "the failing revision is called the latest ready one, and is none: {error}");
    let now = world.client.get_service(&world.service("hello")).await.unwrap();
    assert_eq!(now.latest_ready_revision(), now.latest_created_revision(), "the scenario was played");
    let report = world.ops.failure_report(&world.service("hello")).await.unwrap().unwrap();
    assert!(report.left_behind.serving.is_empty(), "{report}");
}

// https://github.com/GoogleCloudPlatform/magic-modules/pull/17149
#[tokio::test(start_paused = true)]
async fn late_gpu_quota() {
    let world = playing("late-gpu-quota").await;
    let with_gpu = release(&world, "1").edit(|service| {
        service.set_limit("cpu", "4").set_limit("memory", "16Gi").set_limit("nvidia.com/gpu", "1");
        Ok(())
    });
    let error = world.ops.deploy(&with_gpu, soon()).await.unwrap_err();
    assert!(error.is_failed() && error.to_string().contains("Quota exceeded"), "{error}");
    assert_eq!(error.written().map(|written| written.generation()), Some(1), "it was accepted");
}

// https://github.com/firebase/firebase-tools/issues/10136
#[tokio::test(start_paused = true)]
async fn kept_name_409() {
    let world = playing("kept-name-409").await;
    world.ops.deploy(&release(&world, "1").revision_suffix("one"), soon()).await.unwrap();
    let before = world.client.get_service(&world.service("hello")).await.unwrap();
    let change = TrafficChange::to_targets("hello-one=100".parse().unwrap());
    let error = world.ops.update_traffic(&world.service("hello"), &change).await.unwrap_err();
    assert!(error.api().is_some_and(run_api::Error::is_already_exists), "{error}");
    assert_eq!(error.remedies(), [Remedy::NewRevision]);
    let puts = asked(&world.emulator, "replace_service");
    assert_eq!(puts.len(), 1, "the name is never dropped to get past the refusal");
    assert_eq!(world.client.get_service(&world.service("hello")).await.unwrap(), before);
}

// https://github.com/knative/serving/issues/8675
#[tokio::test(start_paused = true)]
async fn name_taken_later() {
    let world = playing("name-taken-later").await;
    let taken = DeployRequest::new(world.service("hello-a")).image(HELLO).revision_suffix("one");
    world.ops.deploy(&taken, soon()).await.unwrap();
    let first = deploy(&world, "1").await.unwrap();
    let error = world.ops.deploy(&release(&world, "2").revision_suffix("a-one"), soon()).await.unwrap_err();
    assert!(error.is_failed() && error.to_string().contains("already exists"), "{error}");
    let now = world.client.get_service(&world.service("hello")).await.unwrap();
    assert_eq!(
        now.observed_traffic()[0].revision_name.as_deref(),
        Some(first.revision()),
        "it goes on serving"
    );
}

/// Every scenario that the emulator plays on services has its test here.
#[test]
fn no_scenario_is_missing() {
    let here = include_str!("regressions.rs");
    for scenario in Scenario::all() {
        let name = scenario.name().replace('-', "_");
        assert!(here.contains(&format!("async fn {name}()")), "{name}");
        assert!(here.contains(&format!("// {}\n", scenario.thread())), "{}", scenario.thread());
    }
}
