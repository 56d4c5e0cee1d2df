//! Lists and objects in every format, through the binary.

#![cfg(feature = "emulator")]

mod support;

use support::{Output, Server, command};

const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";

fn on(server: &Server, line: &str) -> Output {
    let words = shlex(line);
    let mut command = command(words);
    command.env("RUNCTL_ENDPOINT", &server.url);
    command.env("RUNCTL_PROJECT", "my-project").env("RUNCTL_REGION", "us-central1");
    command.output().expect("a binary that starts").into()
}

/// Words of a shell line, with single quotes.
fn shlex(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            character => words.last_mut().expect("a word").push(character),
        }
    }
    words
}

#[test]
fn lists_and_objects_in_every_format() {
    let server = Server::start(&["--delay", "1"]);
    for (name, flags) in
        [("bravo", "--labels=env=test"), ("alpha", "--labels=env=prod"), ("charlie", "--labels=env=prod")]
    {
        let output = on(&server, &format!("deploy {name} --image {HELLO} {flags}"));
        assert_eq!(output.code, 0, "{output:?}");
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"nonce: [a-z]{10}", "nonce: [NONCE]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "[ADDRESS]");
    settings.add_filter(r"localhost:\d+", "localhost:[PORT]");
    settings.add_filter(r"-(\d{5})-[a-z0-9]{3}", "-$1-xyz");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[TIMESTAMP]");
    let mut text = String::new();
    for line in [
        "services list --format='value(metadata.name)'",
        "services list --format='value(SERVICE)' --limit 2 --sort-by ~SERVICE",
        "services list --format='csv(metadata.name,metadata.labels.env,REGION)'",
        "services list --format='csv[no-heading](SERVICE)' --filter='metadata.labels.env=prod AND NOT SERVICE:char*'",
        "services list --format='table(metadata.name:label=NAME:sort=1:reverse,status.traffic[0].percent:align=right)'",
        "services list --format='table[box](metadata.name)' --limit 1",
        "services list --format='json(metadata.name)' --filter=metadata.name=alpha",
        "services list --format='yaml(metadata.name)'",
        "services list --filter=nothing=1",
        "services list --filter=nothing=1 --format=json",
        "services list --uri --filter=SERVICE=alpha",
        "services list --filter='a=1 AND b=2 OR c=3'",
        "services list --format=xml",
        "services list --format=value",
        "services list --sort-by '('",
        "services list --limit 0",
        "services describe alpha --format='value(metadata.name, status.traffic[].percent)'",
        "services describe alpha --format='flattened(metadata.name, spec.traffic)'",
        "services describe alpha --flatten='spec.template.spec.containers[]' --format='value(metadata.name, spec.template.spec.containers.image)'",
        "services list --flatten='status.traffic[]' --filter=status.traffic.percent=100 --format='csv(SERVICE, status.traffic.percent)'",
        "services list --flatten=status.traffic",
        "services describe alpha --flatten='a[' --format=json",
        "services describe alpha --format=export",
        "services describe alpha --format=none",
        "services describe nobody --format=json",
        "services describe --format=json",
        "services get-iam-policy alpha --format=json",
        "revisions list --service bravo --format='value(REVISION,ACTIVE,SERVICE)'",
        "regions list --filter='NAME:europe-west1*' --format='value(NAME)'",
        "configurations list",
        "configurations describe alpha --format='value(status.latestReadyRevisionName)'",
        "routes list --filter=ROUTE=bravo",
        "routes describe bravo --format='value(metadata.name)'",
        "configurations describe nobody",
        "revisions delete alpha-00001-nob --quiet",
        "version",
        "version --format=json",
    ] {
        let output = on(&server, line);
        text.push_str(&format!("$ runctl {line}\n[{}] {}{}\n", output.code, output.stdout, output.stderr));
    }
    settings.bind(|| insta::assert_snapshot!(text));
}

#[test]
fn a_revision_is_deleted_if_it_gets_no_traffic() {
    let server = Server::start(&["--delay", "1"]);
    for _ in 0..2 {
        assert_eq!(on(&server, &format!("deploy app --image {HELLO}")).code, 0);
    }
    let names =
        on(&server, "revisions list --service app --format='value(REVISION)' --sort-by REVISION").stdout;
    let names: Vec<&str> = names.lines().collect();
    let refused = on(&server, &format!("revisions delete {}", names[0]));
    assert_eq!(refused.code, 2, "nobody confirms it: {refused:?}");
    let deleted = on(&server, &format!("revisions delete {} --quiet", names[0]));
    assert_eq!((deleted.code, deleted.stdout.as_str()), (0, ""), "{deleted:?}");
    let serving = on(&server, &format!("revisions delete {} --quiet", names[1]));
    assert_eq!(serving.code, 1, "{serving:?}");
    assert!(serving.stderr.contains("Revision"), "{serving:?}");
}

#[test]
fn settings_and_where_they_came_from() {
    let mut command = command(["config", "--region", "us-east1"]);
    command.env("RUN_EMULATOR_HOST", "127.0.0.1:1").env("CLOUDSDK_CORE_PROJECT", "my-project");
    let output: Output = command.env("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.secret").output().unwrap().into();
    assert_eq!(output.code, 0, "{output:?}");
    insta::assert_snapshot!(output.stdout);
}

#[test]
fn a_table_of_services_asks_only_for_what_it_shows() {
    let server = Server::start(&["--delay", "1"]);
    for name in ["bravo", "alpha"] {
        let output = on(&server, &format!("deploy {name} --image {HELLO}"));
        assert_eq!(output.code, 0, "{output:?}");
    }
    let table = on(&server, "services list --page-size 1 --log-http");
    assert!(table.stderr.contains("fields="), "{table:?}");
    let whole = on(&server, "services list --page-size 1 --log-http --filter=spec.template:*");
    assert!(!whole.stderr.contains("fields="), "{whole:?}");
    assert_eq!(table.stdout, whole.stdout);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines.len() == 3 && lines[1].contains("alpha") && lines[2].contains("bravo"), "{table:?}");
}

