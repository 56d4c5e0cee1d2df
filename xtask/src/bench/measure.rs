//! What a process cost, as the system counts it.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

/// What one process took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// CPU time, in itself and in the system for it.
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    /// The most memory that was resident, in bytes.
    ///
    /// Linux counts what the process was before it became this program as well, so it is never less than the memory of
    /// the process that started it.
    pub(super) memory: u64,
}

/// Runs a process to its end, from a small process in between: what this one has in memory would count otherwise.
///
/// # Errors
/// If it does not start or fails.
pub(super) fn cost(command: &Command) -> Result<Cost> {
    let mut between = Command::new(std::env::current_exe()?);
    between.args(["bench", "--measure"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => between.env(name, value),
            None => between.env_remove(name),
        };
    }
    let output = between.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let mut numbers = said.split_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next().context("a figure is missing")?.context("a figure is no number");
    let (cpu, wall) = (Duration::from_micros(next()?), Duration::from_micros(next()?));
    Ok(Cost { cpu, wall, memory: next()? })
}

/// The process in between: runs the program, and says what it took, in microseconds and bytes.
///
/// # Errors
/// If it does not start or fails.
pub(super) fn figures(words: &[OsString]) -> Result<String> {
    let (program, arguments) = words.split_first().context("no program is named")?;
    let mut command = Command::new(program);
    command.args(arguments);
    let Cost { cpu, wall, memory } = measured(&mut command)?;
    Ok(format!("{} {} {memory}\n", cpu.as_micros(), wall.as_micros()))
}

fn measured(command: &mut Command) -> Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
    let stderr = child.stderr.take();
    // What it says is little and fits into the pipe.
    let used = child.wait4().with_context(|| format!("{name} cannot be waited for"))?;
    let wall = start.elapsed();
    if !used.status.success() {
        let said = stderr.and_then(|stderr| std::io::read_to_string(stderr).ok());
        bail!("{name} ended with {}: {}", used.status, said.unwrap_or_default().trim());
    }
    Ok(Cost { cpu: used.rusage.utime + used.rusage.stime, wall, memory: used.rusage.maxrss })
}

/// The one in the middle.
pub(super) fn median<T: Copy + Ord>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_costs_something_and_a_failure_is_told() {
        let spent =
            measured(Command::new("sh").args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]))
                .unwrap();
        assert!(spent.cpu > Duration::from_millis(1) && spent.wall >= spent.cpu / 4, "{spent:?}");
        assert!(spent.memory > 100_000, "{spent:?}");
        let failed =
            measured(Command::new("sh").args(["-c", "echo because >&2; exit 3"])).unwrap_err().to_string();
        assert!(failed.contains("because") && failed.contains('3'), "{failed}");
        assert!(measured(&mut Command::new("no-such-program")).is_err());
        assert_eq!(median([3, 1, 2]), Some(2));
        assert_eq!(median::<u8>([]), None);
    }
}
