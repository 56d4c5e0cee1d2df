//! What each command says when all goes well: stdout, stderr and exit code. (What goes wrong is in `errors.rs`, `verbs.rs`
//! and `jobs.rs`.)

#![cfg(feature = "emulator")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use support::{Output, Server, command};

/// The headings of the reference, which a test of run-cli holds to the command line.
const REFERENCE: &str = include_str!("../../../docs/commands.md");

/// What does not come to an end by itself, or differs from run to run, and where it is tested.
const ELSEWHERE: [(&str, &str); 3] =
    [("services proxy", "proxy.rs"), ("emulator serve", "emulator.rs"), ("demo", "demo.rs")];

/// In this order, on one emulator. `{execution}` is the newest execution; `{folder}` has the files.
const LINES: [&str; 60] = [
    "services list",
    "regions list --limit 2",
    "deploy shop --image HELLO --revision-suffix one --set-env-vars A=1 --allow-unauthenticated",
    "deploy shop --image HELLO --revision-suffix two --no-traffic --tag next",
    "deploy shop --image HELLO --dry-run --memory 1Gi",
    "deploy other --image HELLO --revision-suffix one --async",
    "wait other",
    "services list",
    "services describe shop",
    "services update shop --memory 1Gi --revision-suffix three",
    "services update shop --memory 1Gi",
    "services update shop --description text --async",
    "services update-traffic shop --to-tags next=10",
    "services promote shop",
    "services promote shop --tag next",
    "services repair shop",
    "services replace {folder}/service.yaml --dry-run",
    "services replace {folder}/service.yaml",
    "services replace {folder}/service.yaml",
    "services get-iam-policy shop",
    "services add-iam-policy-binding shop --member user:ana@example.com --role roles/run.invoker",
    "services remove-iam-policy-binding shop --member allUsers --role roles/run.invoker",
    "services set-iam-policy shop {folder}/policy.json --quiet",
    "revisions list --service shop",
    "revisions describe shop-one",
    "revisions delete shop-three --quiet",
    "configurations list",
    "configurations describe shop",
    "routes list",
    "routes describe shop",
    "preflight shop --image HELLO",
    "services delete other --quiet --async",
    "services delete shop --quiet",
    "jobs create nightly --image TASK --args exit",
    "jobs list",
    "jobs update nightly --args 0",
    "jobs deploy nightly --image TASK --args=-c,true --max-retries 0",
    "jobs deploy nightly --image TASK --args=-c,true --max-retries 0 --async",
    "jobs replace {folder}/job.yaml --dry-run",
    "jobs replace {folder}/job.yaml",
    "jobs describe nightly",
    "jobs execute nightly --wait",
    "jobs executions list",
    "jobs executions describe {execution}",
    "jobs executions describe-latest --job nightly",
    "jobs executions tasks list --execution {execution}",
    "jobs executions tasks describe {execution}-task0",
    "jobs executions delete {execution} --quiet",
    "jobs execute nightly --args=-c,sleep@600 --async",
    "jobs executions cancel {execution} --quiet",
    "jobs get-iam-policy nightly",
    "jobs add-iam-policy-binding nightly --member user:ana@example.com --role roles/run.invoker",
    "jobs remove-iam-policy-binding nightly --member user:ana@example.com --role roles/run.invoker",
    "jobs set-iam-policy nightly {folder}/policy.json --quiet",
    "jobs delete nightly --quiet",
    "emulator env --address 127.0.0.1:8085",
    "emulator scenarios",
    "config",
    "doctor",
    "version",
];

/// What is long, and generated.
const LONG: [&str; 2] = ["completion bash", "man --directory {folder}/man"];

/// The commands that have no commands below them.
fn commands() -> BTreeSet<&'static str> {
    let all: Vec<&str> = REFERENCE.lines().filter_map(|line| line.strip_prefix("## runctl ")).collect();
    let is_group = |name: &str| all.iter().any(|other| other.starts_with(&format!("{name} ")));
    all.iter().copied().filter(|name| !is_group(name)).collect()
}

fn command_of(line: &str) -> &'static str {
    let found = commands().into_iter().filter(|name| format!("{line} ").starts_with(&format!("{name} ")));
    found.max_by_key(|name| name.len()).unwrap_or_else(|| panic!("`{line}` begins with no command"))
}

