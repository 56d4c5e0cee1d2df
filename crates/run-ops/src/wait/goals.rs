//! The goals that come with this crate.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use run_api::Resource;
use run_api::known::conditions;
use run_api::types::{Execution, Instance, Policy, Revision, Service};

use super::readiness::{is, readiness};
use super::{Goal, Verdict, Watchable};
use crate::api::Kind;
use crate::{Member, ServiceView};

/// The object with this uid is as its kind wants to be, at this generation: a service is ready, an execution has
/// completed with success, an instance runs; see [`readiness`](crate::readiness).
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
/// use run_ops::{Deadline, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// let goal = wait::ready(written.uid(), written.generation());
/// ops.wait(&ops.watch_service(&hello), &goal, soon).await?;
/// # Ok(()) }
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

/// The execution with this uid was cancelled. If it ends by itself before, that is the end of the wait: with
/// [`ErrorKind::Failed`](crate::ErrorKind::Failed), also if it succeeded.
///
/// ```
/// use run_api::types::Execution;
/// use run_ops::wait::{Goal, Verdict, cancelled};
///
/// let execution: Execution = serde_json::from_value(serde_json::json!({
///     "metadata": {"uid": "u"},
///     "status": {"conditions": [{"type": "Completed", "status": "False", "reason": "Cancelled"}]},
/// }))?;
/// assert_eq!(cancelled("u").judge(Some(&execution)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn cancelled(uid: impl Into<String>) -> Cancelled {
    Cancelled { uid: uid.into() }
}

/// See [`cancelled`].
#[derive(Clone, Debug)]
pub struct Cancelled {
    uid: String,
}

impl Goal<Execution> for Cancelled {
    fn judge(&self, seen: Option<&Execution>) -> Verdict {
        let Some(execution) = seen else { return missing() };
        match readiness(execution, &self.uid, execution.generation().unwrap_or_default()) {
            Verdict::Cancelled { .. } => Verdict::Met,
            Verdict::Met => Verdict::Never {
                reason: None,
                message: "it completed successfully before it could be cancelled".to_owned(),
            },
            other => other,
        }
    }

    fn unmet(&self) -> String {
        "the execution was not cancelled".to_owned()
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
        let Some(instance) = seen else { return missing() };
        match readiness(instance, &self.uid, instance.generation().unwrap_or_default()) {
            Verdict::Never { .. } => Verdict::Met,
            Verdict::Met => Verdict::NotYet,
            other => other,
        }
    }

    fn unmet(&self) -> String {
        "the instance was not stopped".to_owned()
    }
}

fn missing() -> Verdict {
    Verdict::Gone { why: "it is not found any more: it was deleted, or never came to be".to_owned() }
}

/// The revision that this generation made has started, whether or not it has traffic.
///
/// Looks at the service, not at the revision: one without traffic is retired once it has shown that it starts, and
/// a revision that is retired says that it is `Ready` without telling whether it ever was. The service says it with
/// `ConfigurationsReady` of the generation whose latest created revision it is; the reason `Retired` is fine then.
/// (Rule: seen; see <https://github.com/mishrasanjeev/agentic-org/issues/606>.) A failure may show in `Ready` only, so
/// that must have been decided, too.
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
/// use run_ops::{Deadline, DeployRequest, TrafficIntent, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// ops.wait_until_ready(&written, soon).await?;
/// let candidate = DeployRequest::new(hello.clone()).always_new_revision().revision_suffix("next");
/// let started = ops.start_deploy(&candidate.traffic(TrafficIntent::NoTraffic)).await?;
/// let goal = wait::configured(started.written().uid(), started.written().generation(), "hello-next");
/// ops.wait(&ops.watch_service(&hello), &goal, soon).await?;
/// # Ok(()) }
/// ```
pub fn configured(uid: impl Into<String>, generation: i32, revision: impl Into<String>) -> Configured {
    Configured { fresh: ready(uid, generation), revision: revision.into() }
}

/// See [`configured`].
#[derive(Clone, Debug)]
pub struct Configured {
    fresh: Ready<Service>,
    revision: String,
}

