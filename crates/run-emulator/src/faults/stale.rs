//! What objects were before the last write to them, for reads that are to be stale.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Response;
use run_api::methods::Operation;

use crate::error::ApiError;

/// Which read of which object: the operation, the project, the region, and the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) operation: Operation,
    pub(crate) project: u64,
    pub(crate) region: &'static str,
    pub(crate) name: String,
}

type Answer = Result<Response<Bytes>, ApiError>;

/// The answers that reads had before the last write, for the objects that were written last.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<VecDeque<(Read, Answer)>>);

const KEPT: usize = 100;

impl Snapshots {
    pub(crate) fn remember(&self, read: Read, answer: Answer) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| *known != read);
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back((read, answer));
    }

    pub(crate) fn recall(&self, read: &Read) -> Option<Answer> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(known, _)| known == read).map(|(_, answer)| answer.clone())
    }
}
