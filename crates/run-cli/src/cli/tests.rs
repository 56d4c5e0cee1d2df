//! What people type, and what becomes of it.

/// The documents are about a runctl with everything.
#[cfg(feature = "emulator")]
mod documents;

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::CommandFactory;

use super::{Cli, Refusal};

use crate::gcloud::{self, FLAGS, Standing};

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

fn longs(command: &clap::Command, found: &mut BTreeSet<String>) {
    for argument in command.get_arguments() {
        let names = argument.get_long_and_visible_aliases().unwrap_or_default();
        found.extend(names.into_iter().map(|long| format!("--{long}")));
    }
    command.get_subcommands().for_each(|inner| longs(inner, found));
}

#[test]
fn the_table_of_gclouds_flags_says_what_runctl_has() {
    let mut command = Cli::command();
    command.build();
    let mut have = BTreeSet::new();
    longs(&command, &mut have);
    for (name, standing) in FLAGS {
        assert_eq!(have.contains(*name), *standing == Standing::Taken, "{name} is {standing:?}");
    }
}

/// gcloud keeps the tree of its commands in a file for completion: each flag of `run` must be in our table.
#[test]
fn no_flag_of_the_installed_gcloud_is_unknown() {
    let Some(flags) = installed_flags() else {
        eprintln!("skipped: no gcloud with a tree of its commands is installed");
        return;
    };
    assert!(flags.len() > 100, "{flags:?}");
    let unknown: Vec<&String> = flags.iter().filter(|name| gcloud::flag(name).is_none()).collect();
    assert!(unknown.is_empty(), "gcloud has flags that gcloud/flags.rs lacks: {unknown:?}");
}

fn installed_flags() -> Option<BTreeSet<String>> {
    let all = |command: &str| command == "." || command.starts_with("run");
    Some(flags_of_gcloud(all)?.into_iter().map(|(_, flag)| flag).collect())
}

/// The commands of the installed gcloud's `run` group, such as `run services update`, and each flag of theirs.
fn flags_of_gcloud(which: impl Fn(&str) -> bool) -> Option<BTreeSet<(String, String)>> {
    let path = std::env::var_os("PATH")?;
    let gcloud =
        std::env::split_paths(&path).map(|folder| folder.join("gcloud")).find(|file| file.exists())?;
    let root = gcloud.canonicalize().ok()?.parent()?.parent()?.to_owned();
    let script = "import runpy, sys\n\
        tree = runpy.run_path(sys.argv[1])['STATIC_COMPLETION_CLI_TREE']\n\
        def walk(node, name):\n    \
            [print(name, flag, sep='\\t') for flag in node.get('flags', {})]\n    \
            [walk(inner, f'{name} {word}') for word, inner in node.get('commands', {}).items()]\n\
        [print('.', flag, sep='\\t') for flag in tree['flags']]\n\
        [walk(at['commands']['run'], 'run') for at in (tree, tree['commands']['beta'], tree['commands']['alpha'])]\n";
    let tree = root.join("data/cli/gcloud_completions.py");
    let output = std::process::Command::new("python3").arg("-c").arg(script).arg(tree).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let flags = text.lines().filter_map(|line| line.split_once('\t')).filter(|(command, _)| which(command));
    let flags = flags.filter(|(_, flag)| flag.starts_with("--"));
    let flags = flags.map(|(command, flag)| (command.to_owned(), flag.to_owned()));
    Some(flags.collect()).filter(|_| output.status.success())
}

/// What `cargo xtask parity` compares: each flag that both have stands in a line of its command.
#[test]
fn each_flag_that_gcloud_has_is_compared_with_it() {
    let compared = ["run deploy", "run services ", "run revisions ", "run configurations ", "run routes "];
    // It serves until a signal comes, and what it makes is no object.
    let proxy = "run services proxy";
    let flags = flags_of_gcloud(|command| {
        command != proxy && compared.iter().any(|start| command.starts_with(start))
    });
    let Some(flags) = flags else {
        eprintln!("skipped: no gcloud with a tree of its commands is installed");
        return;
    };
    let lines = include_str!("../../../../tests/parity/services.txt");
    let lines: Vec<&str> = lines.lines().flat_map(|line| line.split(" && ")).collect();
    let missing: Vec<&(String, String)> = flags
        .iter()
        .filter(|(command, flag)| {
            let words = command.trim_start_matches("run ");
            let positive = flag.trim_start_matches("--");
            let has = |line: &&&str| {
                let mut line_words = line.split([' ', '=']);
                line.contains(words)
                    && line_words.any(|word| word == flag || word == format!("--no-{positive}"))
            };
            takes(words, flag) && !lines.iter().any(|line| has(&line))
        })
        .collect();
    assert!(missing.is_empty(), "tests/parity/services.txt has no line for {missing:?}");
}

