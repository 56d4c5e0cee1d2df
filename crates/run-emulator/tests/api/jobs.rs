//! Jobs, and the executions and tasks that come of them.

use std::time::Duration;

use run_emulator::{Delays, ImageBehaviour};
use serde_json::{Value, json};

use crate::support::{HELLO, NUMBER, World, bounded, condition as is};

pub(crate) const JOBS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/jobs";
const EXECUTIONS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/executions";
const TASKS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/tasks";

pub(crate) fn job(name: &str, image: &str, execution: Value, task: Value) -> Value {
    let mut task = task;
    task["containers"] = json!([{"image": image}]);
    let mut execution = execution;
    execution["template"] = json!({"spec": task});
    json!({"metadata": {"name": name}, "spec": {"template": {"spec": execution}}})
}

impl World {
    pub(crate) async fn run(&self, job: &str, overrides: Value) -> String {
        let execution =
            self.post(&format!("{JOBS}/{job}:run"), &json!({"overrides": overrides})).await.object();
        execution["metadata"]["name"].as_str().unwrap_or_default().to_owned()
    }

    async fn execution(&self, name: &str) -> Value {
        self.get(&format!("{EXECUTIONS}/{name}")).await.object()
    }

    pub(crate) async fn tasks(&self, execution: &str) -> Vec<Value> {
        let selector = format!("{TASKS}?labelSelector=run.googleapis.com/execution%20%3D%20{execution}");
        self.get(&selector).await.object()["items"].as_array().cloned().unwrap_or_default()
    }

