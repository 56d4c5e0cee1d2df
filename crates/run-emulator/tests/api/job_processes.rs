//! Jobs whose tasks are programs on this machine.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::time::Duration;

use run_emulator::{EmulatorBuilder, LocalCommand};
use serde_json::{Value, json};

use crate::support::{Lines, World, bounded, condition, logged};

const JOBS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/jobs";
const EXECUTIONS: &str = "/apis/run.googleapis.com/v1/namespaces/test-project/executions";
const IMAGE: &str = "docker.io/mine/job";

fn with_script(builder: EmulatorBuilder, lines: &Lines, script: &str) -> EmulatorBuilder {
    let command = LocalCommand::new("sh").args(["-c", script]);
    logged(builder, lines).run(IMAGE, command).secret("token", "hidden")
}

impl World {
    /// Runs a job with tasks like this, and says how it ended.
    async fn job(&self, execution: Value, task: Value) -> Value {
        let name = self.begun_job(execution, task).await;
        self.object_when(&format!("{EXECUTIONS}/{name}"), |one| {
            ["True", "False"].iter().any(|status| condition(one, "Completed")["status"] == **status)
        })
        .await
    }

    async fn begun_job(&self, mut execution: Value, mut task: Value) -> String {
        task["containers"] = json!([{"image": IMAGE, "env": [
            {"name": "MINE", "value": "1"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "latest"}}},
        ]}]);
        execution["template"] = json!({"spec": task});
        let job = json!({"metadata": {"name": "batch"}, "spec": {"template": {"spec": execution}}});
        self.post(JOBS, &job).await.object();
        self.object_settled(&format!("{JOBS}/batch"), "Ready").await;
        let begun = self.post(&format!("{JOBS}/batch:run"), &json!({})).await.object();
        begun["metadata"]["name"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn tasks_are_processes_with_the_variables_of_the_contract() {
    let lines = Lines::default();
    let script = "echo $CLOUD_RUN_JOB $CLOUD_RUN_TASK_INDEX/$CLOUD_RUN_TASK_COUNT $CLOUD_RUN_TASK_ATTEMPT \
                  $MINE $TOKEN ${PORT-no-port}; test $CLOUD_RUN_TASK_ATTEMPT = $CLOUD_RUN_TASK_INDEX";
    let world = World::with(|builder| with_script(builder, &lines, script)).await;
    let execution = world.job(json!({"taskCount": 2}), json!({"maxRetries": 1})).await;
    assert_eq!(condition(&execution, "Completed")["status"], "True", "{execution}");
    assert_eq!(execution["status"]["retriedCount"], 1, "the second task failed at first");
    let name = execution["metadata"]["name"].as_str().unwrap();
    let mut written = lines.all();
    written.sort();
    let line = |task, attempt| format!("{name}-task{task}: batch {task}/2 {attempt} 1 hidden no-port");
    let exit = format!("{name}-task1: Container called exit(1).");
    assert_eq!(written, [line(0, 0), exit, line(1, 0), line(1, 1)]);
}

#[tokio::test]
async fn exit_codes_and_signals_count() {
    for (script, code) in [("exit 3", 3), ("kill -TERM $$", 143)] {
        let lines = Lines::default();
        let world = World::with(|builder| with_script(builder, &lines, script)).await;
        let execution = world.job(json!({}), json!({"maxRetries": 0})).await;
        let completed = condition(&execution, "Completed");
        assert_eq!(completed["reason"], "NonZeroExitCode");
        let message = completed["message"].as_str().unwrap();
        assert!(message.contains(&format!("failed with exit code: {code} ")), "{message}");
    }
}

#[tokio::test]
async fn a_cancelled_task_may_clean_up() {
    let lines = Lines::default();
    let script = "trap 'echo cleaned; exit 0' TERM; echo begun; while :; do sleep 0.01; done";
    let world = World::with(|builder| with_script(builder, &lines, script)).await;
    let name = world.begun_job(json!({}), json!({})).await;
    lines.until(|line| line.ends_with("begun")).await;
    world.post(&format!("{EXECUTIONS}/{name}:cancel"), &json!({})).await.object();
    lines.until(|line| line.ends_with("cleaned")).await;
    let over = |one: &Value| condition(one, "Completed")["reason"] == "Cancelled";
    bounded(world.object_when(&format!("{EXECUTIONS}/{name}"), over)).await;
}

#[tokio::test]
async fn a_task_that_takes_too_long_is_ended() {
    let lines = Lines::default();
    let script = "trap '' TERM; echo begun; while :; do sleep 0.01; done";
    let grace = Duration::from_millis(20);
    let world = World::with(|builder| with_script(builder, &lines, script).stop_grace(grace)).await;
    let execution = world.job(json!({}), json!({"maxRetries": 0, "timeoutSeconds": "1"})).await;
    assert_eq!(condition(&execution, "Completed")["reason"], "DeadlineExceeded");
}

#[tokio::test]
async fn a_program_that_there_is_not_fails_the_task() {
    let world =
        World::with(|builder| builder.run(IMAGE, LocalCommand::new("/no/such/program")).secret("token", "x"))
            .await;
    let execution = world.job(json!({}), json!({"maxRetries": 0})).await;
    assert_eq!(condition(&execution, "Completed")["reason"], "ContainerFailed");
}