#[test]
fn each_command_has_a_line() {
    let elsewhere = ELSEWHERE.iter().map(|(name, file)| {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file).is_file(), "{file}");
        *name
    });
    let shown: BTreeSet<&str> =
        LINES.iter().chain(&LONG).map(|line| command_of(line)).chain(elsewhere).collect();
    assert!(commands().len() > 40);
    let without: Vec<&str> = commands().difference(&shown).copied().collect();
    assert!(without.is_empty(), "these commands show nowhere how they succeed: {without:?}");
}

struct Session {
    server: Server,
    folder: PathBuf,
}

impl Session {
    fn new() -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("success");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let server = Server::start(&["--delay", "1", "--run", "docker.io/me/task=sh"]);
        Self { server, folder }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect("a file");
    }

    fn on(&self, line: &str) -> Output {
        let words = line.split(' ').map(|word| {
            let word = word.replace("{folder}", self.folder.to_str().expect("a path"));
            word.replace("HELLO", "us-docker.pkg.dev/cloudrun/container/hello")
                .replace("TASK", "docker.io/me/task")
                .replace('@', if line.contains("sleep") { " " } else { "@" })
        });
        let mut command = command(words);
        command.env("RUN_EMULATOR_HOST", &self.server.url);
        command.env("RUNCTL_PROJECT", "my-project").env("RUNCTL_REGION", "us-central1");
        command.output().expect("a binary that starts").into()
    }

    fn newest_execution(&self) -> String {
        let output = self
            .on("jobs executions list --sort-by ~metadata.creationTimestamp --limit 1 --format value(name)");
        output.stdout.trim().to_owned()
    }
}

#[test]
fn what_each_command_says() {
    let session = Session::new();
    session.write(
        "policy.json",
        r#"{"bindings":[{"role":"roles/run.invoker","members":["user:eve@example.com"]}]}"#,
    );
    let (mut text, mut failed) = (String::new(), Vec::new());
    for line in LINES {
        // The manifests are what is there, a little changed.
        if line.starts_with("services replace") {
            let exported = session.on("services describe shop --format export").stdout;
            session.write(
                "service.yaml",
                &exported.replace("1Gi", "2Gi").replace("name: shop-three", "name: shop-four"),
            );
        } else if line.starts_with("jobs replace") {
            let exported = session.on("jobs describe nightly --format export").stdout;
            session.write("job.yaml", &exported.replace("taskCount: 1", "taskCount: 2"));
        }
        let typed = match line.contains("{execution}") {
            true => line.replace("{execution}", &session.newest_execution()),
            false => line.to_owned(),
        };
        let output = session.on(&typed);
        if output.code != 0 {
            failed.push(format!("{line}: {output:?}"));
        }
        text.push_str(&format!(
            "$ runctl {line}\n--- stdout\n{}--- stderr\n{}\n",
            output.stdout, output.stderr
        ));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let mut settings = insta::Settings::clone_current();
    for (pattern, shown) in [
        (r"\(\d+ ms\)", "([TIME])"),
        (r"127\.0\.0\.1:\d{5}", "[ADDRESS]"),
        (r"localhost:\d{5}", "localhost:[PORT]"),
        (r"nightly-[a-z0-9]{5}\b", "nightly-[NAME]"),
        (r"(shop|other)-(\d{5})-[a-z0-9]{3}", "$1-$2-[SUFFIX]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[UID]"),
        (r"run-rs\.dev/writes: (>-\n +)?[a-z,]+", "run-rs.dev/writes: [IDS]"),
        (r"(?i)logs?(Uri|Url)?: +https://\S+", "logs: [URL]"),
        (r"etag: \S+", "etag: [ETAG]"),
        (r"resourceVersion: \S+", "resourceVersion: [VERSION]"),
        (r"nonce: [a-z]+", "nonce: [NONCE]"),
        (r"in \d+(\.\d+)?m?s", "in [TIME]"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[TIMESTAMP]"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[TIMESTAMP]            "),
        (r"@sha256:[0-9a-f]{64}", "@[DIGEST]"),
        (r"(?m)^      [A-Z]\w+ (True|False|Unknown).*\n", ""),
        (r"(?m)^      \d of \d succeeded.*\n", ""),
    ] {
        settings.add_filter(pattern, shown);
    }
    settings.bind(|| insta::assert_snapshot!("what_each_command_says", text));
    for line in LONG {
        let output = session.on(line);
        assert_eq!(output.code, 0, "{line}: {output:?}");
    }
    assert!(session.on("completion bash").stdout.contains("_runctl()"));
}
