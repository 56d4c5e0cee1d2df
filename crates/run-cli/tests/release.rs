//! Deployments with all that can be said about them, through the binary.

#![cfg(feature = "emulator")]

mod support;

use support::{Output, Server, command};

const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";

fn on(server: &Server, line: &str) -> Output {
    with(server, line, &[])
}

fn with(server: &Server, line: &str, variables: &[(&str, &str)]) -> Output {
    let line = line.replace("HELLO", HELLO);
    let mut command = command(line.split_whitespace());
    command.env("RUNCTL_ENDPOINT", &server.url).envs(variables.iter().copied());
    command.env("RUNCTL_PROJECT", "my-project").env("RUNCTL_REGION", "us-central1");
    command.output().expect("a binary that starts").into()
}

fn fine(server: &Server, line: &str) -> Output {
    let output = on(server, line);
    assert_eq!(output.code, 0, "{line}: {output:?}");
    output
}

/// What `--format` shows, without the end of the line.
fn told(server: &Server, line: &str) -> String {
    fine(server, line).stdout.trim_end().to_owned()
}

fn server() -> Server {
    Server::start(&["--delay", "1"])
}

#[test]
fn containers_have_flags_of_their_own() {
    let server = server();
    fine(
        &server,
        "deploy app --container web --image HELLO --port 8080 --depends-on cache --set-env-vars A=1 \
         --container cache --image HELLO --memory 256Mi --startup-probe tcpSocket.port=6379 --region us-central1",
    );
    let names = "services describe app --format=value(spec.template.spec.containers[].name)";
    assert_eq!(told(&server, names), "web;cache");
    fine(&server, "services update app --container cache --memory=512Mi --container side --image HELLO");
    let limits =
        "services describe app --format=value(spec.template.spec.containers[].resources.limits.memory)";
    assert_eq!(told(&server, names), "web;cache;side");
    assert_eq!(told(&server, limits), "512Mi;512Mi;512Mi");
    fine(&server, "services update app --remove-containers side");
    assert_eq!(told(&server, names), "web;cache");
    let early = on(&server, "services update app --memory 1Gi --container cache --cpu 1");
    assert_eq!(early.code, 2, "{early:?}");
    assert!(early.stderr.contains("`--memory` stands before --container"), "{early:?}");
    let unknown = on(&server, "deploy app --container web --image HELLO --concurrency=x");
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

#[test]
fn an_update_makes_a_revision_only_if_the_template_changes() {
    let server = server();
    fine(&server, "deploy app --image HELLO");
    let revisions = || told(&server, "revisions list --service app --format=value(REVISION)").lines().count();
    fine(&server, "services update app --ingress internal --min 1 --description text");
    assert_eq!(revisions(), 1);
    let ingress = "services describe app --format=value(metadata.annotations.'run.googleapis.com/ingress')";
    assert_eq!(told(&server, ingress), "internal");
    fine(&server, "services update app --update-env-vars A=1 --cpu-boost --revision-suffix second");
    assert_eq!(revisions(), 2);
    fine(&server, "services update app --update-env-vars A=1");
    assert_eq!(revisions(), 2, "nothing was to change");
    fine(&server, "deploy app --image HELLO");
    assert_eq!(revisions(), 3, "a deployment makes one each time, as gcloud's");
    let image = told(&server, "services describe app --format=value(spec.template.spec.containers[0].image)");
    assert_eq!(image, HELLO, "the deployment named it");
    let missing = on(&server, "services update nobody --cpu 2");
    assert_eq!(missing.code, 4, "{missing:?}");
    assert!(
        missing.stderr.contains("hint: create it with `runctl deploy nobody --image IMAGE`"),
        "{missing:?}"
    );
}

#[test]
fn an_update_leaves_the_image_as_it_was_written_unless_what_runs_is_to_stay() {
    let server = server();
    let image = |name: &str| {
        let line = format!("services describe {name} --format=value(spec.template.spec.containers[].image)");
        told(&server, &line)
    };
    fine(&server, "deploy app --image HELLO");
    fine(&server, "services update app --concurrency 7");
    assert_eq!(image("app"), HELLO, "as gcloud leaves it");
    fine(&server, "services update app --concurrency 8 --keep-image");
    let kept = image("app");
    assert!(kept.starts_with(&format!("{HELLO}@sha256:")), "{kept}");
    fine(&server, "services update app --concurrency 9 --keep-image");
    assert_eq!(image("app"), kept);

    fine(&server, "deploy pair --container web --image HELLO --port 8080 --container cache --image HELLO:2");
    fine(&server, "services update pair --min 1 --keep-image");
    assert!(!image("pair").contains("@sha256:"), "the template is as it was: {}", image("pair"));
    fine(&server, "services update pair --timeout 7 --keep-image");
    assert_eq!(image("pair").matches("@sha256:").count(), 2, "{}", image("pair"));

    for line in [
        "services update app --image HELLO --keep-image",
        "services update pair --keep-image --container web --image HELLO",
    ] {
        assert_eq!(on(&server, line).code, 2, "{line}");
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let server = server();
    let planned = fine(&server, "deploy app --image HELLO --dry-run --memory 1Gi");
    assert!(planned.stdout.contains("create"), "{planned:?}");
    assert_eq!(on(&server, "services describe app").code, 4);
    fine(&server, "deploy app --image HELLO");
    let object = told(&server, "deploy app --image HELLO:2 --dry-run --format=value(metadata.name)");
    assert_eq!(object, "app");
    let image = "services describe app --format=value(spec.template.spec.containers[0].image)";
    assert_eq!(told(&server, image), HELLO);
    let refused = on(&server, "services update app --memory 99Gi --dry-run");
    assert_eq!(refused.code, 1, "the server says so: {refused:?}");
}

#[test]
fn traffic_in_one_word() {
    let server = server();
    let traffic = "services describe app --format=value(status.traffic[].percent)";
    fine(&server, "deploy app --image HELLO --revision-suffix one");
    let held = on(
        &server,
        "deploy app --image HELLO --revision-suffix two --no-traffic --tag next --require-traffic 1",
    );
    assert_eq!(held.code, 1, "{held:?}");
    assert!(
        held.stderr.contains("revision `app-two` is ready, but gets 0 % of the traffic instead of 1 %"),
        "{held:?}"
    );
    fine(&server, "services promote app --tag next");
    let first = "services describe app --format=value(spec.traffic[].revisionName)";
    assert_eq!(told(&server, first).split(';').next(), Some("app-two"));
    fine(&server, "deploy app --image HELLO --revision-suffix three");
    fine(&server, "services promote app --revision app-one");
    let latest = "services describe app --format=value(spec.traffic[].latestRevision)";
    assert_eq!(told(&server, latest), "");
    fine(&server, "services promote app");
    assert_eq!(told(&server, latest), "True");
    fine(&server, "services update-traffic app --to-revisions app-one=100");
    fine(&server, "deploy app --image HELLO --revision-suffix four --promote --require-traffic 100");
    assert_eq!(told(&server, traffic).split(';').next(), Some("100"));

    let broken =
        on(&server, "deploy app --image docker.io/run-emulator/never-listens --revision-suffix five");
    assert_eq!(broken.code, 1, "{broken:?}");
    let refused = on(&server, "services promote app");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("revision `app-five` is not ready: "), "{refused:?}");
    let refused = on(&server, "services promote app --tag nobody");
    assert_eq!(refused.code, 4, "{refused:?}");
    let both = on(&server, "deploy app --image HELLO --require-traffic 100 --async");
    assert_eq!(both.code, 2, "{both:?}");
    assert_eq!(on(&server, "services promote app --revision app-six").code, 4);
}

#[test]
fn the_release_track_is_the_launch_stage() {
    let server = server();
    let stage =
        "services describe app --format=value(metadata.annotations.'run.googleapis.com/launch-stage')";
    fine(&server, "beta run deploy app --image HELLO");
    assert_eq!(told(&server, stage), "BETA");
    fine(&server, "run deploy app --image HELLO");
    assert_eq!(told(&server, stage), "BETA", "as gcloud, which leaves it");
}

#[test]
fn a_workflow_gets_its_outputs() {
    let server = server();
    let file = |name: &str| {
        let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
        let _ = std::fs::remove_file(&path);
        path
    };
    let (output, summary) = (file("github-output"), file("github-summary"));
    let variables = [("GITHUB_OUTPUT", output.as_str()), ("GITHUB_STEP_SUMMARY", summary.as_str())];
    let line = "deploy app --image HELLO --revision-suffix one --tag pr-1 --format=value(status.url)";
    // A tag on the first revision comes with all the traffic.
    let deployed = with(&server, line, &variables);
    assert_eq!(deployed.code, 0, "{deployed:?}");
    assert!(deployed.stdout.starts_with("http://app-"), "{deployed:?}");
    let text = std::fs::read_to_string(&output).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["service=app", "revision=app-one"]);
    assert!(lines[2].starts_with("url=http://app-"), "{text}");
    assert_eq!(lines[3], "traffic=100");
    assert!(lines[4].starts_with("tag-url=http://pr-1---app-"), "{text}");
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.contains("| app | app-one | 100 % |"), "{text}");
    let nowhere = with(&server, "deploy app --image HELLO", &[("GITHUB_OUTPUT", "/no/such/folder/file")]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert!(nowhere.stderr.contains("hint: the deployment itself is done"), "{nowhere:?}");
}

