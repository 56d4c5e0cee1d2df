//! What is called: an emulator with many services, and a server that knows one answer only.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

pub(super) const PROJECT: &str = "my-project";
pub(super) const REGION: &str = "us-central1";
const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/my-project/services";

/// A running `runctl emulator serve`; dropping it kills it.
pub(super) struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    pub(super) fn start(runctl: &Path, log: &Path) -> Result<Self> {
        let talk = File::create(log).with_context(|| log.display().to_string())?;
        let mut command = Command::new(runctl);
        command.args(["emulator", "serve", "--listen", "127.0.0.1:0", "--delay", "0", "--region", REGION]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(talk).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.as_mut().context("its output is no pipe")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.trim().to_owned();
        if !url.starts_with("http://") {
            bail!("the emulator did not start; what it said is in {}", log.display());
        }
        Ok(Self { child, url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Creates services as people have them, and returns the whole list as it is on the wire.
    #[allow(clippy::disallowed_methods, reason = "no runtime is there to be blocked")]
    pub(super) fn fill(&self, count: usize) -> Result<Vec<u8>> {
        for number in 0..count {
            self.call("POST", SERVICES, &service(number).to_string())?;
        }
        // Until all are ready, the list still changes.
        loop {
            let body = self.call("GET", SERVICES, "")?;
            let list: Value = serde_json::from_slice(&body)?;
            let items = list["items"].as_array().context("there are no items")?;
            let is_ready = |item: &Value| {
                let conditions = item["status"]["conditions"].as_array();
                conditions.is_some_and(|all| all.iter().all(|condition| condition["status"] == "True"))
            };
            if items.len() == count && items.iter().all(is_ready) {
                return Ok(body);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {REGION}-run.googleapis.com\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end =
            answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without an end")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        if !head.starts_with("HTTP/1.1 200") {
            bail!("{method} {path}: {head}");
        }
        Ok(answer.split_off(end + 4))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn service(number: usize) -> Value {
    let variable = |name: usize| json!({"name": format!("SETTING_{name}"), "value": format!("value {name} of service {number}")});
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": format!("service-{number:04}"),
            "namespace": PROJECT,
            "labels": {"team": format!("team-{}", number % 7)},
        },
        "spec": {"template": {"spec": {"containers": [{
            "image": "us-docker.pkg.dev/cloudrun/container/hello",
            "env": (0..10).map(variable).collect::<Vec<_>>(),
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
        }]}}},
    })
}

/// A server that answers each request with the same list: it knows neither `fields` nor gzip.
pub(super) struct Plain {
    url: String,
}

impl Plain {
    pub(super) fn start(body: Vec<u8>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let body = Arc::new(body);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let body = body.clone();
                std::thread::spawn(move || answer(&stream, &body));
            }
        });
        Ok(Self { url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// Answers requests without bodies until the connection ends.
fn answer(stream: &TcpStream, body: &[u8]) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        loop {
            line.clear();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line == "\r\n" => break,
                Ok(_) => {}
            }
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body)).is_err() {
            return;
        }
    }
}