/// Whether a command of runctl's takes a flag.
fn takes(words: &str, flag: &str) -> bool {
    let mut root = Cli::command();
    root.build();
    let command = words.split(' ').try_fold(&root, |command, word| command.find_subcommand(word));
    let mut flags = BTreeSet::new();
    if let Some(command) = command {
        longs(command, &mut flags);
    }
    flags.contains(flag)
}

#[test]
fn what_gcloud_has_is_refused_by_name() {
    for (line, message, hint) in [
        (
            "deploy app --source .",
            "`--source` is a flag of gcloud's that runctl has not",
            "does not build images",
        ),
        ("deploy app --tasks=5", "`runctl deploy` has no flag `--tasks`", "`runctl jobs create`"),
        (
            "jobs create app --image i --concurrency 5",
            "`runctl jobs create` has no flag `--concurrency`",
            "`runctl deploy`",
        ),
        ("jobs execute app --tail", "`--tail` is a flag of gcloud's that runctl has not", "Cloud Logging"),
        ("deploy app --worker", "`--worker` is a flag of gcloud's that runctl has not yet", "worker pools"),
        ("services list --image x", "`runctl services list` has no flag `--image`", "`runctl deploy`"),
        ("jobs logs read app", "`jobs logs` is a command of gcloud's", "Cloud Logging"),
        ("worker-pools list", "`worker-pools` is a command of gcloud's", "`gcloud run worker-pools`"),
        ("beta run services logs read app", "`services logs` is a command of gcloud's", "Cloud Logging"),
        ("services list --platform gke", "", ""),
    ] {
        let typed = std::iter::once("runctl").chain(line.split(' ')).map(OsString::from);
        match (Cli::read(typed), message) {
            (Err(Refusal::Usage(error)), "") => assert!(error.to_string().contains("kubectl"), "{error}"),
            (Err(Refusal::Gcloud(failure)), message) => {
                assert!(failure.to_string().starts_with(message), "{line}: {failure}");
                assert!(failure.hints()[0].contains(hint), "{line}: {:?}", failure.hints());
            }
            (Err(Refusal::Usage(error)), _) => panic!("{line}: {error}"),
            (Ok(_), _) => panic!("{line} was taken"),
        }
    }
}

#[test]
fn a_command_that_is_mistyped_gets_one_tip() {
    for (typed, tip) in
        [("deploi app", "'deploy'"), ("service list", "'services'"), ("services lst", "'list'")]
    {
        let words = std::iter::once("runctl").chain(typed.split(' ')).map(OsString::from);
        let Err(Refusal::Usage(error)) = Cli::read(words) else { panic!("`{typed}` is a command") };
        let text = error.to_string();
        assert!(text.contains(&format!("a similar subcommand exists: {tip}")), "{text}");
    }
}

#[test]
fn tips_that_would_harm_are_left_out() {
    let told = |line: &str| match Cli::read(line.split(' ').map(OsString::from)) {
        Err(Refusal::Usage(error)) => error.to_string(),
        _ => panic!("{line}"),
    };
    assert!(!told("runctl deploy app --image i --env-varz=A=1").contains("set-env-vars"));
    assert!(told("runctl deploy app --imag i").contains("--image"));
    assert!(told("runctl services descripe app").contains("describe"));
    assert!(!told("runctl services repl app").contains("repair"));
}

