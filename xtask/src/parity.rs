//! `cargo xtask parity`: the same lines by gcloud and by runctl, each on an emulator of its own, and what both made of it.

mod compare;
mod known;
mod lines;
mod outcome;
mod side;
mod verdict;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde_json::Value;

use crate::program::emulator::Emulator;
use crate::program::{self, installed};
use crate::terminal;
use known::Table;
use lines::Line;
use outcome::Side;
use side::{Gcloud, Objects};
use verdict::Verdict;

/// What is compared, and how much of it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only so many lines, evenly from all
    #[arg(long, value_name = "LINES")]
    sample: Option<usize>,
    /// Only lines with this text in them, or below the state of this name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Name the lines that are the same, too
    #[arg(long)]
    verbose: bool,
    /// How many gclouds run at the same time; each sleeps most of its time
    #[arg(long, default_value_t = 4, value_name = "PROCESSES")]
    at_a_time: usize,
}

/// How the lines ended.
#[derive(Debug)]
pub(crate) enum Summary {
    /// gcloud or python3 is not installed.
    Skipped(&'static str),
    Compared {
        same: usize,
        known: usize,
        different: usize,
        time: Duration,
    },
}

impl Summary {
    pub(crate) fn is_success(&self) -> bool {
        !matches!(self, Self::Compared { different, .. } if *different > 0)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(program) => writeln!(f, "parity skipped: {program} is not installed"),
            Self::Compared { same, known, different, time } => writeln!(
                f,
                "{} lines in {:.0} s: {same} the same, {known} with known differences, {different} different",
                same + known + different,
                time.as_secs_f64()
            ),
        }
    }
}

/// Compares the lines, and prints what is not the same.
///
/// # Errors
/// If the lines cannot be read, a program not be started, or the run is interrupted.
pub(crate) fn run(arguments: &Arguments) -> Result<Summary> {
    if let Some(missing) = ["gcloud", "python3"].into_iter().find(|program| installed(program).is_none()) {
        return Ok(Summary::Skipped(missing));
    }
    program::until_interrupted(compare(arguments))
}

/// What all workers share.
struct Run {
    runctl: PathBuf,
    files: PathBuf,
    states: BTreeMap<String, Vec<Value>>,
    table: Table,
    /// gcloud's and runctl's.
    emulators: [Emulator; 2],
    http: reqwest::Client,
    queue: RefCell<VecDeque<(usize, Line)>>,
    counts: RefCell<[usize; 3]>,
    verbose: bool,
}

async fn compare(arguments: &Arguments) -> Result<Summary> {
    let root = crate::workspace::root();
    let home = root.join("tests/parity");
    let table = Table::read(&home.join("differences.json"), &root.join("docs/gcloud-differences.md"))?;
    let mut lines = lines::read(&home)?;
    let mut states = BTreeMap::new();
    for line in &lines {
        table.check(&line.differs).with_context(|| line.text.clone())?;
        if !states.contains_key(&line.state) {
            states.insert(line.state.clone(), state(&home, &line.state)?);
        }
    }
    if let Some(only) = &arguments.only {
        lines.retain(|line| line.text.contains(only) || line.state == *only);
    }
    if let Some(size) = arguments.sample {
        lines = lines::sample(lines, size);
    }
    let runctl = program::build(&root, &[]).await?;
    let scratch = root.join("target/parity");
    fs::create_dir_all(&scratch).with_context(|| scratch.display().to_string())?;
    let start = async |name: &str| {
        Emulator::start(&runctl, &["--delay", "0"], &scratch.join(format!("emulator-{name}.log"))).await
    };
    let emulators = [start("gcloud").await?, start("runctl").await?];
    // An error means that another part of the process has installed one, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    let run = Run {
        runctl: runctl.clone(),
        files: home.join("files"),
        states,
        table,
        emulators,
        http,
        queue: RefCell::new(lines.into_iter().enumerate().collect()),
        counts: RefCell::default(),
        verbose: arguments.verbose,
    };
    let since = Instant::now();
    let scripts = root.join("tests/clients");
    let workers = (0..arguments.at_a_time.max(1))
        .map(|number| run.work(&scripts, scratch.join(format!("configuration-{number}"))));
    try_join_all(workers).await?;
    let [same, known, different] = *run.counts.borrow();
    for emulator in run.emulators {
        emulator.stop().await?;
    }
    Ok(Summary::Compared { same, known, different, time: since.elapsed() })
}

/// The objects of a state, which are written in this order.
fn state(home: &Path, name: &str) -> Result<Vec<Value>> {
    let file = home.join("states").join(format!("{name}.json"));
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

impl Run {
    /// Takes lines from the queue until there are no more.
    async fn work(&self, scripts: &Path, configuration: PathBuf) -> Result<()> {
        let mut gcloud = Gcloud::start(scripts, &self.files, &configuration, self.emulators[0].url())?;
        loop {
            let Some((number, line)) = self.queue.borrow_mut().pop_front() else { return Ok(()) };
            let verdict = self.line(&mut gcloud, number, &line).await.with_context(|| line.text.clone())?;
            self.tell(&line, &verdict)?;
        }
    }

    async fn line(&self, gcloud: &mut Gcloud, number: usize, line: &Line) -> Result<Verdict> {
        let project = format!("line-{number}");
        let state = &self.states[&line.state];
        let theirs = async {
            let objects = Objects::of(&self.http, self.emulators[0].url());
            objects.write(state, &project).await?;
            let mut commands = Vec::new();
            for words in &line.commands {
                commands.push(gcloud.run(words, &project).await?);
            }
            Ok::<_, anyhow::Error>(Side { commands, objects: objects.at_rest(&project).await? })
        };
        let ours = async {
            let url = self.emulators[1].url();
            let objects = Objects::of(&self.http, url);
            objects.write(state, &project).await?;
            let mut commands = Vec::new();
            for words in &line.commands {
                commands.push(side::runctl(&self.runctl, &self.files, words, &project, url).await?);
            }
            Ok(Side { commands, objects: objects.at_rest(&project).await? })
        };
        let (theirs, ours) = tokio::try_join!(theirs, ours)?;
        Ok(verdict::judge(line, &theirs, &ours, &self.table))
    }

    fn tell(&self, line: &Line, verdict: &Verdict) -> Result<()> {
        let Line { text, state, .. } = line;
        let (place, said) = match verdict {
            Verdict::Same => (0, self.verbose.then(|| format!("same       [{state}] {text}\n"))),
            Verdict::Known(names) => {
                (1, self.verbose.then(|| format!("known      [{state}] {text}: {}\n", names.join(", "))))
            }
            Verdict::Different { found, absent } => {
                let mut said = format!("different  [{state}] {text}\n");
                found.iter().for_each(|each| said.push_str(&format!("    {each}\n")));
                absent.iter().for_each(|name| said.push_str(&format!("    {name}: does not show here\n")));
                (2, Some(said))
            }
        };
        self.counts.borrow_mut()[place] += 1;
        match said {
            Some(said) => Ok(terminal::print(&said)?),
            None => Ok(()),
        }
    }
}