impl Goal<Service> for Configured {
    fn judge(&self, seen: Option<&Service>) -> Verdict {
        let Some(service) = seen else { return missing() };
        let of_service = match readiness(service, &self.fresh.uid, self.fresh.generation) {
            end @ (Verdict::Superseded { .. } | Verdict::Gone { .. }) => return end,
            of_service => of_service,
        };
        if service.observed_generation() != Some(self.fresh.generation)
            || service.latest_created_revision() != Some(&self.revision)
        {
            return Verdict::NotYet;
        }
        match service.condition("ConfigurationsReady") {
            // Since 2024 it is True of a revision that failed, too: the failure shows in the routes, after it.
            Some(condition) if is(condition, "True") => match of_service {
                // The routes may fail for what they say of other revisions.
                Verdict::Never { .. } if service.latest_ready_revision() == Some(&self.revision) => {
                    Verdict::Met
                }
                of_service => of_service,
            },
            Some(condition) if is(condition, "False") => Verdict::Never {
                reason: condition.reason.clone(),
                message: condition.message.clone().unwrap_or_default(),
            },
            _ => Verdict::NotYet,
        }
    }

    fn unmet(&self) -> String {
        format!("the revision {} was not seen to start", self.revision)
    }
}

/// A revision says that it is ready and not retired.
///
/// One without traffic and tag is soon retired: join this with [`or`](Goal::or)`(`[`revision_idle`]`())` if that is
/// as good.
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
/// use run_ops::{Deadline, ServiceView, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// let service = ops.wait_until_ready(&written, soon).await?;
/// let revision = hello.location.revision(service.latest_ready_revision().unwrap_or_default())?;
/// ops.wait(&ops.watch_revision(&revision), &wait::revision_ready(), soon).await?;
/// # Ok(()) }
/// ```
#[must_use]
pub fn revision_ready() -> RevisionReady {
    RevisionReady
}

/// See [`revision_ready`].
#[derive(Clone, Copy, Debug)]
pub struct RevisionReady;

impl Goal<Revision> for RevisionReady {
    fn judge(&self, seen: Option<&Revision>) -> Verdict {
        let Some(revision) = seen else { return missing() };
        match revision.condition("Ready") {
            Some(ready) if is(ready, "True") && !is_idle(revision) => Verdict::Met,
            Some(ready) if is(ready, "False") => Verdict::Never {
                reason: ready.reason.clone(),
                message: ready.message.clone().unwrap_or_default(),
            },
            _ => Verdict::NotYet,
        }
    }

    fn unmet(&self) -> String {
        "the revision was not ready".to_owned()
    }
}

/// A revision is retired: nothing leads to it, and no instance of it runs. It says that it is ready all the same,
/// which proves nothing about its start; see [`configured`].
///
/// ```
/// use run_ops::wait::{Goal, Verdict, revision_idle, revision_ready};
///
/// let retired = serde_json::from_value(serde_json::json!({
///     "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Retired"}]},
/// }))?;
/// assert_eq!(revision_idle().judge(Some(&retired)), Verdict::Met);
/// assert_eq!(revision_ready().or(revision_idle()).judge(Some(&retired)), Verdict::Met);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn revision_idle() -> RevisionIdle {
    RevisionIdle
}

/// See [`revision_idle`].
#[derive(Clone, Copy, Debug)]
pub struct RevisionIdle;

impl Goal<Revision> for RevisionIdle {
    fn judge(&self, seen: Option<&Revision>) -> Verdict {
        match seen {
            Some(revision) if is_idle(revision) => Verdict::Met,
            // One that failed is not going to be retired as ready.
            Some(_) => match revision_ready().judge(seen) {
                never @ Verdict::Never { .. } => never,
                _ => Verdict::NotYet,
            },
            None => missing(),
        }
    }

    fn unmet(&self) -> String {
        "the revision was not retired".to_owned()
    }
}

fn is_idle(revision: &Revision) -> bool {
    revision
        .condition("Ready")
        .is_some_and(|condition| is(condition, "True") && condition.reason.as_deref() == Some("Retired"))
}

