//! `runctl emulator serve` as a process.

#![cfg(feature = "emulator")]

mod support;

use std::net::TcpStream;

use support::{Server, get, post, runctl};

#[test]
fn it_prints_its_address_when_it_is_ready() {
    let server = Server::start(&[]);
    let address = server.url.strip_prefix("http://127.0.0.1:").unwrap();
    assert_ne!(address, "0");
    let answer = get(&server.url, "/v1/projects/demo-project/locations");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("us-central1"), "{answer}");
}

#[cfg(unix)]
#[test]
fn signals_stop_it_cleanly() {
    for signal in ["INT", "TERM"] {
        let Server { url, process } = Server::start(&[]);
        process.signal(signal);
        let output = process.finish();
        assert_eq!(output.code, 0, "{signal}: {output:?}");
        assert!(output.stderr.ends_with("stopped\n"), "{output:?}");
        assert!(TcpStream::connect(url.strip_prefix("http://").unwrap()).is_err());
    }
}

#[test]
fn an_address_in_use_is_told() {
    let server = Server::start(&[]);
    let address = server.url.strip_prefix("http://").unwrap();
    let output = runctl(["emulator", "serve", "--listen", address]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains(address), "{}", output.stderr);
    assert!(output.stderr.contains("hint: choose another address with --listen"), "{}", output.stderr);
}

#[cfg(unix)]
#[test]
fn the_state_survives_a_sudden_end() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-state");
    let _ = std::fs::remove_file(file);
    let server = Server::start(&["--state", file]);
    let service =
        r#"{"metadata":{"name":"hello"},"spec":{"template":{"spec":{"containers":[{"image":"a/b"}]}}}}"#;
    let services = "/apis/serving.knative.dev/v1/namespaces/demo-project/services";
    assert!(post(&server.url, services, service).starts_with("HTTP/1.1 200"));

    let second = runctl(["emulator", "serve", "--listen", "127.0.0.1:0", "--state", file]);
    assert_eq!(second.code, 1, "{second:?}");
    let told = format!("error: cannot use the state in {file}: it is in use by another emulator");
    assert!(second.stderr.starts_with(&told), "{}", second.stderr);
    assert!(second.stderr.contains("hint: name another file with --state"), "{}", second.stderr);

    server.process.signal("KILL");
    assert_ne!(server.process.finish().code, 0);
    assert!(Server::start(&["--state", file]).has_service("hello"));
}

/// With each number of files that may be open it is one clear error, or it serves, and goes on when there is room again.
#[cfg(unix)]
#[test]
fn few_file_descriptors_are_no_panic() {
    // Whoever runs the tests may have left some open.
    const CLOSE: &str = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-";
    for files in [5, 6, 7, 8, 10, 12, 14, 16] {
        let script = format!(
            "{CLOSE}; ulimit -n {files} && exec \"$0\" services list --endpoint http://127.0.0.1:9 --project p"
        );
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_runctl")]).args(["--region", "us-central1"]);
        let output = shell.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{files}: {stderr}");
        assert!(stderr.starts_with("error: ") && !stderr.contains("panicked"), "{files}: {stderr}");
    }
}

/// More connections than it may have: it says so once, and goes on when there is room.
#[cfg(unix)]
#[test]
fn without_file_descriptors_it_waits_for_some() {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::process::Stdio;

    let script = "ulimit -n 24 && exec \"$0\" emulator serve --listen 127.0.0.1:0 --log text";
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_runctl")]).env_clear();
    shell.env("HOME", env!("CARGO_TARGET_TMPDIR")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = shell.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let address = url.trim().trim_start_matches("http://").to_owned();
    let many: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let told = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told = told.into_iter().find(|line| line.contains("connections cannot be accepted"));
    assert!(told.unwrap().contains("Too many open files"));
    drop(many);
    let mut stream = TcpStream::connect(&address).unwrap();
    let request = "GET /apis/serving.knative.dev/v1/namespaces/p/services HTTP/1.1\r\nHost: localhost\r\n\
                   Connection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn bad_settings_are_told() {
    for (arguments, code) in [
        (["emulator", "serve", "--listen", "nonsense"], 2),
        (["emulator", "serve", "--region", "Moon"], 2),
        (["emulator", "serve", "--delay", "-1"], 2),
        (["emulator", "serve", "--run", "docker.io/me/app"], 2),
        (["emulator", "serve", "--run", "docker.io/me/app=sh 'open"], 2),
    ] {
        let output = runctl(arguments);
        assert_eq!(output.code, code, "{output:?}");
        assert_eq!(output.stdout, "");
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = support::command(["--help"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A job whose one task is a program that has started another one, and says its number.
#[cfg(unix)]
fn running_task(server: &mut Server) -> String {
    let task = r#"{"spec":{"containers":[{"image":"docker.io/me/job"}]}}"#;
    let job = format!(
        r#"{{"metadata":{{"name":"batch"}},"spec":{{"template":{{"spec":{{"template":{task}}}}}}}}}"#
    );
    let jobs = "/apis/run.googleapis.com/v1/namespaces/demo-project/jobs";
    for (path, body) in [(jobs.to_owned(), job.as_str()), (format!("{jobs}/batch:run"), "{}")] {
        let answer = support::post(&server.url, &path, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let line = server.process.wait_for_line("started ");
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[cfg(unix)]
#[test]
fn programs_end_with_it_even_if_it_is_killed() {
    for signal in ["TERM", "KILL"] {
        let run = "docker.io/me/job=sh -c 'sleep 1000 & echo started $!; wait'";
        let mut server = Server::start(&["--delay", "1", "--run", run, "--secret", "token=hidden"]);
        let child = running_task(&mut server);
        assert!(support::is_there(&child));
        server.process.signal(signal);
        server.process.finish();
        support::wait_until_gone(&child);
    }
}
