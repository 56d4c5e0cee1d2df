//! Jobs through the binary, with real processes as tasks: how executions end, and what the terminal, the JSON and the
//! exit code say of it.

#![cfg(all(unix, feature = "emulator"))]

mod support;

use std::path::PathBuf;

use serde_json::Value;
use support::{Output, Running, Server, command};

/// What a task runs: the shell, with the job's arguments.
const TASK: &str = "docker.io/me/task";

fn with(server: &Server, arguments: &[&str]) -> std::process::Command {
    let mut command = command(arguments);
    command.env("RUNCTL_ENDPOINT", &server.url);
    command.env("RUNCTL_PROJECT", "my-project").env("RUNCTL_REGION", "us-central1");
    command
}

fn on(server: &Server, arguments: &[&str]) -> Output {
    with(server, arguments).output().expect("a binary that starts").into()
}

fn fine(server: &Server, arguments: &[&str]) -> Output {
    let output = on(server, arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output}"))
}

fn server() -> Server {
    Server::start(&["--delay", "1", "--run", "docker.io/me/task=sh"])
}

/// Creates a job that runs a script.
fn create(server: &Server, name: &str, script: &str, more: &[&str]) {
    let args = format!("--args=^@@^-c@@{script}");
    fine(server, &[&["jobs", "create", name, "--image", TASK, &args][..], more].concat());
}

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// Twenty tasks, five at a time: the fourth fails twice, and the last always, once all others are done.
const TWENTY: &str = "case $CLOUD_RUN_TASK_INDEX in \
    3) test $CLOUD_RUN_TASK_ATTEMPT -ge 2 || exit 4;; \
    19) until [ $(ls $FOLDER | wc -l) -eq 19 ]; do sleep 0.01; done; exit 9;; \
    esac; touch $FOLDER/$CLOUD_RUN_TASK_INDEX";

const OF_TWENTY: [&str; 3] = ["--tasks=20", "--parallelism=5", "--max-retries=2"];

#[test]
fn twenty_tasks_are_told_in_all_ways() {
    let server = server();
    let path = folder("twenty-tasks");
    let env = format!("--set-env-vars=FOLDER={}", path.display());
    create(&server, "many", TWENTY, &[&OF_TWENTY[..], &[&env]].concat());
    let failed = on(&server, &["jobs", "execute", "many", "--wait", "--format=json"]);
    assert_eq!(failed.code, 9, "{failed:?}");

    let execution = json(&failed.stdout);
    assert_eq!(execution["status"]["succeededCount"], 19);
    let result = &execution["result"];
    assert_eq!(result["outcome"], "failed");
    assert_eq!(result["exitCode"], 9);
    assert_eq!(
        result["tasks"],
        serde_json::json!({"total": 20, "running": 0, "succeeded": 19, "failed": 1, "cancelled": 0, "retried": 2})
    );
    let tasks = result["failedTasks"].as_array().expect("a list");
    assert_eq!(tasks.len(), 1);
    assert_eq!(
        (&tasks[0]["index"], &tasks[0]["exitCode"], &tasks[0]["attempts"]),
        (&19.into(), &9.into(), &3.into())
    );
    let error = failed.stderr.lines().find(|line| line.starts_with('{')).expect("an error");
    assert_eq!(json(error)["code"], "execution-failed");

    // As it goes: never more than five run, and what has succeeded only grows.
    let told: Vec<&str> = failed.stderr.lines().filter(|line| line.contains(" of 20 succeeded")).collect();
    let number = |line: &str, word: &str| -> u32 {
        let before = line.split(word).next().filter(|before| before.len() < line.len());
        before.and_then(|before| before.split_whitespace().last()?.parse().ok()).unwrap_or(0)
    };
    assert!(told.iter().all(|line| number(line, " running") <= 5), "{told:?}");
    let succeeded: Vec<u32> = told.iter().map(|line| number(line, " of 20")).collect();
    assert!(succeeded.is_sorted() && succeeded.last() == Some(&19), "{succeeded:?}");

    // The same for people, and for what comes later.
    let name = execution["metadata"]["name"].as_str().expect("a name");
    let described = fine(&server, &["jobs", "executions", "describe", name]).stdout;
    assert!(described.contains("Tasks:   19 of 20 succeeded, 1 failed, 2 retried"), "{described}");
    assert!(described.contains("X task 19 failed with exit code 9 after 3 attempts"), "{described}");
    let latest = fine(&server, &["jobs", "executions", "describe-latest", "--job", "many"]).stdout;
    assert_eq!(latest, described);
    let list = |flags: &[&str]| {
        let all = [&["jobs", "executions", "tasks", "list", "--execution", name][..], flags].concat();
        fine(&server, &all).stdout.lines().count()
    };
    assert_eq!((list(&[]), list(&["--failed"]), list(&["--succeeded"])), (21, 2, 20));
    let retries = fine(
        &server,
        &[
            "jobs",
            "executions",
            "tasks",
            "list",
            "--execution",
            name,
            "--format=value(index,retries)",
            "--filter=retries>0",
        ],
    );
    assert_eq!(retries.stdout, "3\t2\n19\t2\n");

    // Once more, with the exit code of the task, for people.
    let folder = folder("twenty-tasks-again");
    let again = format!("--update-env-vars=FOLDER={}", folder.display());
    let passed =
        on(&server, &["jobs", "execute", "many", "--wait", "--propagate-exit-code", &again, "--tasks=4"]);
    assert_eq!(passed.code, 0, "without the last task all is well: {passed:?}");
    create(&server, "three", "exit 3", &["--max-retries=0"]);
    let passed = on(&server, &["jobs", "execute", "three", "--wait", "--propagate-exit-code"]);
    assert_eq!(passed.code, 3, "{passed:?}");
    for part in [
        "execution [three-",
        "failed: 0 of 1 succeeded, 1 failed",
        "task 0 failed with exit code 3 after 1 attempt",
        "hint: ",
    ] {
        assert!(passed.stderr.contains(part), "{part}: {passed:?}");
    }
}

