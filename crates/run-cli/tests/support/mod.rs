//! Running the binary.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part of this module")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code outside of a test function")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// What a finished process said.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<std::process::Output> for Output {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The binary with these arguments and no settings from outside.
pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runctl"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the binary to its end.
pub fn runctl<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    command(arguments).output().unwrap().into()
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A file of credentials that load, and that no server accepts.
pub fn fake_credentials() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("credentials.json");
    let content = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"t"}"#;
    std::fs::write(&path, content).unwrap();
    path
}

/// The lines of a stream, as they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// A process whose stderr is read along; it is killed if the test ends before it.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: String,
}

impl Running {
    pub fn new(mut child: Child) -> Self {
        let lines = lines_of(child.stderr.take().unwrap());
        Self { child, lines, seen: String::new() }
    }

    /// Reads stdout up to the line with this text; it cannot be read again.
    pub fn read_stdout_until(&mut self, text: &str) -> String {
        let lines = lines_of(self.child.stdout.take().unwrap());
        let mut seen = String::new();
        while !seen.contains(text) {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => seen.push_str(&format!("{line}\n")),
                Err(_) => panic!("no `{text}` in: {seen}"),
            }
        }
        seen
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// The line of stderr with this text.
    pub fn wait_for_line(&mut self, text: &str) -> String {
        self.wait_for_stderr(text);
        self.seen.lines().find(|line| line.contains(text)).unwrap().to_owned()
    }

    pub fn wait_for_stderr(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push_str(&format!("{line}\n")),
                Err(_) => panic!("no `{text}` in: {}", self.seen),
            }
        }
    }

    pub fn finish(mut self) -> Output {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end: {}", self.seen);
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            self.seen.push_str(&format!("{line}\n"));
        }
        Output { code: status.code().unwrap_or(-1), stdout, stderr: std::mem::take(&mut self.seen) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process is there, and more than an entry that its adopter has not collected yet.
#[cfg(unix)]
pub fn is_there(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let signalled = Command::new("kill").args(["-s", "0", process]).output().unwrap();
    signalled.status.success() && !stat.contains(") Z ")
}

#[cfg(unix)]
pub fn wait_until_gone(process: &str) {
    let start = Instant::now();
    while is_there(process) {
        assert!(start.elapsed() < PATIENCE, "{process} is still there");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// `runctl emulator serve` on a free port.
pub struct Server {
    pub url: String,
    pub process: Running,
}

impl Server {
    pub fn start(more: &[&str]) -> Self {
        let arguments = ["emulator", "serve", "--listen", "127.0.0.1:0"];
        let mut child = command(arguments.iter().chain(more)).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { url: url.trim().to_owned(), process: Running::new(child) }
    }

    /// Whether the API says that the service is there.
    pub fn has_service(&self, name: &str) -> bool {
        let path = format!("/apis/serving.knative.dev/v1/namespaces/demo-project/services/{name}");
        match get(&self.url, &path).split_whitespace().nth(1) {
            Some("200") => true,
            Some("404") => false,
            other => panic!("{other:?}"),
        }
    }

    pub fn wait_for_service(&self, name: &str) {
        let start = Instant::now();
        while !self.has_service(name) {
            assert!(start.elapsed() < PATIENCE, "{name} never came");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// One GET over a plain socket: the whole answer.
pub fn get(url: &str, path: &str) -> String {
    get_host(url, url.strip_prefix("http://").unwrap(), path)
}

/// One POST of JSON over a plain socket: the whole answer.
pub fn post(url: &str, path: &str, body: &str) -> String {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = "content-type: application/json\r\nconnection: close";
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {host}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Snapshots without what differs from run to run, for any command.
pub fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\(\d+ ms\)", "([TIME])");
    settings.add_filter(r"localhost:\d+", "localhost:[PORT]");
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[TIMESTAMP]            ");
    settings.add_filter(r"(?m)^      [A-Z]\w+ (True|False|Unknown).*\n", "");
    settings
}

/// One GET for a host, sent to where the URL leads.
pub fn get_host(url: &str, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A server that answers every request with the same bytes, as long as the test runs.
pub fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}
