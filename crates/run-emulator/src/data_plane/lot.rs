//! Chance.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Draws numbers, the same ones again for the same seed.
pub(super) struct Lot(Mutex<StdRng>);

impl Lot {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed.unwrap_or_else(rand::random))))
    }

    /// A number from 0 to below the limit, which must not be 0.
    pub(super) fn below(&self, limit: u32) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..limit)
    }
}