/// One that is cancelled is no success and no failure, and one that takes too long is a failure.
#[test]
fn cancelled_and_timed_out_are_told_apart() {
    let server = server();
    create(&server, "slow", "sleep 600", &["--max-retries=0"]);
    let mut waits = Running::new(
        with(&server, &["jobs", "execute", "slow", "--wait", "--format=json"]).spawn().expect("a process"),
    );
    waits.wait_for_stderr("1 running");
    let name = fine(&server, &["jobs", "executions", "list", "--job=slow", "--format=value(name)"]).stdout;
    let name = name.trim();
    let unasked = on(&server, &["jobs", "executions", "cancel", name]);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    let cancelled = fine(&server, &["jobs", "executions", "cancel", name, "--quiet"]);
    assert!(cancelled.stderr.contains(&format!("Execution [{name}] has been cancelled.")), "{cancelled:?}");
    let waited = waits.finish();
    assert_eq!(waited.code, 10, "{waited:?}");
    let result = json(&waited.stdout)["result"].clone();
    assert_eq!((&result["outcome"], &result["tasks"]["cancelled"]), (&"cancelled".into(), &1.into()));
    assert_eq!(
        fine(&server, &["jobs", "executions", "cancel", name, "--quiet"]).code,
        0,
        "once more is fine"
    );

    let late = on(&server, &["jobs", "execute", "slow", "--wait", "--task-timeout=1", "--format=json"]);
    assert_eq!(late.code, 9, "{late:?}");
    let result = json(&late.stdout)["result"].clone();
    assert_eq!((&result["outcome"], &result["reason"]), (&"failed".into(), &"DeadlineExceeded".into()));
    assert_eq!(result["failedTasks"][0]["exitCode"], Value::Null);
    assert!(late.stderr.contains("--task-timeout"), "{late:?}");

    // It is waited for as long as is wished, and goes on.
    let given_up = on(&server, &["jobs", "execute", "slow", "--wait", "--wait-timeout=1", "--format=json"]);
    assert_eq!(given_up.code, 3, "{given_up:?}");
    assert_eq!(json(&given_up.stdout)["result"]["outcome"], "running");
    let name = json(&given_up.stdout)["metadata"]["name"].as_str().expect("a name").to_owned();
    let running =
        fine(&server, &["jobs", "executions", "describe", &name, "--format=value(status.runningCount)"]);
    assert_eq!(running.stdout, "1\n");
    fine(&server, &["jobs", "executions", "delete", &name, "--quiet"]);
    assert_eq!(on(&server, &["jobs", "executions", "describe", &name]).code, 4);
}

#[test]
fn an_interrupted_wait_says_what_goes_on() {
    let server = server();
    create(&server, "slow", "sleep 600", &[]);
    let mut waits =
        Running::new(with(&server, &["jobs", "execute", "slow", "--wait"]).spawn().expect("a process"));
    waits.wait_for_stderr("1 running");
    waits.signal("INT");
    let output = waits.finish();
    assert_eq!(output.code, 130, "{output:?}");
    let name = fine(&server, &["jobs", "executions", "list", "--job=slow", "--format=value(name)"]).stdout;
    let told = format!("execution [{0}] goes on: see `runctl jobs executions describe {0}`", name.trim());
    assert!(output.stderr.contains(&told), "{output:?}");
    assert!(output.stderr.contains("executions cancel"), "{output:?}");
    fine(&server, &["jobs", "delete", "slow", "--quiet"]);
}

