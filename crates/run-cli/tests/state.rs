//! `runctl emulator serve --state` on a disk that does not want as the emulator does.

#![cfg(all(feature = "emulator", target_os = "linux"))]

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use support::{Running, Server, get, post, runctl};

const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/demo-project/services";

fn create(server: &Server, name: &str) -> String {
    let body = format!(
        r#"{{"metadata":{{"name":"{name}"}},"spec":{{"template":{{"spec":{{"containers":[{{"image":"a/b"}}]}}}}}}}}"#
    );
    post(&server.url, SERVICES, &body)
}

/// A limit of how large its files may become stands for a full disk, since every user may set it; the shell sees to it
/// that the process is not killed for it. (That of a really full disk is told in the same way: `store/file.rs`.)
#[test]
fn a_full_disk_is_told_and_used_again_when_there_is_room() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/full-disk");
    let _ = std::fs::remove_file(file);
    let script = "trap '' XFSZ; exec \"$0\" emulator serve --listen 127.0.0.1:0 --delay 0 --state \"$1\"";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_runctl"), file]).env_clear();
    let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let server = Server { url: url.trim().to_owned(), process: Running::new(child) };
    let limit = |bytes| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    };

    assert!(create(&server, "before").starts_with("HTTP/1.1 200"));
    limit(Some(0));
    let path = format!("{SERVICES}/before");
    for answer in [create(&server, "after"), create(&server, "after"), get(&server.url, &path)] {
        assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("File too large"), "{answer}");
    }
    limit(None);
    // What a 500 answered may have been applied; it was, as soon as there was room.
    assert!(server.has_service("before") && server.has_service("after"));
    assert!(create(&server, "later").starts_with("HTTP/1.1 200"));

    server.process.signal("KILL");
    assert_ne!(server.process.finish().code, 0);
    let again = Server::start(&["--state", file]);
    assert!(["before", "after", "later"].into_iter().all(|name| again.has_service(name)));
}

/// A directory that another user may go into.
fn directory() -> PathBuf {
    let directory = std::env::temp_dir().join(format!("runctl-read-only-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    mode(&directory, 0o755);
    directory
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a file of ours");
}

#[test]
fn a_state_file_that_is_read_only_is_told() {
    let directory = directory();
    let file = directory.join("state");
    drop(Server::start(&["--state", file.to_str().unwrap()]));
    let saved = std::fs::read(&file).unwrap();
    mode(&file, 0o444);
    let arguments = ["emulator", "serve", "--listen", "127.0.0.1:0", "--state", file.to_str().unwrap()];
    // For root no file is read-only, so it is somebody else who tries then, with a program that he can reach.
    let output = if rustix::process::geteuid().is_root() {
        let program = directory.join("runctl");
        std::fs::copy(env!("CARGO_BIN_EXE_runctl"), &program).unwrap();
        let output = Command::new(&program).args(arguments).uid(65534).env_clear().current_dir("/").output();
        let output = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    } else {
        let output = runctl(arguments);
        (output.code, output.stdout, output.stderr)
    };
    let unchanged = std::fs::read(&file).unwrap() == saved;
    std::fs::remove_dir_all(&directory).unwrap();
    let (code, stdout, stderr) = output;
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.starts_with("error: cannot use the state in "), "{stderr}");
    assert!(
        stderr.contains("Permission denied") && stderr.contains("hint: name another file with --state"),
        "{stderr}"
    );
    assert!(unchanged);
}