/// The traffic in force at this generation, by revision name, is exactly this, as far as it is more than 0 %.
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
/// use run_ops::{Deadline, ServiceView, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// let service = ops.wait_until_ready(&written, soon).await?;
/// let shares = [(service.latest_ready_revision().unwrap_or_default().to_owned(), 100)];
/// let goal = wait::traffic_observed(written.uid(), written.generation(), shares);
/// ops.wait(&ops.watch_service(&hello), &goal, soon).await?;
/// # Ok(()) }
/// ```
pub fn traffic_observed(
    uid: impl Into<String>,
    generation: i32,
    shares: impl IntoIterator<Item = (String, i32)>,
) -> TrafficObserved {
    let shares = shares.into_iter().filter(|(_, percent)| *percent > 0).collect();
    TrafficObserved { fresh: ready(uid, generation), shares }
}

/// See [`traffic_observed`].
#[derive(Clone, Debug)]
pub struct TrafficObserved {
    fresh: Ready<Service>,
    shares: BTreeMap<String, i32>,
}

impl Goal<Service> for TrafficObserved {
    fn judge(&self, seen: Option<&Service>) -> Verdict {
        let Some(service) = seen else { return missing() };
        match readiness(service, &self.fresh.uid, self.fresh.generation) {
            Verdict::Met if observed_shares(service) == self.shares => Verdict::Met,
            Verdict::Met => Verdict::NotYet,
            other => other,
        }
    }

    fn unmet(&self) -> String {
        let shares: Vec<String> =
            self.shares.iter().map(|(name, percent)| format!("{name}={percent}")).collect();
        format!("the traffic was not {} at generation {}", shares.join(","), self.fresh.generation)
    }

    fn state(&self, seen: &Service) -> Option<String> {
        let shares: Vec<String> =
            observed_shares(seen).iter().map(|(name, percent)| format!("{name}={percent}")).collect();
        Some(format!("{}, traffic {}", seen.state(), shares.join(",")))
    }
}

/// The shares in force by revision name; a revision that stands several times has the sum.
pub(crate) fn observed_shares(service: &Service) -> BTreeMap<String, i32> {
    let mut shares = BTreeMap::new();
    for target in service.observed_traffic() {
        if let (Some(name), Some(percent)) = (&target.revision_name, target.percent)
            && percent > 0
        {
            let share: &mut i32 = shares.entry(name.clone()).or_default();
            *share = share.saturating_add(percent);
        }
    }
    shares
}

/// There is no service with this uid any more: none of the name, or another one.
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
/// use run_ops::{Deadline, wait};
///
/// let soon = Deadline::after(Duration::from_secs(60));
/// ops.start_deletion(&hello).await?;
/// ops.wait(&ops.watch_service(&hello), &wait::gone(written.uid()), soon).await?;
/// # Ok(()) }
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
/// use run_ops::{Deadline, INVOKER_ROLE, Member, wait};
///
/// ops.allow_public_access(&hello).await?;
/// let goal = wait::member_bound(INVOKER_ROLE, Member::all_users());
/// ops.wait(&ops.watch_policy(&hello), &goal, Deadline::after(Duration::from_secs(60))).await?;
/// # Ok(()) }
/// ```
pub fn member_bound(role: impl Into<String>, member: Member) -> Bound {
    Bound { role: role.into(), member }
}

/// See [`member_bound`].
#[derive(Clone, Debug)]
pub struct Bound {
    role: String,
    member: Member,
}