/// The service follows only if the job has succeeded; a service that is not there is told before anything runs.
#[test]
fn a_migration_comes_before_the_traffic() {
    let server = server();
    const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";
    fine(&server, &["deploy", "shop", "--image", HELLO]);
    fine(&server, &["deploy", "shop", "--image", HELLO, "--no-traffic", "--set-env-vars=A=2"]);
    create(&server, "migrate", "exit $CODE", &["--max-retries=0", "--set-env-vars=CODE=1"]);
    let serving = |server: &Server| {
        fine(server, &["services", "describe", "shop", "--format=value(status.traffic[].revisionName)"])
            .stdout
    };
    let before = serving(&server);
    let execute = ["jobs", "execute", "migrate", "--wait", "--then-promote"];
    assert_eq!(on(&server, &[&execute[..], &["nobody"]].concat()).code, 4);
    assert_eq!(fine(&server, &["jobs", "executions", "list"]).stdout, "", "nothing has run");
    assert_eq!(on(&server, &[&execute[..], &["shop"]].concat()).code, 9);
    assert_eq!(serving(&server), before);
    fine(&server, &[&execute[..], &["shop", "--update-env-vars=CODE=0"]].concat());
    assert_ne!(serving(&server), before);
}

/// From the job to a failed execution, understood and mended with what the terminal says.
#[test]
fn what_a_new_user_types() {
    let server = server();
    let _guard = settings().bind_to_scope();
    let mut text = String::new();
    for line in [
        "jobs execute nightly --wait",
        "jobs create nightly",
        "jobs create nightly --image docker.io/me/task --port 8080",
        "jobs create nightly --image docker.io/me/task --args ^@@^-c@@exit@$CODE --max-retries 1 --tasks 2 --parallelism 1",
        "jobs create nightly --image docker.io/me/task",
        "jobs update nightly --set-env-vars CODE=7",
        "jobs update nobody --tasks 2",
        "jobs execute nightly --wait",
        "jobs update nightly --set-env-vars CODE=0 --wait",
        "jobs deploy nightly --image docker.io/me/task --wait",
        "jobs describe nightly",
        "jobs list",
        "jobs executions describe nobody",
        "jobs executions tasks list --execution nobody",
        "jobs execute nightly --then-promote shop",
        "jobs execute nightly --tasks 0",
        "jobs execute nightly",
        "jobs delete nightly",
        "jobs delete nightly --quiet",
    ] {
        let arguments: Vec<String> = line.split(' ').map(|word| word.replace("exit@", "exit ")).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = on(&server, &arguments);
        text.push_str(&format!(
            "$ runctl {line}\n{}{}exit {}\n\n",
            output.stdout, output.stderr, output.code
        ));
    }
    insta::assert_snapshot!("jobs_of_a_new_user", text);
}

fn settings() -> insta::Settings {
    let mut settings = support::settings();
    settings.add_filter(r"nightly-[a-z0-9]{5}\b", "nightly-[NAME]");
    settings.add_filter(r"(?i)logs: +https://\S+", "logs: [URL]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[TIMESTAMP]");
    settings.add_filter(r"@sha256:[0-9a-f]{64}", "@[DIGEST]");
    settings.add_filter(r"(?m)^      \d of \d succeeded.*\n", "");
    settings
}

