//! The emulator that the clients talk to.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

use super::process::Group;

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(10);

/// A running `runctl emulator serve`; dropping it kills it.
pub(crate) struct Emulator {
    group: Group,
    url: String,
    /// Kept open: who writes to a pipe that nobody reads is killed.
    _stdout: BufReader<ChildStdout>,
}

impl Emulator {
    /// Starts it at a free port, and waits until it tells its address. What it says goes to the log.
    ///
    /// # Errors
    /// If it does not start, or says no address in time.
    pub(crate) async fn start(runctl: &Path, settings: &[&str], log: &Path) -> Result<Self> {
        let talk = File::create(log).with_context(|| log.display().to_string())?;
        let mut command = Command::new(runctl);
        command
            .args(["emulator", "serve", "--listen", "127.0.0.1:0"])
            .args(settings)
            .stdout(Stdio::piped())
            .stderr(talk);
        let mut group = Group::spawn(&mut command)?;
        let mut stdout = BufReader::new(group.take_stdout()?);
        let mut line = String::new();
        let read = timeout(START, stdout.read_line(&mut line)).await;
        let about = || format!("the emulator did not start; what it said is in {}", log.display());
        read.with_context(about)?.with_context(about)?;
        let url = url(&line).with_context(about)?;
        Ok(Self { group, url, _stdout: stdout })
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it as Ctrl-C does.
    ///
    /// # Errors
    /// If it had ended before, or does not end well.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.group.signal(Signal::INT);
        match timeout(STOP, self.group.wait()).await {
            Ok(status) => match status? {
                status if status.success() => Ok(()),
                status => bail!("the emulator ended with {status}"),
            },
            Err(_) => bail!("the emulator did not stop when it was interrupted"),
        }
    }
}

/// The base URL in the first line that the emulator prints.
fn url(line: &str) -> Result<String> {
    let line = line.trim();
    let address = line.strip_prefix("http://").and_then(|address| address.parse::<SocketAddr>().ok());
    match address {
        Some(address) => Ok(format!("http://{address}")),
        None => bail!("expected an address such as http://127.0.0.1:8787, found \"{line}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_first_line() {
        assert_eq!(url("http://127.0.0.1:41234\n").unwrap(), "http://127.0.0.1:41234");
        assert_eq!(url("http://[::1]:80\n").unwrap(), "http://[::1]:80");
        for line in ["", "127.0.0.1:80", "http://127.0.0.1", "http://127.0.0.1:80/path", "error: in use"] {
            assert!(url(line).is_err(), "{line}");
        }
    }
}