    /// Waits for a state of an execution.
    pub(crate) async fn execution_until(&self, execution: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        bounded(async {
            loop {
                let found = self.execution(execution).await;
                if wanted(&found) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
    }

    pub(crate) async fn over(&self, execution: &str) -> Value {
        self.execution_until(execution, |one| is(one, "Completed")["status"] != "Unknown").await
    }

    pub(crate) async fn job_ready(&self, name: &str) -> Value {
        bounded(async {
            loop {
                let job = self.get(&format!("{JOBS}/{name}")).await.object();
                if ["True", "False"].iter().any(|status| is(&job, "Ready")["status"] == **status) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
    }
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_job() {
    let world = World::start().await;
    let made = world.post(JOBS, &job("backup", HELLO, json!({}), json!({}))).await.object();
    assert_eq!(made["metadata"]["namespace"], NUMBER.to_string());
    assert_eq!(made["spec"]["template"]["spec"]["taskCount"], 1);
    assert_eq!(made["spec"]["template"]["spec"]["template"]["spec"]["timeoutSeconds"], "600");
    let ready = world.job_ready("backup").await;
    assert_eq!(
        (&ready["status"]["observedGeneration"], &is(&ready, "Ready")["status"]),
        (&1.into(), &"True".into())
    );
    assert_eq!(world.post(JOBS, &job("backup", HELLO, json!({}), json!({}))).await.refusal().0, 409);

    let name = world.run("backup", json!({})).await;
    assert!(name.starts_with("backup-") && name.len() == "backup-abcde".len(), "{name}");
    let execution = world.over(&name).await;
    let completed = is(&execution, "Completed");
    assert_eq!(completed["status"], "True");
    assert!(completed["message"].as_str().unwrap().starts_with("Execution completed successfully in "));
    assert_eq!(is(&execution, "ContainerReady")["message"], "Imported container image.");
    assert_eq!(execution["status"]["succeededCount"], 1);
    assert_eq!(execution["status"].get("failedCount"), None, "zeroes are left out");
    assert_eq!(execution["metadata"]["labels"]["run.googleapis.com/job"], "backup");
    let tasks = world.tasks(&name).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["metadata"]["name"], format!("{name}-task0"));
    assert_eq!(tasks[0]["metadata"]["labels"]["run.googleapis.com/runningState"], "Succeeded");
    assert_eq!(tasks[0]["status"].get("index"), None, "so is the index");

    let job = world.get(&format!("{JOBS}/backup")).await.object();
    assert_eq!(job["status"]["executionCount"], 1);
    assert_eq!(job["status"]["latestCreatedExecution"]["name"], name);
    assert_eq!(job["status"]["latestCreatedExecution"]["completionStatus"], "EXECUTION_SUCCEEDED");

    world.delete(&format!("{JOBS}/backup")).await.object();
    bounded(async {
        while world.get(&format!("{JOBS}/backup")).await.status == 200 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    for gone in [format!("{EXECUTIONS}/{name}"), format!("{TASKS}/{name}-task0")] {
        assert_eq!(world.get(&gone).await.refusal().0, 404, "{gone}");
    }
    assert_eq!(world.post(&format!("{JOBS}/backup:run"), &json!({})).await.refusal().1, "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_as_often_as_it_may() {
    let world = World::start().await;
    let exits = "docker.io/run-emulator/exits";
    world
        .post(JOBS, &job("bad", exits, json!({"taskCount": 2, "parallelism": 1}), json!({"maxRetries": 2})))
        .await
        .object();
    let name = world.run("bad", json!({})).await;
    let execution = world.over(&name).await;
    let completed = is(&execution, "Completed");
    assert_eq!((&completed["status"], &completed["reason"]), (&"False".into(), &"NonZeroExitCode".into()));
    let message = format!(
        "Task {name}-task0 failed with exit code: 1 and message: The container exited with an error."
    );
    assert_eq!(completed["message"], message);
    assert_eq!(
        (&execution["status"]["failedCount"], &execution["status"]["retriedCount"]),
        (&1.into(), &1.into())
    );
    let tasks = world.tasks(&name).await;
    assert_eq!(tasks[0]["status"]["retried"], 2);
    assert_eq!(tasks[0]["status"]["lastAttemptResult"]["exitCode"], 1);
    assert_eq!(tasks[0]["status"]["lastAttemptResult"]["status"]["code"], 10);
    let state = &tasks[1]["metadata"]["labels"]["run.googleapis.com/runningState"];
    assert_eq!(*state, "Abandoned", "what had not begun does not begin");

    world
        .post(JOBS, &job("flaky", "docker.io/run-emulator/flaky", json!({"taskCount": 3}), json!({})))
        .await
        .object();
    let execution = world.over(&world.run("flaky", json!({})).await).await;
    assert_eq!(is(&execution, "Completed")["status"], "True");
    assert_eq!(
        (&execution["status"]["succeededCount"], &execution["status"]["retriedCount"]),
        (&3.into(), &3.into())
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_at_a_time_than_asked_for() {
    let delays = Delays { task: Duration::from_secs(4), ..Delays::uniform(Duration::from_millis(2)) };
    let world = World::with(|builder| builder.delays(delays)).await;
    world
        .post(JOBS, &job("wide", HELLO, json!({"taskCount": 5, "parallelism": 2}), json!({})))
        .await
        .object();
    let name = world.run("wide", json!({})).await;
    let start = tokio::time::Instant::now();
    let running = world.execution_until(&name, |one| one["status"]["runningCount"] == 2).await;
    assert_eq!(is(&running, "Started")["status"], "True");
    let half = world.execution_until(&name, |one| one["status"]["succeededCount"] == 2).await;
    assert_eq!(half["status"]["runningCount"], 2);
    let execution = world.over(&name).await;
    assert_eq!(execution["status"]["succeededCount"], 5);
    let seconds = start.elapsed().as_secs_f64();
    assert!((11.9..12.5).contains(&seconds), "two, two, and one: {seconds} s");
    let tasks = world.tasks(&name).await;
    let indices: Vec<_> = tasks.iter().map(|task| task["status"]["index"].as_i64().unwrap_or(0)).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4], "tasks are listed by their index");
    let page = world.get(&format!("{TASKS}?limit=2")).await.object();
    let rest = format!("{TASKS}?limit=9&continue={}", page["metadata"]["continue"].as_str().unwrap());
    assert_eq!(world.get(&rest).await.object()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn cancelling() {
    let delays = Delays { task: Duration::from_secs(3600), ..Delays::uniform(Duration::from_millis(2)) };
    let world = World::with(|builder| builder.delays(delays)).await;
    world
        .post(
            JOBS,
            &job("long", HELLO, json!({"taskCount": 3, "parallelism": 2}), json!({"timeoutSeconds": "7200"})),
        )
        .await
        .object();
    let name = world.run("long", json!({})).await;
    world.execution_until(&name, |one| one["status"]["runningCount"] == 2).await;
    let cancel = format!("{EXECUTIONS}/{name}:cancel");
    let answer = world.post(&cancel, &json!({})).await.object();
    assert_eq!(is(&answer, "Completed")["status"], "Unknown");
    let execution = world.over(&name).await;
    assert_eq!(is(&execution, "Completed")["reason"], "Cancelled");
    assert_eq!(execution["status"]["cancelledCount"], 3);
    assert_eq!(execution["status"].get("runningCount"), None);
    let (code, status, _) = world.post(&cancel, &json!({})).await.refusal();
    assert_eq!((code, status.as_str()), (400, "FAILED_PRECONDITION"));
    let job = world.get(&format!("{JOBS}/long")).await.object();
    assert_eq!(job["status"]["latestCreatedExecution"]["completionStatus"], "EXECUTION_CANCELLED");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_too_long() {
    let world = World::start().await;
    let task = json!({"timeoutSeconds": "30", "maxRetries": 0});
    world.post(JOBS, &job("slow", "docker.io/run-emulator/never-listens", json!({}), task)).await.object();
    let name = world.run("slow", json!({"timeoutSeconds": 5})).await;
    let start = tokio::time::Instant::now();
    let execution = world.over(&name).await;
    assert!(start.elapsed() < Duration::from_secs(7), "the override counts");
    assert_eq!(is(&execution, "Completed")["reason"], "DeadlineExceeded");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there() {
    let world = World::with(|builder| builder.image("docker.io/a/later", ImageBehaviour::Missing)).await;
    world.post(JOBS, &job("lost", "docker.io/a/later", json!({}), json!({}))).await.object();
    assert_eq!(is(&world.job_ready("lost").await, "Ready")["reason"], "ContainerMissing");
    let execution = world.over(&world.run("lost", json!({})).await).await;
    assert_eq!(is(&execution, "Completed")["message"], "Image 'docker.io/a/later' not found.");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_written_with_a_token_runs_at_once() {
    let world = World::start().await;
    let mut with_token = job("migrate", HELLO, json!({}), json!({}));
    with_token["spec"]["runExecutionToken"] = "v1".into();
    world.post(JOBS, &with_token).await.object();
    let ready = world.job_ready("migrate").await;
    assert_eq!(is(&ready, "Ready")["status"], "True");
    assert_eq!(ready["status"]["latestCreatedExecution"]["name"], "migrate-v1");
    assert_eq!(is(&world.execution("migrate-v1").await, "Completed")["status"], "True");
    let again = world.put(&format!("{JOBS}/migrate"), &ready).await.object();
    assert_eq!(again["status"]["executionCount"], 1, "the same token is the same execution");
}

#[tokio::test(start_paused = true)]
async fn replacing() {
    let world = World::start().await;
    world.post(JOBS, &job("backup", HELLO, json!({}), json!({}))).await.object();
    let read = world.job_ready("backup").await;
    let path = format!("{JOBS}/backup");
    let mut changed = read.clone();
    changed["spec"]["template"]["spec"]["taskCount"] = 4.into();
    let dry = world.put(&format!("{path}?dryRun=all"), &changed).await.object();
    assert_eq!(dry["metadata"]["generation"], 2);
    let written = world.put(&path, &changed).await.object();
    assert_eq!(written["metadata"]["generation"], 2);
    let (code, status, message) = world.put(&path, &changed).await.refusal();
    assert_eq!((code, status.as_str()), (409, "ABORTED"), "{message}");
    let mut bad = world.job_ready("backup").await;
    bad["spec"]["template"]["spec"]["taskCount"] = 10_001.into();
    assert_eq!(world.put(&path, &bad).await.violations()[0].0, "spec.template.spec.taskCount");
    let (_, _, message) =
        world.post(&format!("{path}:run"), &json!({"overrides": {"unheardOf": 1}})).await.refusal();
    assert!(message.contains("unheardOf"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_run_says_what_the_job_may_say() {
    let world = World::start().await;
    world.post(JOBS, &job("backup", HELLO, json!({}), json!({}))).await.object();
    let run = |overrides: Value| {
        let world = &world;
        async move { world.post(&format!("{JOBS}/backup:run"), &json!({"overrides": overrides})).await }
    };
    let variables = |name: &str| json!({"containerOverrides": [{"env": [{"name": name, "value": "1"}]}]});
    let refused = run(variables("CLOUD_RUN_JOB")).await.violations();
    assert_eq!(refused[0].0, "overrides.containerOverrides[0].env");
    assert_eq!(run(json!({"timeoutSeconds": 604_801})).await.violations()[0].0, "overrides.timeoutSeconds");
    run(variables("MINE")).await.object();
}

/// A write that asks for an execution which cannot be made changes nothing.
#[tokio::test(start_paused = true)]
async fn a_token_that_was_used_before_is_refused_with_the_whole_write() {
    let world = World::start().await;
    let with_token = |token: &str| {
        let mut job = job("j", HELLO, json!({}), json!({}));
        job["spec"]["startExecutionToken"] = token.into();
        job
    };
    world.post(JOBS, &with_token("a")).await.object();
    let written = world.put(&format!("{JOBS}/j"), &with_token("b")).await.object();
    let (status, word, _) = world.put(&format!("{JOBS}/j"), &with_token("a")).await.refusal();
    assert_eq!((status, word.as_str()), (409, "ALREADY_EXISTS"));
    let now = world.get(&format!("{JOBS}/j")).await.object();
    assert_eq!((&now["spec"], &now["metadata"]["generation"]), (&written["spec"], &2.into()));
}

/// Retries come after a pause, and an execution that may be delayed starts later.
#[tokio::test(start_paused = true)]
async fn retries_and_delays_take_their_time() {
    let second = Duration::from_secs(1);
    let delays =
        Delays { retry: 7 * second, delayed: 60 * second, ..Delays::uniform(Duration::from_millis(2)) };
    let world = World::with(|builder| builder.delays(delays)).await;
    world.post(JOBS, &job("j", "docker.io/run-emulator/flaky", json!({}), json!({}))).await.object();
    world.job_ready("j").await;
    let took = async |overrides: Value| {
        let start = tokio::time::Instant::now();
        let execution = world.run("j", overrides).await;
        let path = format!("{}/{execution}", JOBS.replace("/jobs", "/executions"));
        // Longer than anything that is awaited elsewhere.
        while is(&world.get(&path).await.object(), "Completed")["status"] != "True" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        start.elapsed()
    };
    let plain = took(json!({})).await;
    assert!((7 * second..9 * second).contains(&plain), "{plain:?}");
    let delayed = took(json!({"delayExecution": true})).await;
    assert!((67 * second..70 * second).contains(&delayed), "{delayed:?}");
}