#[test]
fn an_emulator_that_is_not_there_is_named_by_its_variable() {
    let host = format!("127.0.0.1:{}", support::free_port());
    let mut wrong = command(["services", "list", "--project", "my-project"]);
    let output: Output = wrong.env("RUN_EMULATOR_HOST", &host).output().unwrap().into();
    assert_eq!(output.code, 1, "{output:?}");
    let hint = format!(
        "hint: RUN_EMULATOR_HOST={host} leads there: start the emulator with `runctl emulator serve`"
    );
    assert!(output.stderr.contains(&hint), "{}", output.stderr);
    assert_eq!(output.stderr.matches("Connection refused").count(), 1, "{}", output.stderr);
    let mut bad = command(["services", "list", "--project", "my-project"]);
    let output: Output = bad.env("RUN_EMULATOR_HOST", "no host").output().unwrap().into();
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.starts_with("error: RUN_EMULATOR_HOST: "), "{}", output.stderr);
}

#[test]
fn a_log_filter_that_is_none_is_named_and_a_pipe_gets_no_colours() {
    let server = Server::start(&["--delay", "1"]);
    let with = |filter: &str| -> Output {
        let mut command = command(["services", "list", "--project", "my-project", "--endpoint", &server.url]);
        command.env("RUNCTL_LOG", filter).output().unwrap().into()
    };
    let output = with("run_api=loud");
    assert_eq!(output.code, 2, "{output:?}");
    assert!(
        output.stderr.starts_with("error: RUNCTL_LOG: `run_api=loud` is not a filter: "),
        "{}",
        output.stderr
    );
    let output = with("trace");
    assert!(output.stderr.contains("TRACE") || output.stderr.contains("DEBUG"), "{}", output.stderr);
    assert!(!output.stderr.contains('\u{1b}'), "{}", output.stderr);
}

#[test]
fn completion_and_manual() {
    for shell in ["bash", "zsh", "fish"] {
        let output = support::runctl(["completion", shell]);
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stdout.contains("update-traffic"), "{shell}");
    }
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/man");
    let output = support::runctl(["man", "--directory", folder]);
    assert_eq!(output.code, 0, "{output:?}");
    let page = std::fs::read_to_string(format!("{folder}/runctl-services-update-traffic.1")).unwrap();
    assert!(page.contains("to\\-latest") || page.contains("to-latest"), "{page}");
    assert!(support::runctl(["man"]).stdout.contains(".TH runctl 1"));
}
