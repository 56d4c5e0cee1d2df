//! Runs with one to three faults at once, all drawn from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::ground::{Ground, requests, strike};
use super::operations::{OPERATIONS, Operation};
use super::whole::on_all_cores;
use super::{Ending, FalseClaim, Strike, kinds};

/// How many requests each operation sends without faults.
#[derive(Clone, Debug)]
pub struct Lengths(BTreeMap<Operation, u32>);

impl Lengths {
    /// Counted on this ground.
    pub async fn count(ground: &Ground) -> Self {
        let mut lengths = BTreeMap::new();
        for operation in OPERATIONS {
            lengths.insert(operation, requests(ground, operation).await);
        }
        Self(lengths)
    }
}

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The seed.
    pub seed: u64,
    /// What is done.
    pub operation: Operation,
    /// What strikes it, and at which requests.
    pub strikes: Vec<(u32, &'static str, Strike)>,
}

impl Drawn {
    /// An operation and one to three faults. They may strike what other faults have caused, since those make requests
    /// more.
    #[must_use]
    pub fn from_seed(seed: u64, lengths: &Lengths) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let operation = OPERATIONS[random.random_range(0..OPERATIONS.len())];
        let length = lengths.0.get(&operation).copied().unwrap_or(1);
        let kinds = kinds();
        let mut strikes = BTreeMap::new();
        for more in 0..random.random_range(1..=3) {
            let (name, strike) = kinds[random.random_range(0..kinds.len())].clone();
            strikes.insert(random.random_range(0..length + 2 * more), (name, strike));
        }
        let strikes = strikes.into_iter().map(|(at, (name, strike))| (at, name, strike)).collect();
        Self { seed, operation, strikes }
    }

    /// Carries it out.
    ///
    /// # Errors
    /// As [`strike`]; the message has the seed.
    pub async fn run(&self, ground: &Ground) -> Result<Ending, FalseClaim> {
        let ending = strike(ground, self.operation, &self.strikes).await;
        ending.map_err(|FalseClaim(what)| FalseClaim(format!("seed {}: {what}", self.seed)))
    }
}

/// Carries out the runs of these seeds, on all cores.
///
/// # Panics
/// If an operation does not succeed without faults.
#[must_use]
pub fn every_seed(seeds: Range<u64>) -> Vec<(Drawn, Result<Ending, FalseClaim>)> {
    const TOGETHER: usize = 50;
    let counted = on_all_cores([()].into(), async |()| Lengths::count(&Ground::start().await).await);
    let lengths = &counted[0];
    let seeds: Vec<u64> = seeds.collect();
    let shares = seeds.chunks(TOGETHER).map(<[u64]>::to_vec).collect();
    let runs = on_all_cores(shares, async |share| {
        // Thousands of services in one emulator would make its lists slow.
        let ground = Ground::start().await;
        let mut runs = Vec::with_capacity(TOGETHER);
        for seed in share {
            let drawn = Drawn::from_seed(seed, lengths);
            let ending = drawn.run(&ground).await;
            runs.push((drawn, ending));
        }
        runs
    });
    runs.into_iter().flatten().collect()
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {:?}", self.seed, self.operation)?;
        for (at, name, _) in &self.strikes {
            write!(f, ", {name} at request {at}")?;
        }
        Ok(())
    }
}
