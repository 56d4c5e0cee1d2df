//! The loop: look, judge, pause.

use std::collections::BTreeMap;

use run_api::types::Condition;
use tokio::time::Instant;

use super::{End, Goal, Verdict, Watchable, Watched};
use crate::call::Attempts;
use crate::{Deadline, Event, Ops, Result};

/// At how many looks in a row an object must be gone: reads may be older than the write that made it.
const GONE: u32 = 4;

impl<C: Send + Sync> Ops<C> {
    /// Waits until a goal is met, and returns the object that met it; none if its absence did.
    ///
    /// The first look is at once. Looks that fail with a passing fault are tolerated as the
    /// [`look_policy`](Ops::look_policy) says, `Retry-After` is honoured, and after faults the looks come more
    /// slowly. That the object is gone is believed at the fourth look in a row that says so.
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`Failed`](crate::ErrorKind::Failed) with the server's reason if the goal can not be met any more,
    /// [`Deadline`](crate::ErrorKind::Deadline) with the last state seen,
    /// [`Superseded`](crate::ErrorKind::Superseded), [`Gone`](crate::ErrorKind::Gone), or the error of a look.
    ///
    /// # Caveats
    /// A goal that judges a status without asking for its generation can be met by an old one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// # let hello = client.service("hello")?;
    /// # let ops = run_ops::Ops::new(client);
    /// # let object = run_ops::new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// # let written = ops.create_service(&hello, object).await?;
    /// use std::time::Duration;
    /// use run_ops::wait::{self, Goal, not};
    /// use run_ops::Deadline;
    ///
    /// let started = wait::ready(written.uid(), written.generation());
    /// let goal = started.and(not(wait::condition("RoutesReady", "Unknown")));
    /// let seen = ops.wait(&ops.watch(&hello), &goal, Deadline::after(Duration::from_secs(60))).await?;
    /// assert!(seen.is_some());
    /// # Ok(()) }
    /// ```
    pub async fn wait<W: Watched, G: Goal<W::Object>>(
        &self,
        watched: &W,
        goal: &G,
        deadline: Deadline,
    ) -> Result<Option<W::Object>> {
        self.wait_from(watched, None, goal, deadline).await.into_result(watched.resource(), deadline)
    }

    /// A wait that may begin with an object that was read already.
    pub(crate) async fn wait_from<W: Watched, G: Goal<W::Object>>(
        &self,
        watched: &W,
        first: Option<W::Object>,
        goal: &G,
        deadline: Deadline,
    ) -> End<W::Object> {
        let start = Instant::now();
        let (mut seen, mut faults, mut gone) = (BTreeMap::new(), Attempts::new(), 0);
        let (mut state, mut fault) = ("nothing yet".to_owned(), None);
        let mut first = first.map(Ok);
        loop {
            let mut asked = None;
            let look = match first.take() {
                Some(object) => Some(Ok(object)),
                None => self.look(watched, deadline).await,
            };
            match look {
                None => {}
                Some(Err(error)) => {
                    let Some(pause) = self.pause_after(&*self.policies.looks, &mut faults, &error) else {
                        return End::Failed(error);
                    };
                    self.tell(&Event::LookFailed { error: error.to_string() });
                    (asked, fault) = (Some(pause), Some(error));
                }
                Some(Ok(object)) => {
                    (faults, fault) = (Attempts::new(), None);
                    if let Ok(object) = &object {
                        self.tell_changes(&mut seen, object);
                    }
                    let verdict = goal.judge(object.as_ref().ok());
                    gone = if matches!(verdict, Verdict::Gone { .. }) { gone + 1 } else { 0 };
                    match verdict {
                        Verdict::Met => return End::Met(object.ok()),
                        Verdict::NotYet => {}
                        Verdict::Gone { .. } if gone < GONE => {}
                        end => return End::Unmet(end, object),
                    }
                    state = match &object {
                        Ok(object) => goal.state(object).unwrap_or_else(|| object.state()),
                        Err(_) => "it is not there".to_owned(),
                    };
                }
            }
            if !self.pause(start, deadline, asked).await {
                return End::Deadline { unmet: goal.unmet(), state, fault };
            }
        }
    }

    /// One look: what is there or that nothing is, a fault, or nothing if the deadline came first.
    async fn look<W: Watched>(
        &self,
        watched: &W,
        deadline: Deadline,
    ) -> Option<Result<Result<W::Object, Option<run_api::Error>>, run_api::Error>> {
        let answer = self.once("look", None, watched.look());
        match tokio::time::timeout(deadline.remaining(), answer).await {
            Err(_) => None,
            Ok(Err(error)) if error.is_not_found() => Some(Ok(Err(Some(error)))),
            Ok(look) => Some(look.map(|seen| seen.ok_or(None))),
        }
    }

    /// Tells the conditions that are not as they were. What a status says of an earlier generation is no news.
    fn tell_changes<T: Watchable>(&self, seen: &mut BTreeMap<String, Condition>, object: &T) {
        for condition in object.fresh_conditions() {
            let Some(kind) = condition.type_.clone() else { continue };
            let old = seen.insert(kind.clone(), condition.clone());
            let same = |old: &Condition| {
                (&old.status, &old.reason, &old.message)
                    == (&condition.status, &condition.reason, &condition.message)
            };
            if !old.as_ref().is_some_and(same) {
                self.tell(&Event::ConditionChanged {
                    condition: kind,
                    status: condition.status.clone().unwrap_or_default(),
                    reason: condition.reason.clone(),
                    message: condition.message.clone(),
                });
            }
        }
    }
}
