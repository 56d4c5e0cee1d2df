//! The figures of the crates' shape, before it was given one and now.

use std::fmt;

use crate::circles::circles;
use crate::floors::Floors;
use crate::sources::{File, Sources};

/// Files of one kind each in the emulator's API, wherever they stand.
const KIND_FILES: [&str; 5] =
    ["services.rs", "jobs.rs", "worker_pools.rs", "instances.rs", "domain_mappings.rs"];

/// A figure of each crate, or of one.
struct Row {
    name: &'static str,
    before: [Option<usize>; 5],
    now: [Option<usize>; 5],
}

/// The table.
pub(crate) struct Figures {
    rows: Vec<Row>,
    /// How many loops of run-ops settle a write whose answer was lost.
    pub(crate) settling_loops: usize,
}

impl Figures {
    pub(crate) fn of(all: &[(&str, (Sources, Floors)); 4]) -> Self {
        let each = |count: &dyn Fn(&Sources, &Floors) -> usize| -> [Option<usize>; 5] {
            let counts = all.each_ref().map(|(_, (sources, floors))| count(sources, floors));
            let [api, ops, emulator, cli] = counts.map(Some);
            [api, ops, emulator, cli, Some(counts.iter().sum())]
        };
        let size = |count: &dyn Fn(&[usize]) -> usize| {
            let mut together = Vec::new();
            let each = all.each_ref().map(|(_, (sources, _))| {
                let mut lines: Vec<usize> = sources.by_hand().map(|file| file.lines).collect();
                lines.sort_unstable();
                together.extend(lines.iter().copied());
                Some(count(&lines))
            });
            together.sort_unstable();
            let [api, ops, emulator, cli] = each;
            [api, ops, emulator, cli, Some(count(&together))]
        };
        let [_, (_, (ops, _)), (_, (emulator, _)), _] = all;
        let of_ops = |count: usize| [None, Some(count), None, None, None];
        let of_emulator = |count: usize| [None, None, Some(count), None, None];
        let loops = ops.by_hand().map(|file| file.settling_loops).sum();
        let files =
            |sources: &Sources, is: &dyn Fn(&File) -> bool| sources.by_hand().filter(|file| is(file)).count();
        let rows = vec![
            ("files", BEFORE[0], size(&|lines| lines.len())),
            ("lines", BEFORE[1], size(&|lines| lines.iter().sum())),
            ("lines of the median file", BEFORE[2], size(&|lines| lines[lines.len() / 2])),
            (
                "files under 60 lines",
                BEFORE[3],
                size(&|lines| lines.iter().filter(|lines| **lines < 60).count()),
            ),
            (
                "files over 350 lines",
                BEFORE[4],
                size(&|lines| lines.iter().filter(|lines| **lines > 350).count()),
            ),
            ("circles of files", BEFORE[5], each(&|sources, _| circles(sources).len())),
            ("files in circles", BEFORE[6], each(&|sources, _| circles(sources).iter().map(Vec::len).sum())),
            (
                "imports that do not go down",
                BEFORE[7],
                each(&|sources, floors| floors.upward(sources).values().map(Vec::len).sum()),
            ),
            ("files that name worker pools", BEFORE[8], of_emulator(files(emulator, &names_worker_pools))),
            ("files that name Service", BEFORE[9], of_ops(files(ops, &names_service))),
            ("lines of the files per kind in api", BEFORE[10], of_emulator(kind_lines(emulator))),
            ("loops that settle a lost answer", BEFORE[11], of_ops(loops)),
        ];
        let rows = rows.into_iter().map(|(name, before, now)| Row { name, before, now }).collect();
        Self { rows, settling_loops: loops }
    }
}

/// Whether it names the kind in code, in any spelling.
fn names_worker_pools(file: &File) -> bool {
    file.identifiers.iter().any(|name| name.replace('_', "").to_lowercase().contains("workerpool"))
}

/// Whether it names run-api's model of a service.
fn names_service(file: &File) -> bool {
    file.foreign.iter().any(|path| path[0] == "run_api" && path.iter().any(|name| name == "Service"))
}

fn kind_lines(emulator: &Sources) -> usize {
    let in_api = |file: &&File| {
        file.path
            .strip_prefix("api/")
            .and_then(|rest| rest.rsplit('/').next())
            .is_some_and(|name| KIND_FILES.contains(&name))
    };
    emulator.by_hand().filter(in_api).map(|file| file.lines).sum()
}

/// The figures of commit 2351b4f; what does not go down as the first tables of floors had it.
const BEFORE: [[Option<usize>; 5]; 12] = [
    [Some(33), Some(66), Some(142), Some(43), Some(284)],
    [Some(4475), Some(11460), Some(17912), Some(4158), Some(38005)],
    [Some(121), Some(160), Some(100), Some(83), Some(107)],
    [Some(9), Some(6), Some(39), Some(12), Some(66)],
    [Some(1), Some(3), Some(3), Some(0), Some(7)],
    [Some(3), Some(3), Some(9), Some(2), Some(17)],
    [Some(8), Some(6), Some(72), Some(21), Some(107)],
    [Some(1), Some(69), Some(57), Some(19), Some(146)],
    [None, None, Some(14), None, None],
    [None, Some(29), None, None, None],
    [None, None, Some(806), None, None],
    [None, Some(4), None, None, None],
];

/// One line a figure, `before → now` for each crate.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<36}{:>15}{:>15}{:>15}{:>15}{:>15}",
            "", "run-api", "run-ops", "run-emulator", "run-cli", "together"
        )?;
        for row in &self.rows {
            write!(f, "{:<36}", row.name)?;
            for (before, now) in row.before.iter().zip(row.now) {
                let text = match (before, now) {
                    (_, None) => String::new(),
                    (None, Some(now)) => now.to_string(),
                    (Some(before), Some(now)) => format!("{before} → {now}"),
                };
                write!(f, "{text:>15}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
