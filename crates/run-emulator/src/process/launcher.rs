//! Starting processes, and making sure that they end.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use run_api::types::Container;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::group::{self, End};
use super::guardian::Guardian;
use super::log::{self, Sink, Stream};
use super::{LocalCommand, MissingSecret, Secrets, variables};

/// How long what a process has written is awaited when it is gone. (What it has started and cut loose may hold its
/// output open.)
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Variables of the runtime contract: a container has them from the emulator or not at all.
const CONTRACT: [&str; 4] = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
const CONTRACT_PREFIX: &str = "CLOUD_RUN_";

const NO_OTHER_PROGRAM: &str = "the container's `command` would run another program than that of `--run`, and other machines can \
                                reach this emulator; `--run-any-command` allows it";

/// What to start. Besides its own variables a process has those of the emulator.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// Who writes its lines.
    pub(crate) source: String,
    program: String,
    args: Vec<String>,
    directory: Option<PathBuf>,
    pub(crate) env: BTreeMap<String, String>,
    /// The container names another program than it may have.
    refused: bool,
}

impl Launch {
    /// What a container asks for, with a command in place of its image.
    pub(crate) fn of(
        source: String,
        container: &Container,
        command: &LocalCommand,
        secrets: &Secrets,
    ) -> Result<Self, MissingSecret> {
        let (program, args, directory) = command.of(container);
        let refused = command.is_replaced_by(container);
        Ok(Self { source, program, args, directory, env: variables(container, secrets)?, refused })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// Starts the processes of one emulator, and ends them all when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Launcher {
    sink: Sink,
    groups: Arc<Groups>,
}

/// The processes that are there. Each leads a group, whose number stays taken as long as it is listed here.
#[derive(Debug)]
struct Groups {
    listed: Mutex<Listed>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Listed {
    /// Each with whether it was asked to end: that is not done twice.
    groups: BTreeMap<u32, bool>,
    guardian: Option<Guardian>,
    /// Nothing is started any more.
    closed: bool,
}

impl Listed {
    fn signal(&mut self, group: u32, end: End) {
        let Some(asked) = self.groups.get_mut(&group) else { return };
        if !std::mem::replace(asked, true) || end == End::Force {
            group::signal(group, end);
        }
    }
}

impl Default for Groups {
    fn default() -> Self {
        Self { listed: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl Launcher {
    /// One that gives to `sink` what the processes write.
    pub(crate) fn new(sink: Sink) -> Self {
        Self { sink, groups: Arc::default() }
    }

    /// Starts a process on the current runtime.
    ///
    /// # Errors
    /// If there is no such program, it may not be run or stand in place of the image's, or nothing may be started any more.
    pub(crate) fn launch(&self, launch: Launch) -> io::Result<Process> {
        if !group::SUPPORTED {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "commands run on Unix systems only"));
        }
        if launch.refused {
            self.sink.line(&launch.source, Stream::Stderr, NO_OTHER_PROGRAM.as_bytes());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, NO_OTHER_PROGRAM));
        }
        let mut command = Command::new(&launch.program);
        command.args(&launch.args).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
            if CONTRACT.contains(&name.as_str()) || name.starts_with(CONTRACT_PREFIX) {
                command.env_remove(name);
            }
        }
        command.envs(&launch.env);
        if let Some(directory) = &launch.directory {
            command.current_dir(directory);
        }
        group::separate(&mut command);

        let (child, group) = self.groups.start(&mut command)?;
        let (sender, exit) = watch::channel(None);
        let member = Member { group, groups: self.groups.clone() };
        tokio::spawn(supervise(child, member, self.sink.clone(), launch.source, sender));
        Ok(Process { group, groups: self.groups.clone(), exit })
    }

    /// Asks all processes to end, and forces those that have not after a while. Starts nothing from now on.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.groups.close(End::Ask);
        let mut count = self.groups.count.subscribe();
        if tokio::time::timeout(grace, count.wait_for(|count| *count == 0)).await.is_err() {
            self.close();
            let _ = count.wait_for(|count| *count == 0).await;
        }
    }

    /// Ends all processes at once, and starts nothing from now on.
    pub(crate) fn close(&self) {
        self.groups.close(End::Force);
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.close();
    }
}

