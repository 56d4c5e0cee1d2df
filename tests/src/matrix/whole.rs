//! The whole matrix, on as many threads as there are cores. Each run has a runtime with a clock of its own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::ground::{Ground, requests, strike};
use super::operations::{OPERATIONS, Operation};
use super::{Counts, Ending, FalseClaim, kinds};

/// One run of a matrix.
#[derive(Clone, Debug)]
pub struct Cell<O = Operation> {
    /// The operation.
    pub operation: O,
    /// The request that was struck.
    pub at: u32,
    /// The kind of the fault.
    pub kind: &'static str,
    /// How it ended.
    pub ending: Result<Ending, FalseClaim>,
}

/// A table of how many runs ended in which way, by operation and by kind.
#[must_use]
pub fn tables<O: fmt::Debug>(cells: &[Cell<O>]) -> [Counts; 2] {
    let mut tables = [Counts::default(), Counts::default()];
    for cell in cells {
        if let Ok(ending) = cell.ending {
            tables[0].add(format!("{:?}", cell.operation), ending);
            tables[1].add(cell.kind, ending);
        }
    }
    tables
}

/// Every operation, struck at every request by every kind of fault.
///
/// # Panics
/// If an operation does not succeed without faults.
#[must_use]
pub fn every_cell() -> Vec<Cell> {
    let rows = on_all_cores(OPERATIONS.into(), async |operation| {
        let count = requests(&Ground::start().await, operation).await;
        (0..count).map(|at| (operation, at)).collect::<Vec<_>>()
    });
    let cells = on_all_cores(rows.concat().into(), async |(operation, at)| {
        let ground = Ground::start().await;
        let mut cells = Vec::new();
        for (kind, struck) in kinds() {
            let ending = strike(&ground, operation, &[(at, kind, struck)]).await;
            cells.push(Cell { operation, at, kind, ending });
        }
        cells
    });
    let mut cells = cells.concat();
    cells.sort_by_key(|cell| (cell.operation, cell.at));
    cells
}

/// Does the jobs side by side, and returns their results in the order in which they are done.
///
/// # Panics
/// If one panics.
pub fn on_all_cores<J: Send, R: Send>(jobs: VecDeque<J>, work: impl AsyncFn(J) -> R + Sync) -> Vec<R> {
    let (jobs, results) = (Mutex::new(jobs), Mutex::new(Vec::new()));
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // Futures are large in a build without optimisation.
            let thread = std::thread::Builder::new().stack_size(16 << 20);
            let spawned = thread.spawn_scoped(scope, || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .start_paused(true)
                    .build()
                    .expect("a runtime");
                while let Some(job) = next() {
                    let result = runtime.block_on(work(job));
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
            spawned.expect("a thread");
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}