/// Lines such as tutorials and pipelines have after `gcloud run`. Each is taken, or refused by name.
const TAKEN: &str = "
deploy shop --image europe-docker.pkg.dev/acme/web/shop
deploy shop --image=europe-docker.pkg.dev/acme/web/shop --platform=managed --region=europe-west1 --quiet
deploy --image europe-docker.pkg.dev/acme/web/shop:v3 shop --allow-unauthenticated
deploy shop --image i --set-env-vars=MODE=live,DEBUG=0 --concurrency=40 --timeout=15m
deploy shop --image i --set-env-vars MODE=live --set-env-vars DEBUG=0
deploy shop --image i --set-secrets=API_KEY=api-key:3,/etc/tls/key=tls:latest
deploy shop --image i --update-secrets API_KEY=api-key:latest --remove-env-vars OLD
deploy shop --image i --env-vars-file env.yaml --service-account=web@acme.iam.gserviceaccount.com
deploy shop --image i --network=main --subnet=web --vpc-egress=all-traffic --network-tags=web,eu
deploy shop --image i --vpc-connector=c1 --ingress=internal-and-cloud-load-balancing
deploy shop --image i --add-cloudsql-instances=acme:europe-west1:orders
deploy shop --image i --cpu=2 --memory=2Gi --min-instances=1 --max-instances=20 --no-cpu-throttling --cpu-boost
deploy shop --image i --execution-environment=gen2 --session-affinity --use-http2 --port=9000
deploy shop --image i --labels=team=web,commit=1a2b3c --revision-suffix=v3 --no-traffic --tag=preview
deploy shop --image i --command=node --args=server.js,--verbose
deploy shop --image i --gpu=1 --gpu-type=nvidia-l4 --no-gpu-zonal-redundancy
deploy shop --image i --startup-probe=httpGet.path=/up,periodSeconds=3 --liveness-probe=httpGet.path=/up
deploy shop --image i --add-volume=name=cache,type=in-memory,size-limit=64Mi --add-volume-mount=volume=cache,mount-path=/cache
deploy shop --image i --format=json --project acme --async
deploy shop --image i --no-allow-unauthenticated --no-user-output-enabled --verbosity=error
deploy shop --image i --impersonate-service-account ci@acme.iam.gserviceaccount.com
services proxy shop --port=8080
services proxy shop --tag next --token t
deploy shop --container web --image a --port 8080 --container proxy --image b --depends-on web
beta run deploy shop --image i
alpha deploy shop --image i
beta run services update shop --dry-run --cpu 2
--project acme beta run services list
services update shop --image i:2
services update shop --max-instances 5 --region europe-west1
services update shop --update-env-vars=MODE=test --clear-labels
services update shop --min=2 --max=default --scaling=auto
services replace shop.yaml
services replace shop.yaml --dry-run --region europe-west1
services update-traffic shop --to-latest
services update-traffic shop --to-revisions=shop-v3=10,shop-v2=90
services update-traffic shop --to-tags preview=25
services update-traffic shop --set-tags=stable=shop-v2 --platform managed
services update-traffic shop --remove-tags preview --async
services describe shop --format=json
services describe shop --region=europe-west1 --format='value(status.url)'
services describe shop --format=export
services list --filter=metadata.labels.team=web --sort-by=~SERVICE --limit=5
services list --format=value(SERVICE)
services list --uri --page-size=50
services delete shop --quiet
services get-iam-policy shop --format=json
services add-iam-policy-binding shop --member=allUsers --role=roles/run.invoker --condition=None
services remove-iam-policy-binding shop --member user:eve@example.com --role roles/run.invoker
services set-iam-policy shop policy.json
jobs create nightly --image i --tasks 4
jobs create nightly --image=i --tasks=50 --parallelism=5 --max-retries=0 --task-timeout=1h --execute-now
jobs create nightly --image i --set-env-vars=A=1 --set-secrets=KEY=key:latest --service-account=job@acme.iam.gserviceaccount.com
jobs create nightly --image i --command=python --args=job.py,--all --cpu=2 --memory=4Gi --labels=team=data
jobs create nightly --image i --set-cloudsql-instances=acme:europe-west1:orders --vpc-connector=c1
jobs create nightly --container main --image a --container side --image b
jobs update nightly --image i:2 --clear-env-vars
jobs update nightly --parallelism=default --wait
jobs deploy nightly --image i --region europe-west1 --quiet --async
jobs execute nightly --wait
jobs execute nightly --args=--since,yesterday --update-env-vars=A=2 --tasks=3 --task-timeout=10m --async
jobs execute nightly --region=europe-west1 --format=value(metadata.name)
jobs list --region=europe-west1
jobs describe nightly --format=json
jobs replace job.yaml
jobs delete nightly --quiet
jobs add-iam-policy-binding nightly --member=user:ana@example.com --role=roles/run.invoker
jobs get-iam-policy nightly
jobs executions list --job nightly
jobs executions list --job=nightly --limit=5 --format=value(name)
jobs executions describe nightly-abcde --format=yaml
jobs executions describe-latest --job=nightly
jobs executions cancel nightly-abcde --quiet
jobs executions delete nightly-abcde --quiet
jobs executions tasks list --execution=nightly-abcde --failed --no-completed
jobs executions tasks describe nightly-abcde-task0
revisions list --service shop --region europe-west1 --format=value(metadata.name)
revisions list --service=shop --filter=status.conditions.type:Active
revisions describe shop-00007-kid --format yaml
revisions delete shop-00001-old --quiet
regions list
configurations list
routes describe shop
";

