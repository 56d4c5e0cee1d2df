//! A server that takes connections and never answers: every verb ends at its deadline, with exit code 3. The one test on
//! the wall clock.

mod support;

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn every_verb_ends_at_its_deadline_if_the_server_hangs() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // The connections stay open, and nobody reads them.
        let _held: Vec<_> = listener.incoming().collect();
    });
    let policy = tempfile_with("bindings: []\netag: BwZh\n");
    let manifest = tempfile_with(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: hello\nspec:\n  template:\n    spec:\n      \
         containers:\n      - image: a/b\n",
    );
    let verbs: &[&[&str]] = &[
        &["deploy", "hello", "--image", "a/b", "--wait-timeout", "2"],
        &["wait", "hello", "--timeout", "2s"],
        &["services", "update", "hello", "--concurrency", "5", "--wait-timeout", "PT2S"],
        &["services", "update-traffic", "hello", "--to-latest", "--timeout", "2"],
        &["services", "update-traffic", "hello", "--to-latest", "--wait-timeout", "2"],
        &["services", "promote", "hello", "--timeout", "2"],
        &["services", "repair", "hello", "--timeout", "2"],
        &["services", "delete", "hello", "--timeout", "2"],
        &["services", "replace", manifest.to_str().unwrap(), "--timeout", "2"],
        &["services", "list", "--region", "us-central1", "--deadline", "2"],
        &["services", "describe", "hello", "--deadline", "2"],
        &["services", "get-iam-policy", "hello", "--deadline", "2"],
        &[
            "services",
            "add-iam-policy-binding",
            "hello",
            "--member",
            "allUsers",
            "--role",
            "roles/run.invoker",
            "--deadline",
            "2",
        ],
        &[
            "services",
            "remove-iam-policy-binding",
            "hello",
            "--member",
            "allUsers",
            "--role",
            "roles/run.invoker",
            "--deadline",
            "2",
        ],
        &["services", "set-iam-policy", "hello", policy.to_str().unwrap(), "--deadline", "2"],
        &["revisions", "list", "--deadline", "2"],
        &["revisions", "describe", "hello-1", "--deadline", "2"],
        &["revisions", "delete", "hello-1", "--deadline", "2"],
        &["configurations", "list", "--deadline", "2"],
        &["routes", "describe", "hello", "--deadline", "2"],
        &["regions", "list", "--deadline", "2"],
        &["preflight", "hello", "--image", "a/b", "--deadline", "2"],
    ];
    let begun = Instant::now();
    let running: Vec<_> = verbs
        .iter()
        .map(|verb| {
            let mut command = support::command(verb.iter().copied().chain(["--quiet"]));
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
        // Two of them begin with their write.
        let write_first =
            ["set-iam-policy"].iter().any(|name| verb.contains(name)) || verb[..2] == ["revisions", "delete"];
        let expected = if write_first { [3, 7] } else { [3, 3] };
        if !expected.map(Some).contains(&output.status.code()) || !says {
            wrong.push(format!("{verb:?}: {:?} {stderr}", output.status.code()));
        }
        if !write_first && stderr.contains("may have been applied") {
            wrong.push(format!("{verb:?} speaks of a write: {stderr}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // All side by side on a small machine; one alone ends within a second of its deadline.
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

fn tempfile_with(text: &str) -> std::path::PathBuf {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("runctl-deadline-{}-{number}.yaml", std::process::id()));
    std::fs::write(&path, text).expect("a file in the temporary folder");
    path
}
