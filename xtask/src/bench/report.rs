//! The figures, as the document has them.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::clients::{Task, version};
use super::measure::{Cost, median};

/// What was measured; its `Display` is Markdown.
pub(crate) struct Report {
    machine: String,
    programs: String,
    binary: u64,
    services: usize,
    bytes: usize,
    skipped: Vec<String>,
    rows: Vec<Row>,
}

/// One program at one task: the medians.
struct Row {
    client: &'static str,
    task: Task,
    rounds: usize,
    cpu: Duration,
    wall: Duration,
    memory: u64,
}

impl Report {
    pub(super) fn new(runctl: &Path, services: usize, bytes: usize) -> Result<Self> {
        let binary = std::fs::metadata(runctl)?.len();
        let (machine, programs) = (machine(), programs());
        Ok(Self { machine, programs, binary, services, bytes, skipped: Vec::new(), rows: Vec::new() })
    }

    pub(super) fn skip(&mut self, line: String) {
        self.skipped.push(line);
    }

    pub(super) fn add(&mut self, client: &'static str, task: Task, costs: Vec<Cost>) {
        let of = |value: fn(&Cost) -> Duration| median(costs.iter().map(value));
        if let (Some(cpu), Some(wall), Some(memory)) =
            (of(|cost| cost.cpu), of(|cost| cost.wall), median(costs.iter().map(|cost| cost.memory)))
        {
            self.rows.push(Row { client, task, rounds: costs.len(), cpu, wall, memory });
        }
    }

    /// How many times less CPU and memory runctl takes for a task than this row.
    fn against(&self, row: &Row) -> Option<(f64, f64)> {
        let ours = self.rows.iter().find(|other| other.client == "runctl" && other.task == row.task)?;
        let cpu = row.cpu.as_secs_f64() / ours.cpu.as_secs_f64();
        let memory = row.memory as f64 / ours.memory as f64;
        (row.client != "runctl").then_some((cpu, memory))
    }
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let model = read("/proc/cpuinfo");
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores of {model}, {}", std::env::consts::OS)
}

fn programs() -> String {
    let all =
        [version("gcloud", &["--version"]), version("go", &["version"]), version("python3", &["--version"])];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

const MIB: f64 = 1024.0 * 1024.0;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Machine: {}. Programs: {}.", self.machine, self.programs)?;
        let (services, megabytes) = (self.services, self.bytes as f64 / 1e6);
        let binary = self.binary as f64 / 1e6;
        writeln!(
            f,
            "{services} services are {megabytes:.2} MB on the wire; runctl is a file of {binary:.1} MB.\n"
        )?;
        writeln!(
            f,
            "| task | program | CPU | time | peak memory | CPU, runctl = 1 | memory, runctl = 1 | rounds |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for task in Task::ALL {
            for row in self.rows.iter().filter(|row| row.task == task) {
                let (cpu, memory) = match self.against(row) {
                    Some((cpu, memory)) => (format!("{cpu:.1}"), format!("{memory:.2}")),
                    None => (String::new(), String::new()),
                };
                writeln!(
                    f,
                    "| {} | {} | {:.4} s | {:.4} s | {:.1} MiB | {cpu} | {memory} | {} |",
                    task.name(),
                    row.client,
                    row.cpu.as_secs_f64(),
                    row.wall.as_secs_f64(),
                    row.memory as f64 / MIB,
                    row.rounds,
                )?;
            }
        }
        for line in &self.skipped {
            writeln!(f, "\nskipped: {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_medians_and_ratios() {
        let of = |cpu: u64, memory: u64| Cost {
            cpu: Duration::from_millis(cpu),
            wall: Duration::from_millis(2 * cpu),
            memory: memory << 20,
        };
        let mut report = Report {
            machine: "m".to_owned(),
            programs: "p".to_owned(),
            binary: 9_100_000,
            services: 5,
            bytes: 3_080_000,
            skipped: vec!["gcloud: it is not installed".to_owned()],
            rows: Vec::new(),
        };
        report.add("runctl", Task::ListWhole, vec![of(30, 8), of(10, 8), of(20, 9)]);
        report.add("Go program", Task::ListWhole, vec![of(50, 16)]);
        report.add("Python program", Task::ListWhole, Vec::new());
        insta::assert_snapshot!(report, @r"
        Machine: m. Programs: p.
        5 services are 3.08 MB on the wire; runctl is a file of 9.1 MB.

        | task | program | CPU | time | peak memory | CPU, runctl = 1 | memory, runctl = 1 | rounds |
        |---|---|---|---|---|---|---|---|
        | services list, whole objects | runctl | 0.0200 s | 0.0400 s | 8.0 MiB |  |  | 3 |
        | services list, whole objects | Go program | 0.0500 s | 0.1000 s | 16.0 MiB | 2.5 | 2.00 | 1 |

        skipped: gcloud: it is not installed
        ");
    }
}