const REFUSED: &str = "
deploy shop --source .
deploy shop --source=. --base-image=nodejs22
deploy --function hello shop
deploy shop --image i --regions=europe-west1,us-east1
deploy shop --image i --domain=shop.example.com
services logs read shop --limit 20
services logs tail shop
services list --cluster=c --cluster-location=z
services add-iam-policy-binding shop --member=allUsers --role=r --condition-from-file=c.yaml
jobs logs read nightly
jobs executions logs read nightly-abcde
jobs execute nightly --tail
domain-mappings create --service shop --domain www.example.com
beta run worker-pools deploy queue --image i
compose up
multi-region-services list
services list --account=me@example.com
";

fn words(line: &str) -> Vec<OsString> {
    let line = line.replace('\'', "");
    std::iter::once("runctl").chain(line.split(' ')).map(OsString::from).collect()
}

#[test]
fn everyday_lines_are_taken() {
    for line in TAKEN.lines().filter(|line| !line.is_empty()) {
        match Cli::read(words(line)) {
            Ok(_) => {}
            Err(Refusal::Usage(error)) => panic!("{line}: {error}"),
            Err(Refusal::Gcloud(failure)) => panic!("{line}: {failure}"),
        }
    }
}

#[test]
fn everyday_lines_of_other_things_are_refused_by_name() {
    for line in REFUSED.lines().filter(|line| !line.is_empty()) {
        match Cli::read(words(line)) {
            Err(Refusal::Gcloud(failure)) => {
                let message = failure.to_string();
                let (_, rest) = message.split_once('`').unwrap_or_default();
                let (name, _) = rest.split_once('`').unwrap_or_default();
                assert!(line.contains(name), "{line}: {message}");
                assert!(!failure.hints().is_empty(), "{line}: {message}");
            }
            Err(Refusal::Usage(error)) => panic!("{line}: {error}"),
            Ok(_) => panic!("{line} was taken"),
        }
    }
}

/// Whether a command, or one below it, has this flag.
fn has_flag(command: &clap::Command, flag: &str) -> bool {
    let names = |argument: &clap::Arg| argument.get_long() == Some(flag);
    command.get_arguments().any(names) || command.get_subcommands().any(|inner| has_flag(inner, flag))
}

/// Advice names flags and commands that there are.
#[test]
fn what_is_advised_can_be_typed() {
    let root = Cli::command();
    for text in crate::terminal::all_advice() {
        let ours = text.split('`').enumerate().filter(|(place, _)| place % 2 == 1).map(|(_, quoted)| quoted);
        for line in ours.filter_map(|quoted| quoted.strip_prefix("runctl ")) {
            let mut command = &root;
            let is_track = |word: &&str| matches!(*word, "beta" | "alpha");
            let names =
                line.split(' ').take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            for word in names.filter(|word| !is_track(word)).take_while(|word| !word.starts_with("--")) {
                match command.find_subcommand(word) {
                    Some(found) => command = found,
                    None => assert!(!command.has_subcommands(), "{text}: there is no `{word}`"),
                }
            }
        }
        let without_gcloud = text.replace("`gcloud services enable run.googleapis.com --project", "");
        for word in without_gcloud.split(|c: char| !(c.is_ascii_lowercase() || c == '-')) {
            if let Some(flag) = word.strip_prefix("--") {
                assert!(has_flag(&root, flag), "{text}: there is no --{flag}");
            }
        }
    }
}

#[test]
fn what_stands_elsewhere_is_found() {
    for (line, message, hint) in [
        ("describe app", "there is no command `describe`", "`runctl services describe`"),
        ("promote app", "there is no command `promote`", "`runctl services promote`"),
        ("list", "there is no command `list`", "`runctl revisions list`"),
        ("revisions promote app", "there is no command `revisions promote`", "`runctl services promote`"),
        ("logs app", "`logs` is a command of gcloud's", "Cloud Logging"),
        ("deploy app --env A=1", "there is no flag `--env`", "--update-env-vars"),
        ("services update app --replicas=3", "there is no flag `--replicas`", "--max-instances"),
    ] {
        let typed = std::iter::once("runctl").chain(line.split(' ')).map(OsString::from);
        let Err(Refusal::Gcloud(failure)) = Cli::read(typed) else { panic!("{line} is taken") };
        assert!(failure.to_string().starts_with(message), "{line}: {failure}");
        assert!(failure.hints().iter().any(|text| text.contains(hint)), "{line}: {:?}", failure.hints());
    }
}
