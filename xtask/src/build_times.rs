//! `cargo xtask build-times`: what run-api costs those who depend on it, beside a crate of Google's.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

/// What is measured, and against what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The crate of Google's that run-api is compared with, and its version
    #[arg(long, value_name = "NAME@VERSION", default_value = "google-cloud-run-v2@1.15.0")]
    against: String,
}

/// The times of one crate.
struct Times {
    name: String,
    /// All that a build compiles.
    crates: usize,
    /// From nothing, and the crate alone when the others are there.
    clean: Cost,
    alone: Cost,
}

#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    /// Of all processes together; absent where the system does not tell.
    cpu: Option<Duration>,
}

/// What was measured: run-api, and the other.
pub(crate) struct Summary(Times, Times);

/// Builds both in debug, each from nothing and then by itself.
///
/// # Errors
/// If a crate cannot be fetched or built.
pub(crate) fn run(arguments: &Arguments) -> Result<Summary> {
    let root = workspace::root();
    let (other, version) = arguments.against.split_once('@').context("`--against` is NAME@VERSION")?;
    let ours = format!("run-api = {{ path = {:?} }}", root.join("crates/run-api"));
    let theirs = format!("{other} = \"={version}\"");
    let scratch = root.join("target/build-times");
    let ours = Project::new(&scratch, "run-api", &ours)?;
    let theirs = Project::new(&scratch, other, &theirs)?;
    Ok(Summary(ours.measure()?, theirs.measure()?))
}

/// A crate that has nothing but one dependency.
struct Project {
    dependency: String,
    directory: PathBuf,
}

impl Project {
    fn new(scratch: &Path, dependency: &str, line: &str) -> Result<Self> {
        let directory = scratch.join(dependency);
        let _ = fs::remove_dir_all(directory.join("target"));
        fs::create_dir_all(directory.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"uses-{dependency}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{line}\n\n[workspace]\n"
        );
        fs::write(directory.join("Cargo.toml"), manifest)?;
        fs::write(directory.join("src/lib.rs"), "")?;
        let project = Self { dependency: dependency.to_owned(), directory };
        project.cargo(&["fetch", "--quiet"])?;
        Ok(project)
    }

    fn measure(&self) -> Result<Times> {
        let (clean, built) = timed(|| self.cargo(&["build"]))?;
        let crates = built.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
        self.cargo(&["clean", "--quiet", "--package", &self.dependency])?;
        let (alone, built) = timed(|| self.cargo(&["build"]))?;
        let again = built.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
        ensure!(again <= 2, "`{}` alone was {again} crates:\n{built}", self.dependency);
        // The empty crate that depends on it is none of its.
        Ok(Times { name: self.dependency.clone(), crates: crates.saturating_sub(1), clean, alone })
    }

    /// Runs cargo, and gives what it said.
    fn cargo(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", self.directory.join("target"))
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null());
        let output = command.output().with_context(|| format!("{command:?}"))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("{command:?} ended with {}:\n{text}", output.status);
        }
        Ok(text)
    }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Cost, T)> {
    let (start, before) = (Instant::now(), children());
    let result = work()?;
    let cpu = children().zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok((Cost { wall: start.elapsed(), cpu }, result))
}

/// The processor time of all children that have ended, theirs included: hundredths of seconds in `/proc`.
fn children() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may have spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(13..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ours, theirs) = self;
        writeln!(
            f,
            "{:24} {:>7} {:>12} {:>12} {:>12} {:>12}",
            "debug", "crates", "all, s", "CPU, s", "alone, s", "CPU, s"
        )?;
        for Times { name, crates, clean, alone } in [ours, theirs] {
            write!(f, "{name:24} {crates:>7}")?;
            for Cost { wall, cpu } in [clean, alone] {
                write!(f, " {:>12.1} {:>12}", wall.as_secs_f64(), seconds(*cpu))?;
            }
            writeln!(f)?;
        }
        write!(f, "{:24} {:>7.2}", "ratio", ours.crates as f64 / theirs.crates.max(1) as f64)?;
        for (own, other) in [(ours.clean, theirs.clean), (ours.alone, theirs.alone)] {
            let cpu =
                own.cpu.zip(other.cpu).map(|(own, other)| format!("{:.2}", own.div_duration_f64(other)));
            write!(f, " {:>12.2} {:>12}", own.wall.div_duration_f64(other.wall), cpu.unwrap_or_default())?;
        }
        writeln!(f)
    }
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:.1}", time.as_secs_f64()))
}
