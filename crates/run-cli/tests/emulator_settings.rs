//! The settings of `runctl emulator serve`, and what `runctl emulator env` prints.

#![cfg(feature = "emulator")]

mod support;

use support::{Output, Server, get, post, runctl};

const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/demo-project/services";

fn service(image: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"hello"}},"spec":{{"template":{{"spec":{{"containers":[{{"image":"{image}"}}]}}}}}}}}"#
    )
}

#[test]
fn projects_images_and_delays() {
    let server = Server::start(&[
        "--project",
        "demo-project=42",
        "--region",
        "europe-west1",
        "--delays",
        "observe=1,import=1",
        "--delays",
        "route=1",
        "--delay",
        "2",
        "--image",
        "localhost/mine/*=exits:7",
    ]);
    let answer = post(&server.url, SERVICES, &service("localhost/mine/app"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""namespace": "42""#) && answer.contains("europe-west1"), "{answer}");
    let failed = until(&server, "failed to start and listen on the port");
    assert!(failed.contains("HealthCheckContainerError"), "{failed}");
    let delays = get(&server.url, "/__emulator/delays");
    assert!(delays.contains(r#""import": 1"#) && delays.contains(r#""health": 2"#), "{delays}");
}

/// The service, once its status says this.
#[allow(clippy::disallowed_methods, reason = "no runtime here")]
fn until(server: &Server, text: &str) -> String {
    let start = std::time::Instant::now();
    loop {
        let answer = get(&server.url, &format!("{SERVICES}/hello"));
        if answer.contains(text) {
            return answer;
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{answer}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn the_world_outside() {
    let server = Server::start(&[
        "--delay",
        "1",
        "--missing-secret",
        "token:3",
        "--unusable-account",
        "x@y.iam.gserviceaccount.com",
        "--cpu-quota",
        "10",
        "--any-registry",
        "--failure-style",
        "2022",
    ]);
    let world = get(&server.url, "/__emulator/environment");
    for part in [r#""token:3""#, r#""x@y.iam.gserviceaccount.com""#, "10000", r#""anyRegistry": true"#] {
        assert!(world.contains(part), "{part}: {world}");
    }
    let answer = post(&server.url, SERVICES, &service("docker.io/run-emulator/missing"));
    assert!(answer.contains(r#""autoscaling.knative.dev/maxScale": "10""#), "{answer}");
    until(&server, r#""reason": "ContainerMissing""#);
}

#[test]
fn a_log_as_text_or_json() {
    let mut server = Server::start(&["--delay", "1", "--log", "text"]);
    post(&server.url, SERVICES, &service("docker.io/a/b"));
    server.process.wait_for_stderr("services/hello in us-central1: Ready Unknown→True");
    server.process.wait_for_stderr("create_service services/hello in us-central1: made, generation 1");

    let mut server = Server::start(&["--delay", "1", "--log", "json"]);
    post(&server.url, SERVICES, &service("docker.io/a/b"));
    let ready = r#""type":"Ready","from":"Unknown","to":"True""#;
    let stdout = server.process.read_stdout_until(ready);
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["kind"], "request");
    assert_eq!(lines[0]["operation"], "create_service");
    assert_eq!(lines[0]["change"]["toGeneration"], 1);
    assert_eq!(lines.last().unwrap()["kind"], "change");
}

#[test]
fn bad_values_are_usage_errors() {
    for (arguments, said) in [
        (["--delays", "imports=1"], "unknown field `imports`"),
        (["--image", "a/b=x"], "`x` is no behaviour of an image"),
        (["--project", "p=x"], "`x` is no project number"),
        (["--cpu-quota", "many"], "invalid value 'many'"),
        (["--log", "xml"], "possible values: text, json"),
        (["--failure-style", "2023"], "possible values: 2022, 2024"),
    ] {
        let output = runctl(["emulator", "serve"].iter().chain(&arguments));
        assert_eq!(output.code, 2, "{output:?}");
        assert!(output.stderr.contains(said), "{}", output.stderr);
    }
    let output = runctl(["emulator", "serve", "--listen", "127.0.0.1:0", "--port", "0"]);
    assert_eq!(output.code, 2, "{output:?}");
}

fn env(arguments: &[&str]) -> Output {
    let output = runctl(["emulator", "env"].iter().chain(arguments));
    assert_eq!(output.code, 0, "{output:?}");
    output
}

#[test]
fn variables_for_each_client() {
    let all = env(&["--address", "127.0.0.1:99", "--project", "my-project", "--region", "europe-west1"]);
    for line in [
        "export RUN_EMULATOR_HOST='127.0.0.1:99';",
        "export RUNCTL_REGION='europe-west1';",
        "export CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN='http://run.googleapis.com/';",
        "export CLOUDSDK_PROXY_PORT='99';",
        "export CLOUDSDK_CORE_PROJECT='my-project';",
        "export RUN_EMULATOR_URL='http://127.0.0.1:99';",
        "export GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT='http://127.0.0.1:99/';",
    ] {
        assert_eq!(all.stdout.lines().filter(|one| *one == line).count(), 1, "{line}: {}", all.stdout);
    }
    assert!(all.stderr.contains("option.WithEndpoint"), "{}", all.stderr);

    let ours = env(&["--client", "run-rs", "--shell", "fish"]);
    assert_eq!(
        ours.stdout,
        "set -gx RUN_EMULATOR_HOST '127.0.0.1:8787'\nset -gx RUNCTL_PROJECT 'demo-project'\n\
         set -gx RUNCTL_REGION 'us-central1'\n"
    );
    assert_eq!(ours.stderr, "");
    let gone = env(&["--client", "terraform,python", "--shell", "powershell", "--unset"]);
    assert!(gone.stdout.ends_with("Env:GOOGLE_CLOUD_PROJECT\n"), "{}", gone.stdout);
    assert_eq!(runctl(["emulator", "env", "--region", "Moon"]).code, 2);
}

#[cfg(unix)]
#[test]
fn a_shell_takes_the_variables_and_the_client_finds_the_emulator() {
    let server = Server::start(&[]);
    let address = server.url.strip_prefix("http://").unwrap();
    let runctl = env!("CARGO_BIN_EXE_runctl");
    // Without quotes around the substitution the shell makes one line of all.
    for eval in
        ["eval \"$(RUNCTL emulator env --address ADDRESS)\"", "eval $(RUNCTL emulator env --address ADDRESS)"]
    {
        let script = format!("{eval} && RUNCTL services list --format json");
        let script = script.replace("RUNCTL", runctl).replace("ADDRESS", address);
        let output = std::process::Command::new("sh").args(["-c", &script]).env_clear().output().unwrap();
        let output = Output::from(output);
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(output.stdout.trim(), "[]");
    }
}

#[test]
fn faults_from_a_file_and_scenarios_by_name() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.json");
    let faults =
        r#"[{"on": "create_service", "times": 1, "fault": {"status": {"code": 503}}, "name": "shy"}]"#;
    std::fs::write(&file, faults).unwrap();
    let server = Server::start(&[
        "--faults",
        file.to_str().unwrap(),
        "--scenario",
        "stale-ready",
        "--scenario",
        "conflict-once",
    ]);
    let listed = get(&server.url, "/__emulator/faults");
    assert!(listed.contains("shy") && listed.contains("replace_*"), "{listed}");
    assert!(get(&server.url, "/__emulator/delays").contains(r#""observe": 3000"#));
    let first = post(&server.url, SERVICES, &service("docker.io/a/b"));
    assert!(first.starts_with("HTTP/1.1 503"), "{first}");
    let second = post(&server.url, SERVICES, &service("docker.io/a/b"));
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");

    let bad = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output =
            runctl(["emulator", "serve", "--listen", "127.0.0.1:0", "--faults", file.to_str().unwrap()]);
        assert_eq!(output.code, 2, "{output:?}");
        output.stderr
    };
    for (text, said) in [
        ("[", "EOF while parsing"),
        (r#"{"fault": "melt"}"#, "unknown variant `melt`"),
        (r#"{"on": "fly", "fault": "garbage"}"#, "there is no operation `fly`"),
    ] {
        let stderr = bad(text);
        assert!(stderr.contains(said), "{stderr}");
    }
    for arguments in [["--faults", "nowhere.json"], ["--scenario", "sunshine"]] {
        assert_eq!(runctl(["emulator", "serve"].iter().chain(&arguments)).code, 2);
    }
}

#[test]
fn scenarios_are_listed() {
    let table = runctl(["emulator", "scenarios"]);
    assert!(table.stdout.starts_with("SCENARIO"), "{}", table.stdout);
    let json = runctl(["emulator", "scenarios", "--format", "json"]);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(listed.len() + 1, table.stdout.lines().count());
    assert!(listed.iter().all(|one| one["thread"].as_str().unwrap().starts_with("https://github.com/")));
}
