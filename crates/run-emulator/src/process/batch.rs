//! Processes that end together.

use std::time::Duration;

use futures::future::{join_all, select_all};

use super::{Exit, Process};

/// The processes of one instance or task. Dropping this asks them to end.
#[derive(Debug)]
pub(crate) struct Batch {
    running: Vec<Process>,
    grace: Duration,
}

impl Batch {
    /// Nothing yet; what is added has so long to end.
    pub(crate) fn new(grace: Duration) -> Self {
        Self { running: Vec::new(), grace }
    }

    pub(crate) fn push(&mut self, process: Process) {
        self.running.push(process);
    }

    /// The process that was added first.
    pub(crate) fn first(&self) -> Option<&Process> {
        self.running.first()
    }

    /// How the first of them ends, when it has; never if there are none.
    pub(crate) async fn any_exit(&self) -> Exit {
        if self.running.is_empty() {
            return std::future::pending().await;
        }
        select_all(self.running.iter().map(|process| Box::pin(process.exit()))).await.0
    }

    /// Asks all to end, and waits until they have.
    pub(crate) async fn stop(mut self) {
        let grace = self.grace;
        let ends = self.running.drain(..).map(|process| async move { process.stop(grace).await });
        join_all(ends.collect::<Vec<_>>()).await;
    }
}

impl Batch {
    /// Ends all without asking, and waits until they have.
    pub(crate) async fn kill(mut self) {
        let ends = self.running.drain(..).map(|process| async move { process.kill().await });
        join_all(ends.collect::<Vec<_>>()).await;
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for process in self.running.drain(..) {
            process.stop_meanwhile(self.grace);
        }
    }
}
