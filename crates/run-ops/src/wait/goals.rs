//! The goals of all kinds, of executions and instances, and of policies.

use std::fmt;
use std::marker::PhantomData;

use run_api::Resource;
use run_api::known::conditions;
use run_api::types::{Instance, Policy};

use super::readiness::{is, readiness};
use super::{Goal, Verdict};
use crate::api::Kind;

/// The object with this uid is as its kind wants to be, at this generation: a service is ready, an execution has
/// completed with success, an instance runs; see [`readiness`](crate::readiness).
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// let goal = wait::ready(written.uid(), written.generation());
/// ops.wait(&ops.watch_service(&hello), &goal, soon).await?;
/// # Ok(()) })
/// ```
pub fn ready<K: Kind>(uid: impl Into<String>, generation: i32) -> Ready<K> {
    Ready { uid: uid.into(), generation, kind: PhantomData }
}

/// See [`ready`].
pub struct Ready<K> {
    uid: String,
    generation: i32,
    kind: PhantomData<fn() -> K>,
}

impl<K> Ready<K> {
    pub(super) fn uid(&self) -> &str {
        &self.uid
    }

    pub(super) fn generation(&self) -> i32 {
        self.generation
    }
}

impl<K> Clone for Ready<K> {
    fn clone(&self) -> Self {
        Self { uid: self.uid.clone(), generation: self.generation, kind: PhantomData }
    }
}

impl<K> fmt::Debug for Ready<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("uid", &self.uid).field("generation", &self.generation).finish()
    }
}

impl<K: Kind> Goal<K> for Ready<K> {
    fn judge(&self, seen: Option<&K>) -> Verdict {
        match seen {
            Some(object) => readiness(object, &self.uid, self.generation),
            None => missing(),
        }
    }

    fn unmet(&self) -> String {
        match K::TERMINAL_CONDITION {
            conditions::COMPLETED => format!("the {} was not completed", K::NOUN),
            conditions::RUNNING => format!("generation {} was not running", self.generation),
            _ => format!("generation {} was not ready", self.generation),
        }
    }
}

/// The instance with this uid does not run: it was stopped, or its containers ended.
///
/// ```
/// use run_api::types::Instance;
/// use run_ops::wait::{Goal, Verdict, stopped};
///
/// let instance: Instance = serde_json::from_value(serde_json::json!({
///     "metadata": {"uid": "u"},
///     "status": {"conditions": [{"type": "Running", "status": "False", "reason": "Stopped"}]},
/// }))?;
/// assert_eq!(stopped("u").judge(Some(&instance)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn stopped(uid: impl Into<String>) -> Stopped {
    Stopped { uid: uid.into() }
}

/// See [`stopped`].
#[derive(Clone, Debug)]
pub struct Stopped {
    uid: String,
}

impl Goal<Instance> for Stopped {
    fn judge(&self, seen: Option<&Instance>) -> Verdict {
        match in_any_generation(seen, &self.uid) {
            Verdict::Never { .. } => Verdict::Met,
            Verdict::Met => Verdict::NotYet,
            other => other,
        }
    }

    fn unmet(&self) -> String {
        "the instance was not stopped".to_owned()
    }
}

/// How the object with this uid stands, whatever its generation is.
pub(super) fn in_any_generation<K: Kind>(seen: Option<&K>, uid: &str) -> Verdict {
    match seen {
        Some(object) => readiness(object, uid, object.generation().unwrap_or_default()),
        None => missing(),
    }
}

pub(super) fn missing() -> Verdict {
    Verdict::Gone { why: "it is not found any more: it was deleted, or never came to be".to_owned() }
}

/// There is no service with this uid any more: none of the name, or another one.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// ops.start_deletion(&hello).await?;
/// ops.wait(&ops.watch_service(&hello), &wait::gone(written.uid()), soon).await?;
/// # Ok(()) })
/// ```
pub fn gone(uid: impl Into<String>) -> Gone {
    Gone { uid: uid.into() }
}

/// See [`gone`].
#[derive(Clone, Debug)]
pub struct Gone {
    uid: String,
}

impl<T: Resource> Goal<T> for Gone {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        match seen {
            Some(object) if object.uid() == Some(&self.uid) => Verdict::NotYet,
            _ => Verdict::Met,
        }
    }

    /// Another uid may be an odd answer, too.
    fn looks(&self, _: Option<&T>) -> u32 {
        2
    }

    fn unmet(&self) -> String {
        "it was not gone".to_owned()
    }

    fn state(&self, seen: &T) -> Option<String> {
        Some(match seen.deletion_timestamp() {
            Some(since) => format!("still there, being deleted since {since}"),
            None => "still there, and not marked as being deleted".to_owned(),
        })
    }
}

