//! Processes that leave nothing behind.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A process with a process group of its own; dropping it kills the group, unless the process has ended.
pub(crate) struct Group {
    child: Child,
    name: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this status.
    Exited(ExitStatus),
    /// It was killed, having run for longer than it may.
    Overdue,
}

impl End {
    /// Whether it ended by itself, with the exit code 0.
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

impl Group {
    /// Starts a process with an empty stdin.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        Self::spawn_as_it_is(command.stdin(Stdio::null()))
    }

    /// Starts a process that is talked to: what it reads, and what it says.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(crate) fn spawn_talking(command: &mut Command) -> Result<(Self, ChildStdin, ChildStdout)> {
        let mut group = Self::spawn_as_it_is(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let stdin = group.child.stdin.take().context("its input is no pipe")?;
        let stdout = group.take_stdout()?;
        Ok((group, stdin, stdout))
    }

    fn spawn_as_it_is(command: &mut Command) -> Result<Self> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn();
        Ok(Self { child: child.with_context(|| format!("{name} cannot be started"))?, name })
    }

    /// The lines of its stdout, once, if that is a pipe.
    pub(crate) fn take_stdout(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().with_context(|| format!("the output of {} is not captured", self.name))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If the system does not tell.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().await.with_context(|| format!("{} cannot be waited for", self.name))
    }

    /// Sends a signal to the group, unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // It can only fail because there is nobody left to receive it.
            let _ = kill_process_group(id, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Runs a process to its end, for `limit` at most, and hands over the lines of its stdout as they come.
///
/// # Errors
/// If the program cannot be started, or its output not be read.
pub(crate) async fn run(command: &mut Command, limit: Duration, each: impl FnMut(&str)) -> Result<End> {
    let mut group = Group::spawn(command.stdout(Stdio::piped()))?;
    let stdout = group.take_stdout()?;
    let whole = async {
        lines(stdout, each).await?;
        group.wait().await
    };
    match timeout(limit, whole).await {
        Ok(status) => Ok(End::Exited(status?)),
        Err(_) => Ok(End::Overdue),
    }
}

async fn lines(stdout: impl AsyncRead + Unpin, mut each: impl FnMut(&str)) -> Result<()> {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        each(&line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn the_lines_and_the_end_of_a_process() {
        block_on(async {
            let mut said = Vec::new();
            let limit = Duration::from_secs(20);
            let end = run(&mut shell("echo one; echo two"), limit, |line| said.push(line.to_owned())).await;
            assert!(end.unwrap().is_success());
            assert_eq!(said, ["one", "two"]);

            let end = run(&mut shell("exit 3"), limit, |_| {}).await.unwrap();
            assert!(!end.is_success());
            assert!(matches!(end, End::Exited(status) if status.code() == Some(3)), "{end:?}");

            let end = run(&mut shell("sleep 60"), Duration::from_millis(5), |_| {}).await.unwrap();
            assert_eq!(end, End::Overdue);

            let error = run(&mut Command::new("no-such-program"), limit, |_| {}).await.unwrap_err();
            assert_eq!(error.to_string(), "no-such-program cannot be started");
        });
    }

    #[test]
    fn the_children_of_a_dropped_process_end_with_it() {
        block_on(async {
            let mut group = Group::spawn(shell("sleep 60 & echo; wait").stdout(Stdio::piped())).unwrap();
            let mut stdout = group.take_stdout().unwrap();
            stdout.read_exact(&mut [0]).await.unwrap();
            drop(group);
            // The pipe ends only when nobody can write to it any more.
            let rest = timeout(Duration::from_secs(20), stdout.read_to_end(&mut Vec::new())).await;
            assert_eq!(rest.unwrap().unwrap(), 0);
        });
    }
}
