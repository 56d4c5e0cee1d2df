//! Starting processes, and making sure that they end.

use std::collections::{BTreeMap, BTreeSet};
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

/// What to start. Besides its own variables a process has those of the emulator.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// Who writes its lines.
    pub(crate) source: String,
    program: String,
    args: Vec<String>,
    directory: Option<PathBuf>,
    pub(crate) env: BTreeMap<String, String>,
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
        Ok(Self { source, program, args, directory, env: variables(container, secrets)? })
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
    groups: BTreeSet<u32>,
    guardian: Option<Guardian>,
    /// Nothing is started any more.
    closed: bool,
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
    /// If there is no such program, it may not be run, or nothing may be started any more.
    pub(crate) fn launch(&self, launch: Launch) -> io::Result<Process> {
        if !group::SUPPORTED {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "commands run on Unix systems only"));
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
        listed.groups.insert(group);
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
        if self.lock().groups.contains(&group) {
            group::signal(group, end);
        }
    }

    /// Takes a process from the list, and what it has started with it.
    fn remove(&self, group: u32) {
        let mut listed = self.lock();
        if !listed.groups.remove(&group) {
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
        for group in &listed.groups {
            group::signal(*group, end);
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
    let status = tokio::select! {
        status = child.wait() => {
            drop(member);
            let _ = tokio::time::timeout(LAST_WORDS, &mut written).await;
            status
        }
        () = &mut written => {
            let status = child.wait().await;
            drop(member);
            status
        }
    };
    exit.send_replace(Some(status.map_or(KILLED, Exit::of)));
}

impl Exit {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), group::ended_by(status)) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => signal.map_or(KILLED, Self::Signal),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::process::{Pid, test_kill_process};
    use serde_json::json;

    const HANG: Duration = Duration::from_secs(20);
    const LONG: Duration = Duration::from_secs(10);

    type Lines = Arc<Mutex<Vec<String>>>;

    fn launcher() -> (Launcher, Lines) {
        let lines = Lines::default();
        let seen = lines.clone();
        let sink = Sink::new(move |line| {
            seen.lock().unwrap().push(format!("{} {:?} {}", line.source, line.stream, line.text));
        });
        (Launcher::new(sink), lines)
    }

    fn script(text: &str) -> Launch {
        let container = serde_json::from_value(json!({"env": [{"name": "GREETING", "value": "hi"}]}));
        let command = LocalCommand::new("sh").args(["-c", text]).directory("/");
        Launch::of("app".to_owned(), &container.unwrap(), &command, &Secrets::default()).unwrap()
    }

    async fn until(wanted: impl Fn() -> bool) {
        let wait = async {
            while !wanted() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(HANG, wait).await.expect("this should not take so long");
    }

    /// The process whose number was written as the first line.
    async fn written(lines: &Lines) -> Pid {
        until(|| !lines.lock().unwrap().is_empty()).await;
        let line = lines.lock().unwrap()[0].clone();
        Pid::from_raw(line.rsplit(' ').next().unwrap().parse().unwrap()).unwrap()
    }

    /// Waits until a process is gone, or nothing but an entry that its adopter has not collected yet.
    async fn gone(process: Pid) {
        let stat = format!("/proc/{}/stat", process.as_raw_nonzero());
        let dead = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z "));
        until(|| test_kill_process(process).is_err() || dead()).await;
    }

    #[tokio::test]
    async fn it_runs_says_something_and_ends() {
        let (launcher, lines) = launcher();
        for (text, exit) in [
            ("echo $GREETING ${PORT-none}; echo $0 >&2; pwd; exit 7", Exit::Code(7)),
            ("kill -USR1 $$", Exit::Signal(10)),
            ("exit 0", Exit::Code(0)),
        ] {
            assert_eq!(launcher.launch(script(text)).unwrap().exit().await, exit, "{text}");
        }
        let mut lines = lines.lock().unwrap().clone();
        lines.sort();
        assert_eq!(lines, ["app Stderr sh", "app Stdout /", "app Stdout hi none"]);
    }

    #[tokio::test]
    async fn a_program_that_there_is_not() {
        let (launcher, _) = launcher();
        let command = LocalCommand::new("/no/such/program");
        let launch = Launch::of("app".to_owned(), &Container::default(), &command, &Secrets::default());
        let error = launcher.launch(launch.unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn it_may_clean_up_and_is_forced_if_it_does_not() {
        let (launcher, lines) = launcher();
        let polite = "trap 'echo bye; exit 3' TERM; echo $$; while :; do sleep 0.01; done";
        let process = launcher.launch(script(polite)).unwrap();
        written(&lines).await;
        assert_eq!(process.stop(LONG).await, Exit::Code(3));
        assert_eq!(lines.lock().unwrap().pop().unwrap(), "app Stdout bye");

        lines.lock().unwrap().clear();
        let process = launcher.launch(script("trap '' TERM; echo $$; while :; do sleep 0.01; done")).unwrap();
        written(&lines).await;
        assert_eq!(process.stop(Duration::from_millis(30)).await, Exit::Signal(9));
    }

    /// A process, and one that it has started.
    const FAMILY: &str = "sleep 1000 & echo $!; wait";

    #[tokio::test]
    async fn what_it_has_started_ends_with_it() {
        for end in ["stop", "drop", "close", "launcher", "exit"] {
            let (launcher, lines) = launcher();
            let text = if end == "exit" { "sleep 1000 & echo $!" } else { FAMILY };
            let process = launcher.launch(script(text)).unwrap();
            let child = written(&lines).await;
            match end {
                "stop" => assert_eq!(process.stop(LONG).await, Exit::Signal(15)),
                "drop" => drop(process),
                "close" => launcher.close(),
                "launcher" => drop(launcher),
                _ => assert_eq!(process.exit().await, Exit::Code(0)),
            }
            gone(child).await;
        }
    }

    #[tokio::test]
    async fn all_are_asked_to_end_and_no_more_are_started() {
        let (launcher, lines) = launcher();
        let polite =
            launcher.launch(script("trap 'exit 3' TERM; echo $$; while :; do sleep 0.01; done")).unwrap();
        written(&lines).await;
        let stubborn =
            launcher.launch(script("trap '' TERM; echo $$; while :; do sleep 0.01; done")).unwrap();
        until(|| lines.lock().unwrap().len() == 2).await;
        launcher.stop(Duration::from_millis(50)).await;
        assert_eq!((polite.exit().await, stubborn.exit().await), (Exit::Code(3), Exit::Signal(9)));
        assert!(launcher.launch(script("true")).is_err());
    }

    #[tokio::test]
    async fn nothing_outlives_a_runtime() {
        let lines = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (launcher, lines) = launcher();
                let process = launcher.launch(script(FAMILY)).unwrap();
                written(&lines).await;
                // As if the emulator were never dropped.
                std::mem::forget((launcher, process));
                lines
            })
        });
        gone(written(&lines.join().unwrap()).await).await;
    }

    /// What the system does when the emulator is killed: it closes the guardian's pipe.
    #[tokio::test]
    async fn nothing_outlives_the_guardians_pipe() {
        let mut guardian = Guardian::start().unwrap();
        let mut children = Vec::new();
        for _ in 0..3 {
            let mut command = Command::new("sleep");
            group::separate(command.arg("1000").kill_on_drop(true));
            let child = command.spawn().unwrap();
            guardian.watch(child.id().unwrap()).unwrap();
            children.push(child);
        }
        guardian.forget(children[1].id().unwrap()).unwrap();
        drop(guardian);
        for at in [0, 2] {
            let status = tokio::time::timeout(HANG, children[at].wait()).await.unwrap().unwrap();
            assert_eq!(group::ended_by(status), Some(9));
        }
        assert!(children[1].try_wait().unwrap().is_none(), "it was told to forget this one");
    }
}
