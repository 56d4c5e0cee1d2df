//! The loop: look, judge, pause.

use std::collections::BTreeMap;

use run_api::types::Condition;
use tokio::time::Instant;

use super::{End, Goal, Polled, Source, Verdict};
use crate::request::absence::Missing;
use crate::request::call::{Attempts, is_out_of_place};
use crate::{Deadline, Event, Ops, Result};

/// How many foreign answers in a row end a wait that the API has not answered yet: the region or the endpoint is wrong.
const FOREIGN: u32 = 4;

impl<C: Send + Sync> Ops<C> {
    /// Waits until a goal is met, and returns the object that met it; none if its absence did.
    ///
    /// The first look is at once. Looks that fail with a passing fault are tolerated as the
    /// [`poll_policy`](Ops::poll_policy) says, `Retry-After` is honoured, and after faults the looks come more
    /// slowly. So are answers that are not the API's (a redirect, a proxy's page), unless the first four looks get
    /// nothing else. That the object is gone is believed after ten seconds and four looks in a row that say so; if that is
    /// the goal, at the second.
    ///
    /// Dropping the future stops the wait and nothing else.
    ///
    /// # Errors
    /// [`Failed`](crate::ErrorKind::Failed) with the server's reason if the goal cannot be met any more,
    /// [`Deadline`](crate::ErrorKind::Deadline) with the last state seen,
    /// [`Superseded`](crate::ErrorKind::Superseded), [`Gone`](crate::ErrorKind::Gone), or the error of a look.
    ///
    /// # Caveats
    /// A goal that judges a status without asking for its generation can be met by an old one.
    ///
    /// ```
    /// # fixture::with_service(async |ops, hello, written| {
    /// use std::time::Duration;
    /// use run_ops::wait::{self, Goal, not};
    /// use run_ops::Deadline;
    ///
    /// let started = wait::ready(written.uid(), written.generation());
    /// let goal = started.and(not(wait::condition("RoutesReady", "Unknown")));
    /// let seen = ops.wait(&ops.watch(&hello), &goal, Deadline::after(Duration::from_secs(60))).await?;
    /// assert!(seen.is_some());
    /// # Ok(()) })
    /// ```
    pub async fn wait<W: Source, G: Goal<W::Object>>(
        &self,
        watched: &W,
        goal: &G,
        deadline: Deadline,
    ) -> Result<Option<W::Object>> {
        self.wait_from(watched, None, goal, deadline).await.into_result(watched.resource(), deadline)
    }

    /// A wait that may begin with an object that was read already.
    pub(crate) async fn wait_from<W: Source, G: Goal<W::Object>>(
        &self,
        watched: &W,
        first: Option<W::Object>,
        goal: &G,
        deadline: Deadline,
    ) -> End<W::Object> {
        let start = Instant::now();
        let (mut seen, mut faults, mut gone) = (BTreeMap::new(), Attempts::new(), Missing::default());
        let mut met = 0;
        let (mut state, mut fault) = ("nothing yet".to_owned(), None);
        let (mut answered, mut foreign) = (first.is_some(), 0);
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
                    let mut passing = None;
                    if is_out_of_place(&error) {
                        foreign += 1;
                        if !answered && foreign >= FOREIGN {
                            return End::Failed(error);
                        }
                        let kind = run_api::ErrorKind::Decode;
                        passing = Some(run_api::Error::from_kind(kind, error.message()));
                    }
                    let judged = passing.as_ref().unwrap_or(&error);
                    let Some(pause) = self.pause_after(&*self.policies.polls, &mut faults, judged) else {
                        return End::Failed(error);
                    };
                    self.tell(&Event::PollFailed { error: error.detail() });
                    (asked, fault) = (Some(pause), Some(error));
                }
                Some(Ok(object)) => {
                    (faults, fault, answered) = (Attempts::new(), None, true);
                    if let Ok(object) = &object {
                        self.tell_changes(&mut seen, object);
                    }
                    let verdict = goal.judge(object.as_ref().ok());
                    met = if verdict.is_met() { met + 1 } else { 0 };
                    if !matches!(verdict, Verdict::Gone { .. }) {
                        gone = Missing::default();
                    }
                    match verdict {
                        Verdict::Met if met >= goal.looks(object.as_ref().ok()) => {
                            return End::Met(object.ok());
                        }
                        Verdict::Met | Verdict::NotYet => {}
                        Verdict::Gone { .. } if !gone.is_believed() => {}
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
    async fn look<W: Source>(
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
    fn tell_changes<T: Polled>(&self, seen: &mut BTreeMap<String, Condition>, object: &T) {
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
