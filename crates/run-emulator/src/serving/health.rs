//! Whether a running instance is still well: its liveness and readiness probes.
//!
//! (Documented: both begin when the startup probes are content. An instance that is not alive is killed, what it was
//! answering is 503, and another one is started when it is needed; one that is not ready gets no requests, and is left
//! running. That it is ready until its probe says otherwise is inferred.)

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::{join_all, select_all};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::plan::{Part, Plan};
use super::probe::{Failed, Probe};
use super::programs::Programs;
use super::said::{Purpose, Subject};

/// Ends when a liveness probe has failed as often as it may, and says so in the log.
pub(super) async fn dies(plan: &Plan, programs: &Programs, port: u16) {
    let watched = plan.waves.iter().flatten().filter_map(|part| {
        let watch = Watch::of(part, part.liveness.as_ref()?, Purpose::Liveness, programs, port);
        Some(Box::pin(async move { watch.until_failed().await }))
    });
    let watched: Vec<_> = watched.collect();
    if watched.is_empty() {
        return pending().await;
    }
    select_all(watched).await;
}

/// Says whether the instance is ready, as often as that changes. It never ends.
pub(super) async fn follow_readiness(
    plan: &Plan,
    programs: &Programs,
    port: u16,
    ready: &watch::Sender<bool>,
) {
    let watched = plan.waves.iter().flatten().filter_map(|part| {
        Some(Watch::of(part, part.readiness.as_ref()?, Purpose::Readiness, programs, port))
    });
    let watched: Vec<_> = watched.map(|watch| (watch, AtomicBool::new(true))).collect();
    let all = || watched.iter().all(|(_, ready)| ready.load(Ordering::Relaxed));
    let followed = watched.iter().map(|(watch, own)| {
        watch.follow(move |is_ready| {
            own.store(is_ready, Ordering::Relaxed);
            ready.send_replace(all());
        })
    });
    join_all(followed.collect::<Vec<_>>()).await;
    pending().await
}

/// One probe of one container.
struct Watch<'a> {
    part: &'a Part,
    probe: &'a Probe,
    purpose: Purpose,
    programs: &'a Programs,
    port: u16,
}

impl<'a> Watch<'a> {
    fn of(part: &'a Part, probe: &'a Probe, purpose: Purpose, programs: &'a Programs, instance: u16) -> Self {
        Self { part, probe, purpose, programs, port: probe.port(part.port, instance) }
    }

    async fn until_failed(&self) {
        let mut begin = self.begin().await;
        let mut failures = 0;
        let mut said = false;
        loop {
            match self.probe.look(self.port).await {
                Ok(()) => {
                    failures = 0;
                    if !std::mem::replace(&mut said, true) {
                        self.note(&self.subject().succeeded(1));
                    }
                }
                Err(why) => {
                    failures += 1;
                    if failures >= self.probe.attempts {
                        return self.failed(failures, why);
                    }
                }
            }
            begin = self.next(begin).await;
        }
    }

    async fn follow(&self, changed: impl Fn(bool)) {
        let mut begin = self.begin().await;
        let mut failures = 0;
        let mut ready = None;
        loop {
            match self.probe.look(self.port).await {
                Ok(()) => {
                    failures = 0;
                    if ready.replace(true) != Some(true) {
                        self.note(&self.subject().succeeded(1));
                        changed(true);
                    }
                }
                Err(why) => {
                    failures += 1;
                    if failures >= self.probe.attempts && ready.replace(false) != Some(false) {
                        self.failed(failures, why);
                        changed(false);
                    }
                }
            }
            begin = self.next(begin).await;
        }
    }

    async fn begin(&self) -> Instant {
        sleep(self.probe.delay).await;
        Instant::now()
    }

    /// Waits for the next attempt.
    async fn next(&self, begun: Instant) -> Instant {
        let next = (begun + self.probe.period).max(Instant::now());
        sleep_until(next).await;
        next
    }

    fn subject(&self) -> Subject<'_> {
        let (part, probe) = (self.part, self.probe);
        let port = probe.configured(part.port);
        Subject { purpose: self.purpose, probe, container: part.name(), port }
    }

    fn failed(&self, failures: u32, why: Failed) {
        self.note(&self.subject().failed(failures, why));
    }

    fn note(&self, text: &str) {
        self.programs.settings.log.note(&self.part.source, text);
    }
}