impl Goal<Policy> for Bound {
    fn judge(&self, seen: Option<&Policy>) -> Verdict {
        let bound = seen.into_iter().flat_map(|policy| &policy.bindings).any(|binding| {
            binding.role.as_ref() == Some(&self.role)
                && binding.condition.is_none()
                && binding.members.iter().any(|member| member == self.member.as_str())
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
    use serde_json::json;

    fn service(observed: i32, configurations: &str, reason: &str) -> Service {
        serde_json::from_value(json!({
            "metadata": {"uid": "u", "generation": 2},
            "status": {
                "observedGeneration": observed, "latestCreatedRevisionName": "r2",
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "ConfigurationsReady", "status": configurations, "reason": reason, "message": "m"},
                ],
                "traffic": [
                    {"revisionName": "r1", "percent": 60},
                    {"revisionName": "r2", "percent": 30, "latestRevision": true},
                    {"revisionName": "r2", "percent": 10},
                    {"revisionName": "r0", "tag": "old"},
                ],
            },
        }))
        .unwrap()
    }

    /// (Seen in 2024: the configuration is ready, and the failure of the revision is one of the routes.)
    #[test]
    fn a_failure_of_the_routes_is_one_of_the_candidate() {
        let of_service = |ready: &str| {
            let mut seen = service(2, "True", "");
            let condition = &mut seen.status.as_mut().unwrap().conditions[0];
            condition.status = Some(ready.to_owned());
            condition.reason = Some("HealthCheckContainerError".to_owned());
            condition.message = Some("Revision 'r2' is not ready and cannot serve traffic.".to_owned());
            seen
        };
        let goal = configured("u", 2, "r2");
        assert_eq!(goal.judge(Some(&of_service("Unknown"))), Verdict::NotYet, "the routes have not spoken");
        assert!(matches!(goal.judge(Some(&of_service("False"))), Verdict::Never { .. }));
        let mut other = of_service("False");
        other.status.as_mut().unwrap().latest_ready_revision_name = Some("r2".to_owned());
        assert_eq!(goal.judge(Some(&other)), Verdict::Met, "the routes fail for another revision");
    }

    // https://github.com/mishrasanjeev/agentic-org/issues/606
    #[test]
    fn retired_candidate() {
        let never = Verdict::Never { reason: Some("Bad".to_owned()), message: "m".to_owned() };
        for (name, seen, revision, expected) in [
            ("retired after its start", service(2, "True", "Retired"), "r2", Verdict::Met),
            ("started", service(2, "True", ""), "r2", Verdict::Met),
            ("of the generation before", service(1, "True", "Retired"), "r2", Verdict::NotYet),
            ("another revision", service(2, "True", "Retired"), "r1", Verdict::NotYet),
            ("starting", service(2, "Unknown", ""), "r2", Verdict::NotYet),
            ("failed", service(2, "False", "Bad"), "r2", never),
        ] {
            assert_eq!(configured("u", 2, revision).judge(Some(&seen)), expected, "{name}");
        }
        let retired = |reason: &str, status: &str| -> Revision {
            let ready = json!({"type": "Ready", "status": status, "reason": reason});
            serde_json::from_value(json!({"status": {"conditions": [ready]}})).unwrap()
        };
        for (reason, status, ready, either) in [
            ("", "True", Verdict::Met, Verdict::Met),
            ("Retired", "True", Verdict::NotYet, Verdict::Met),
            ("", "Unknown", Verdict::NotYet, Verdict::NotYet),
        ] {
            let seen = retired(reason, status);
            assert_eq!(revision_ready().judge(Some(&seen)), ready, "{reason} {status}");
            assert_eq!(revision_ready().or(revision_idle()).judge(Some(&seen)), either, "{reason} {status}");
        }
        let failed = retired("Bad", "False");
        assert!(matches!(revision_ready().judge(Some(&failed)), Verdict::Never { .. }));
        assert!(matches!(revision_ready().or(revision_idle()).judge(Some(&failed)), Verdict::Never { .. }));
    }

    #[test]
    fn traffic_counts_by_revision() {
        let shares = |shares: &[(&str, i32)]| {
            let shares = shares.iter().map(|(name, percent)| ((*name).to_owned(), *percent));
            traffic_observed("u", 2, shares.collect::<Vec<_>>())
        };
        let seen = service(2, "True", "");
        assert_eq!(shares(&[("r1", 60), ("r2", 40), ("r3", 0)]).judge(Some(&seen)), Verdict::Met);
        assert_eq!(shares(&[("r1", 100)]).judge(Some(&seen)), Verdict::NotYet);
        assert!(shares(&[]).state(&seen).unwrap().ends_with("traffic r1=60,r2=40"));
    }

    #[test]
    fn absence_is_a_value() {
        assert_eq!(Goal::<Service>::judge(&gone("u"), None), Verdict::Met);
        assert_eq!(gone("u").judge(Some(&service(2, "True", ""))), Verdict::NotYet);
        assert_eq!(gone("v").judge(Some(&service(2, "True", ""))), Verdict::Met);
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
