//! Who ends the processes if the emulator is killed and cannot.
//!
//! Linux could send a process a signal when its parent dies, but only a process can ask for that itself, between
//! fork and exec, which takes `unsafe`; and it would follow the parent's thread, not the process. So one shell
//! stands by for each emulator that runs processes. It is told which groups there are through a pipe, whose end is
//! the emulator's, however that comes.

use std::fs::File;
use std::io::{self, Write};
use std::process::Stdio;

use tokio::process::Command;

use super::group;

const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
while read -r sign group; do
    case $sign in
        +) groups="$groups$group " ;;
        -) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
"#;

/// A shell that kills the groups it knows of when this is dropped, or the emulator is gone.
#[derive(Debug)]
pub(super) struct Guardian {
    pipe: File,
}

impl Guardian {
    /// Starts it. It runs in a group of its own, so that a Ctrl-C meant for the emulator does not end it first.
    #[cfg(unix)]
    pub(super) fn start() -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).current_dir("/").env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        group::separate(&mut command);
        let mut child = command.spawn()?;
        let pipe = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { pipe: File::from(pipe.into_owned_fd()?) })
    }

    #[cfg(not(unix))]
    pub(super) fn start() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// It answers for this group from now on.
    pub(super) fn watch(&mut self, group: u32) -> io::Result<()> {
        self.tell(&format!("+ {group}\n"))
    }

    /// The group is gone.
    pub(super) fn forget(&mut self, group: u32) -> io::Result<()> {
        self.tell(&format!("- {group}\n"))
    }

    /// Less than a pipe takes at once, so that this neither waits nor is torn.
    fn tell(&mut self, line: &str) -> io::Result<()> {
        self.pipe.write_all(line.as_bytes())
    }
}
