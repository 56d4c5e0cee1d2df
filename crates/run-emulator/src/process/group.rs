//! Process groups: what a program starts ends with it.

use std::process::ExitStatus;

use tokio::process::Command;

/// How a group is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// SIGTERM: it may clean up.
    Ask,
    /// SIGKILL.
    Force,
}

/// Whether programs can be run in groups of their own on this system.
pub(super) const SUPPORTED: bool = cfg!(unix);

/// Gives a program a group of its own, whose number is that of its process.
#[cfg(unix)]
pub(super) fn separate(command: &mut Command) {
    command.process_group(0);
}

#[cfg(not(unix))]
pub(super) fn separate(_: &mut Command) {}

/// Sends a signal to all processes of a group. There is nobody to tell if it is empty.
#[cfg(unix)]
pub(super) fn signal(group: u32, end: End) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match end {
        End::Ask => Signal::TERM,
        End::Force => Signal::KILL,
    };
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
pub(super) fn signal(_: u32, _: End) {}

/// The signal that ended a process.
#[cfg(unix)]
pub(super) fn ended_by(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
pub(super) fn ended_by(_: ExitStatus) -> Option<i32> {
    None
}
