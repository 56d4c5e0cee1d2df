//! A server that takes connections and never answers: every verb ends at its deadline, with exit code 3. The one test on
//! the wall clock.

mod support;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Every verb that calls the API. Those that wait have a limit of their own, and are tried with that.
const VERBS: &[&str] = &[
    "deploy hello --image a/b --wait-timeout 2",
    "wait hello --timeout 2s",
    "services update hello --concurrency 5 --wait-timeout PT2S",
    "services update-traffic hello --to-latest --timeout 2",
    "services update-traffic hello --to-latest --wait-timeout 2",
    "services promote hello --timeout 2",
    "services repair hello --timeout 2",
    "services delete hello --timeout 2",
    "services replace MANIFEST --timeout 2",
    "services list --region us-central1 --deadline 2",
    "services describe hello --deadline 2",
    "services get-iam-policy hello --deadline 2",
    "services add-iam-policy-binding hello --member allUsers --role roles/run.invoker --deadline 2",
    "services remove-iam-policy-binding hello --member allUsers --role roles/run.invoker --deadline 2",
    "services set-iam-policy hello POLICY --deadline 2",
    "revisions list --deadline 2",
    "revisions describe hello-1 --deadline 2",
    "revisions delete hello-1 --deadline 2",
    "configurations list --deadline 2",
    "configurations describe hello --deadline 2",
    "routes list --deadline 2",
    "routes describe hello --deadline 2",
    "regions list --deadline 2",
    "preflight hello --image a/b --deadline 2",
    "jobs create hello --image a/b --wait-timeout 2",
    "jobs update hello --tasks 2 --wait-timeout 2",
    "jobs deploy hello --image a/b --wait-timeout 2",
    "jobs replace JOB --timeout 2",
    "jobs execute hello --wait --wait-timeout 2",
    "jobs list --deadline 2",
    "jobs describe hello --deadline 2",
    "jobs delete hello --timeout 2",
    "jobs get-iam-policy hello --deadline 2",
    "jobs add-iam-policy-binding hello --member allUsers --role roles/run.invoker --deadline 2",
    "jobs remove-iam-policy-binding hello --member allUsers --role roles/run.invoker --deadline 2",
    "jobs set-iam-policy hello POLICY --deadline 2",
    "jobs executions list --job hello --deadline 2",
    "jobs executions describe hello-abcde --deadline 2",
    "jobs executions describe-latest --job hello --deadline 2",
    "jobs executions cancel hello-abcde --timeout 2",
    "jobs executions delete hello-abcde --timeout 2",
    "jobs executions tasks list --execution hello-abcde --deadline 2",
    "jobs executions tasks describe hello-abcde-task0 --deadline 2",
];

/// Verbs that begin with their write: its outcome is unknown then.
const WRITE_FIRST: &[&str] = &[
    "services set-iam-policy",
    "revisions delete",
    "jobs set-iam-policy",
    "jobs create",
    "jobs executions cancel",
];

/// Verbs that do not call the API, or only that of an emulator that they have started.
const LOCAL: &[&str] = &[
    "demo",
    "emulator serve",
    "emulator env",
    "emulator scenarios",
    "config",
    "completion",
    "man",
    "version",
];

const MANIFEST: &str = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: hello\nspec:\n  template:\n    \
                        spec:\n      containers:\n      - image: a/b\n";

const JOB: &str = "apiVersion: run.googleapis.com/v1\nkind: Job\nmetadata:\n  name: hello\nspec:\n  template:\n    spec:\n      \
                   template:\n        spec:\n          containers:\n          - image: a/b\n";

/// The reference lists the verbs as clap has them, which a test of its own holds.
#[test]
fn no_verb_is_left_out() {
    let reference = include_str!("../../../docs/commands.md");
    let headings: Vec<&str> = reference.lines().filter_map(|line| line.strip_prefix("## runctl ")).collect();
    let is_group = |name: &str| headings.iter().any(|other| other.starts_with(&format!("{name} ")));
    let verbs: BTreeSet<&str> = headings.iter().copied().filter(|name| !is_group(name)).collect();
    let is_of = |name: &str, verb: &str| verb == name || verb.starts_with(&format!("{name} "));
    let missing: Vec<&&str> = verbs
        .iter()
        .filter(|name| !LOCAL.contains(*name) && !VERBS.iter().any(|verb| is_of(name, verb)))
        .collect();
    assert!(missing.is_empty(), "does each of these end at its deadline? A line in VERBS each: {missing:?}");
    let gone: Vec<&&str> = LOCAL.iter().chain(WRITE_FIRST).filter(|name| !verbs.contains(**name)).collect();
    assert!(gone.is_empty(), "there are no such verbs: {gone:?}");
    assert!(verbs.len() > 20, "{verbs:?}");
}

#[test]
fn every_verb_ends_at_its_deadline_if_the_server_hangs() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // The connections stay open, and nobody reads them.
        let _held: Vec<_> = listener.incoming().collect();
    });
    let policy = file_with("policy", "bindings: []\netag: BwZh\n");
    let manifest = file_with("manifest", MANIFEST);
    let job = file_with("job", JOB);
    let begun = Instant::now();
    let running: Vec<_> = VERBS
        .iter()
        .map(|verb| {
            let words = verb.split(' ').map(|word| match word {
                "POLICY" => policy.as_str(),
                "MANIFEST" => manifest.as_str(),
                "JOB" => job.as_str(),
                word => word,
            });
            let mut command = support::command(words.chain(["--quiet"]));
            command.env("RUN_EMULATOR_HOST", address.to_string()).env("RUNCTL_PROJECT", "p");
            command.env("RUNCTL_REGION", "us-central1");
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            (verb, command.spawn().unwrap())
        })
        .collect();
    let mut wrong = Vec::new();
    for (verb, child) in running {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let says = stderr.contains("within 2.0 s") || stderr.contains("deadline of 2.0 s");
        let write_first = WRITE_FIRST.iter().any(|name| verb.starts_with(name));
        let expected = if write_first { [3, 7] } else { [3, 3] };
        if !expected.map(Some).contains(&output.status.code()) || !says {
            wrong.push(format!("{verb}: {:?} {stderr}", output.status.code()));
        }
        if !write_first && stderr.contains("may have been applied") {
            wrong.push(format!("{verb} speaks of a write: {stderr}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // All side by side on a small machine; one alone ends within a second of its deadline.
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

/// The path of a file with this text.
fn file_with(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deadline-{name}.yaml"));
    std::fs::write(&path, text).expect("a file in the folder of the tests");
    path.to_str().expect("a path in UTF-8").to_owned()
}