#[test]
fn access_is_decided_by_the_last_word() {
    let server = server();
    fine(&server, "deploy app --image HELLO --no-allow-unauthenticated --allow-unauthenticated");
    assert!(told(&server, "services get-iam-policy app").contains("allUsers"));
    fine(&server, "services remove-iam-policy-binding app --member=allUsers --role=roles/run.invoker");
    let policy = format!("{}/policy.yaml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&policy, "bindings:\n- role: roles/run.invoker\n  members: ['user:ana@example.com']\n")
        .unwrap();
    let line = format!("services set-iam-policy app {policy}");
    assert_eq!(on(&server, &line).code, 2, "without an etag somebody must confirm it");
    fine(&server, &format!("{line} --quiet"));
    assert!(told(&server, "services get-iam-policy app").contains("user:ana@example.com"));
    std::fs::write(&policy, "etag: BwAAAAAAAAA=\nbindings: []\n").unwrap();
    let stale = on(&server, &line);
    assert_eq!(stale.code, 1, "{stale:?}");
    std::fs::write(&policy, "bindings: 5\n").unwrap();
    let bad = on(&server, &format!("{line} --quiet"));
    assert_eq!(bad.code, 2, "{bad:?}");
    assert!(bad.stderr.contains("policy.yaml"), "{bad:?}");
}

#[test]
fn a_manifest_replaces_a_service_and_again_changes_nothing() {
    let server = server();
    let file = format!("{}/service.yaml", env!("CARGO_TARGET_TMPDIR"));
    let write = |more: &str, label: &str| {
        let text = format!(
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: app\n  labels: {{{label}}}\nspec:\n  \
             template:\n    spec:\n      containerConcurrency: '7'\n{more}      containers:\n      - image: {HELLO}\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    let replace = format!("services replace {file}");
    write("", "cloud.googleapis.com/location: europe-west1");
    let first = fine(&server, &replace);
    assert!(first.stderr.contains("New configuration has been applied to service [app]."), "{first:?}");
    assert_eq!(on(&server, "services describe app").code, 4, "its label says another region");
    let described = "services describe app --region europe-west1 --format=value(metadata.generation)";
    assert_eq!(told(&server, described), "1");
    let again = fine(&server, &replace);
    assert!(again.stderr.contains("nothing to change"), "{again:?}");
    assert_eq!(told(&server, described), "1");
    write("      timeoutSeconds: 60\n", "cloud.googleapis.com/location: europe-west1");
    let planned = fine(&server, &format!("{replace} --dry-run"));
    assert_eq!(planned.stdout, "~ spec.template.spec.timeoutSeconds: 300 → 60\n");
    assert_eq!(told(&server, described), "1");
    fine(&server, &replace);
    assert_eq!(told(&server, described), "2");
    let elsewhere = on(&server, &format!("{replace} --region us-east1"));
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
    assert!(elsewhere.stderr.contains("its label says region europe-west1"), "{elsewhere:?}");
    write("      timeoutSeconds: soon\n", "");
    let bad = on(&server, &replace);
    assert_eq!(bad.code, 2, "{bad:?}");
    assert!(bad.stderr.contains("line 10, spec.template.spec.timeoutSeconds"), "{bad:?}");
    assert_eq!(on(&server, "services replace /no/such/file").code, 2);
}

#[test]
fn a_result_names_revision_share_and_addresses() {
    let server = server();
    let result = |line: &str| -> serde_json::Value {
        serde_json::from_str(&fine(&server, &format!("{line} --format json")).stdout).unwrap()
    };
    let made = result("deploy app --image HELLO --tag blue");
    let deployment = &made["deployment"];
    assert_eq!((&deployment["apiVersion"], &deployment["kind"]), (&"runctl/v1".into(), &"Deployment".into()));
    assert_eq!(deployment["revision"], made["status"]["latestCreatedRevisionName"]);
    assert_eq!((&deployment["percent"], &deployment["created"]), (&100.into(), &true.into()));
    assert_eq!(deployment["url"], fine(&server, "wait app").stdout.trim());
    assert!(deployment["tagUrl"].as_str().unwrap().contains("blue---"), "{deployment}");

    let same = result("services update app --memory 512Mi");
    assert_eq!(
        (&same["deployment"]["changed"], &same["deployment"]["created"]),
        (&false.into(), &false.into())
    );
    let again = fine(&server, "services update app --memory 512Mi");
    assert!(again.stderr.contains("is as it should be"), "{again:?}");
    let exported = fine(&server, "services update app --memory 1Gi --format export").stdout;
    assert!(exported.contains("memory: 1Gi") && !exported.contains("deployment"), "{exported}");
}

#[test]
fn an_update_that_names_no_change_is_a_usage_error() {
    let server = server();
    fine(&server, "deploy app --image HELLO");
    for line in ["services update app", "services update app --quiet", "beta run services update app"] {
        let output = on(&server, line);
        assert_eq!(output.code, 2, "{line}: {output:?}");
        assert!(output.stderr.contains("no flag says what to change"), "{output:?}");
    }
}

#[test]
fn identity_aware_proxy_may_call_the_service_as_long_as_it_is_on() {
    let server = server();
    let agents = || fine(&server, "services get-iam-policy app --format value(bindings[].members)").stdout;
    fine(&server, "deploy app --image HELLO --iap");
    assert!(agents().contains("@gcp-sa-iap.iam.gserviceaccount.com"), "{}", agents());
    fine(&server, "services update app --memory 1Gi");
    assert!(agents().contains("@gcp-sa-iap"), "{}", agents());
    fine(&server, "services update app --no-iap");
    assert!(!agents().contains("@gcp-sa-iap"), "{}", agents());
}