/// A manifest in the place of a job, and who may do what with it.
#[test]
fn manifests_and_policies() {
    let server = server();
    create(&server, "nightly", "exit 0", &["--labels=team=data"]);
    let manifest = folder("job-manifest").join("job.yaml");
    let exported = fine(&server, &["jobs", "describe", "nightly", "--format=export"]).stdout;
    std::fs::write(&manifest, exported.replace("exit 0", "exit 1")).expect("a file");
    let path = manifest.to_str().expect("a path");
    let diff = fine(&server, &["jobs", "replace", path, "--dry-run"]).stdout;
    assert!(diff.contains("containers[0].args[1]"), "{diff}");
    fine(&server, &["jobs", "replace", path]);
    let args = fine(
        &server,
        &[
            "jobs",
            "describe",
            "nightly",
            "--format=value(spec.template.spec.template.spec.containers[0].args)",
        ],
    );
    assert_eq!(args.stdout, "-c;exit 1\n");
    let again = fine(&server, &["jobs", "replace", path]);
    assert!(again.stderr.contains("nothing to change"), "{again:?}");

    let member = ["--member=user:ana@example.com", "--role=roles/run.invoker"];
    let added = fine(
        &server,
        &[&["jobs", "add-iam-policy-binding", "nightly", "--format=json"][..], &member].concat(),
    );
    assert_eq!(json(&added.stdout)["bindings"][0]["members"][0], "user:ana@example.com");
    let policy = manifest.with_file_name("policy.json");
    let got = fine(&server, &["jobs", "get-iam-policy", "nightly", "--format=json"]).stdout;
    std::fs::write(&policy, got.replace("ana@", "eve@")).expect("a file");
    fine(&server, &["jobs", "set-iam-policy", "nightly", policy.to_str().expect("a path")]);
    let removed = fine(
        &server,
        &[
            &["jobs", "remove-iam-policy-binding", "nightly", "--format=json"][..],
            &["--member=user:eve@example.com", member[1]],
        ]
        .concat(),
    );
    assert_eq!(json(&removed.stdout).get("bindings"), None, "{removed:?}");
}

/// Several containers, and what one of them is told for one execution.
#[test]
fn containers_of_a_job() {
    let server = server();
    fine(
        &server,
        &[
            "jobs",
            "create",
            "pair",
            "--container=main",
            "--image",
            TASK,
            "--args=^@@^-c@@test \"$A\" = 2",
            "--set-env-vars=A=1",
            "--depends-on=side",
            "--container=side",
            "--image=us-docker.pkg.dev/cloudrun/container/hello",
            "--startup-probe=tcpSocket.port=8080",
            "--max-retries=0",
        ],
    );
    let execute = ["jobs", "execute", "pair", "--wait"];
    assert_eq!(on(&server, &execute).code, 9);
    fine(&server, &[&execute[..], &["--container=main", "--update-env-vars=A=2"]].concat());
    assert_eq!(on(&server, &[&execute[..], &["--container=main"]].concat()).code, 2);
    let early = on(&server, &[&execute[..], &["--args=x", "--container=main", "--args=y"]].concat());
    assert!(early.code == 2 && early.stderr.contains("`--args` stands before --container"), "{early:?}");
    let both = ["--container=main", "--update-env-vars=A=2", "--container=side", "--update-env-vars=B=1"];
    let env = "--format=csv[no-heading](spec.template.spec.containers[0].env[0].name,spec.template.spec.containers[1].env[0].name)";
    let told = fine(&server, &[&execute[..], &both[..], &[env]].concat()).stdout;
    assert_eq!(told, "A,B\n");
    assert_eq!(on(&server, &[&execute[..], &["--container=nobody", "--args=x"]].concat()).code, 1);
    let scoped = on(&server, &["jobs", "update", "pair", "--container=side", "--port=80"]);
    assert!(scoped.code == 2 && scoped.stderr.contains("--port"), "{scoped:?}");
}

/// One command, one numbering of its stages; and what a workflow on GitHub gets of it, however it ends.
#[test]
fn a_job_that_runs_at_once() {
    let server = server();
    let folder = folder("job-workflow");
    let (output, summary) = (folder.join("output"), folder.join("summary"));
    let run = |script: &str, name: &str| -> Output {
        let args = format!("--args=^@@^-c@@{script}");
        let line = ["jobs", "deploy", name, "--image", TASK, &args, "--max-retries=0", "--wait"];
        with(&server, &line)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .expect("a binary that starts")
            .into()
    };
    let fine = run("exit 0", "good");
    assert_eq!(fine.code, 0, "{fine:?}");
    let numbers: Vec<&str> =
        fine.stderr.lines().filter_map(|line| line.strip_prefix('[')?.split(']').next()).collect();
    assert_eq!(numbers, ["1/4", "2/4", "3/4", "4/4"], "{fine:?}");
    assert_eq!(run("exit 7", "bad").code, 9);
    let outputs = std::fs::read_to_string(&output).expect("outputs");
    for line in [
        "job=good",
        "outcome=succeeded",
        "exit-code=0",
        "job=bad",
        "outcome=failed",
        "exit-code=9",
        "tasks-failed=1",
    ] {
        assert!(outputs.lines().any(|other| other == line), "{line}: {outputs}");
    }
    let summary = std::fs::read_to_string(&summary).expect("a summary");
    assert!(summary.contains("| bad | bad-") && summary.contains("exit code 7"), "{summary}");
}