/// A policy has this member in this role, without a condition.
///
/// That the policy says so does not mean that the serving side follows already; that can take a minute.
///
/// ```
/// # fixture::with_service(async |ops, hello, written| {
/// use std::time::Duration;
/// use run_ops::{Deadline, INVOKER_ROLE, Member, wait};
///
/// ops.allow_public_access(&hello).await?;
/// let goal = wait::member_bound(INVOKER_ROLE, Member::all_users());
/// ops.wait(&ops.watch_policy(&hello), &goal, Deadline::after(Duration::from_secs(60))).await?;
/// # Ok(()) })
/// ```
pub fn member_bound(role: impl Into<String>, member: impl fmt::Display) -> Bound {
    Bound { role: role.into(), member: member.to_string() }
}

/// See [`member_bound`].
#[derive(Clone, Debug)]
pub struct Bound {
    role: String,
    member: String,
}

impl Goal<Policy> for Bound {
    fn judge(&self, seen: Option<&Policy>) -> Verdict {
        let bound = seen.into_iter().flat_map(|policy| &policy.bindings).any(|binding| {
            binding.role.as_ref() == Some(&self.role)
                && binding.condition.is_none()
                && binding.members.contains(&self.member)
        });
        if bound { Verdict::Met } else { Verdict::NotYet }
    }

    fn unmet(&self) -> String {
        format!("{} did not have the role {}", self.member, self.role)
    }
}

/// A condition has this status (`True`, `False`, `Unknown`), whatever generation it speaks of: join it with
/// [`ready`] where that matters.
///
/// ```
/// use run_api::types::Service;
/// use run_ops::wait::{Goal, Verdict, condition};
///
/// let service: Service = serde_json::from_value(serde_json::json!({
///     "status": {"conditions": [{"type": "RoutesReady", "status": "True"}]},
/// }))?;
/// assert_eq!(condition("RoutesReady", "True").judge(Some(&service)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn condition(kind: impl Into<String>, status: impl Into<String>) -> ConditionIs {
    ConditionIs { kind: kind.into(), status: status.into() }
}

/// See [`condition`].
#[derive(Clone, Debug)]
pub struct ConditionIs {
    kind: String,
    status: String,
}

impl<T: Resource> Goal<T> for ConditionIs {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        let condition = seen.and_then(|object| object.condition(&self.kind));
        if condition.is_some_and(|condition| is(condition, &self.status)) {
            Verdict::Met
        } else {
            Verdict::NotYet
        }
    }

    fn unmet(&self) -> String {
        format!("the condition {} was not {}", self.kind, self.status)
    }

    fn state(&self, seen: &T) -> Option<String> {
        let status =
            seen.condition(&self.kind).and_then(|condition| condition.status.as_deref()).unwrap_or("not set");
        Some(format!("{} is {status}", self.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Member;
    use run_api::types::Service;
    use serde_json::json;

    fn service() -> Service {
        serde_json::from_value(json!({"metadata": {"uid": "u"}})).unwrap()
    }

    #[test]
    fn absence_is_a_value() {
        assert_eq!(Goal::<Service>::judge(&gone("u"), None), Verdict::Met);
        assert_eq!(gone("u").judge(Some(&service())), Verdict::NotYet);
        assert_eq!(gone("v").judge(Some(&service())), Verdict::Met);
        assert!(matches!(ready::<Service>("u", 2).judge(None), Verdict::Gone { .. }));
        assert_eq!(Goal::<Service>::judge(&condition("Ready", "True"), None), Verdict::NotYet);
    }

    #[test]
    fn a_member_is_bound_without_conditions_only() {
        let goal = member_bound("r", Member::all_users());
        let policy = |bindings| serde_json::from_value::<Policy>(json!({"bindings": bindings})).unwrap();
        let plain = policy(json!([{"role": "r", "members": ["allUsers"]}]));
        let conditional =
            policy(json!([{"role": "r", "members": ["allUsers"], "condition": {"expression": "e"}}]));
        assert_eq!(goal.judge(Some(&plain)), Verdict::Met);
        assert_eq!(goal.judge(Some(&conditional)), Verdict::NotYet);
        assert_eq!(goal.judge(None), Verdict::NotYet);
    }
}