impl Groups {
    fn lock(&self) -> MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts and lists a process: nobody can close between the two.
    fn start(&self, command: &mut Command) -> io::Result<(Child, u32)> {
        let mut listed = self.lock();
        if listed.closed {
            return Err(io::Error::other("the emulator has ended"));
        }
        if listed.guardian.is_none() {
            listed.guardian = Some(Guardian::start()?);
        }
        let child = command.spawn()?;
        let group = child.id().ok_or_else(|| io::Error::other("the process has no number"))?;
        listed.groups.insert(group, false);
        self.count.send_replace(listed.groups.len());
        if let Some(guardian) = &mut listed.guardian
            && guardian.watch(group).is_err()
        {
            // Somebody has killed it. The next process gets a new one.
            listed.guardian = None;
        }
        Ok((child, group))
    }

    fn signal(&self, group: u32, end: End) {
        self.lock().signal(group, end);
    }

    /// Takes a process from the list, and what it has started with it.
    fn remove(&self, group: u32) {
        let mut listed = self.lock();
        if listed.groups.remove(&group).is_none() {
            return;
        }
        group::signal(group, End::Force);
        if let Some(guardian) = &mut listed.guardian
            && guardian.forget(group).is_err()
        {
            listed.guardian = None;
        }
        self.count.send_replace(listed.groups.len());
    }

    fn close(&self, end: End) {
        let mut listed = self.lock();
        listed.closed = true;
        for group in listed.groups.keys().copied().collect::<Vec<_>>() {
            listed.signal(group, end);
        }
    }
}

/// A process that was started. Dropping it ends it at once.
#[derive(Debug)]
pub(crate) struct Process {
    group: u32,
    groups: Arc<Groups>,
    exit: watch::Receiver<Option<Exit>>,
}

impl Process {
    /// The group that it leads.
    pub(crate) fn group(&self) -> u32 {
        self.group
    }

    /// How it ends, when it has.
    pub(crate) async fn exit(&self) -> Exit {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(KILLED),
            // The runtime is going down, and has taken it along.
            Err(_) => KILLED,
        }
    }

    /// Asks it to end, and forces it if it has not after a while. (Documented: SIGTERM, then SIGKILL.)
    pub(crate) async fn stop(&self, grace: Duration) -> Exit {
        self.groups.signal(self.group, End::Ask);
        if let Ok(exit) = tokio::time::timeout(grace, self.exit()).await {
            return exit;
        }
        self.kill().await
    }

    /// Ends it without asking.
    pub(crate) async fn kill(&self) -> Exit {
        self.groups.signal(self.group, End::Force);
        self.exit().await
    }

    /// Does as [`stop`](Self::stop) does, while the caller goes on.
    pub(crate) fn stop_meanwhile(self, grace: Duration) {
        // Without a runtime there is no time to give: it is dropped.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { self.stop(grace).await });
        }
    }
}

const KILLED: Exit = Exit::Signal(9);

impl Drop for Process {
    fn drop(&mut self) {
        self.groups.signal(self.group, End::Force);
    }
}

/// Lists a process for as long as it is supervised.
struct Member {
    group: u32,
    groups: Arc<Groups>,
}

impl Member {
    /// Whether somebody has asked for its end.
    fn was_asked(&self) -> bool {
        self.groups.lock().groups.get(&self.group).copied().unwrap_or(true)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.groups.remove(self.group);
    }
}

async fn supervise(
    mut child: Child,
    member: Member,
    sink: Sink,
    source: String,
    exit: watch::Sender<Option<Exit>>,
) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let written = async {
        let stdout = log::forward(&sink, &source, Stream::Stdout, stdout);
        let stderr = log::forward(&sink, &source, Stream::Stderr, stderr);
        tokio::join!(stdout, stderr);
    };
    let mut written = std::pin::pin!(written);
    let (status, asked) = tokio::select! {
        status = child.wait() => {
            let asked = member.was_asked();
            drop(member);
            let _ = tokio::time::timeout(LAST_WORDS, &mut written).await;
            (status, asked)
        }
        () = &mut written => {
            let status = child.wait().await;
            let asked = member.was_asked();
            drop(member);
            (status, asked)
        }
    };
    let ended = status.map_or(KILLED, Exit::of);
    // Cloud Run says it in its logs, too, and nowhere else. (Seen for codes; for signals as well, in older ones.)
    match ended {
        Exit::Code(0) => {}
        _ if asked => {}
        Exit::Code(code) => sink.note(&source, &format!("Container called exit({code}).")),
        Exit::Signal(signal) => sink.note(&source, &format!("Container terminated on signal {signal}.")),
    }
    exit.send_replace(Some(ended));
}

impl Exit {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), group::ended_by(status)) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => signal.map_or(KILLED, Self::Signal),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
