//! Processes that start and end.

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
    assert_eq!(
        lines,
        [
            "app Note Container called exit(7).",
            "app Note Container terminated on signal 10.",
            "app Stderr sh",
            "app Stdout /",
            "app Stdout hi none",
        ]
    );
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
    assert!(lines.lock().unwrap().iter().any(|line| line == "app Stdout bye"));

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
    let stubborn = launcher.launch(script("trap '' TERM; echo $$; while :; do sleep 0.01; done")).unwrap();
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
