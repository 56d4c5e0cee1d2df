//! What can be told before the first write.

mod finding;
mod object;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use run_api::types::Service;
use run_api::{Resource, ServiceRef};

pub use finding::{Finding, Level};

use crate::api::{Kind, ServiceApi, name};
use crate::{Ops, Result, RevisionState, RevisionStates, ServiceView, Target, TrafficMap};

/// What is going to be deployed.
#[derive(Clone, PartialEq)]
pub struct PreflightRequest {
    desired: Service,
    without_traffic: bool,
    sets_policy: bool,
}

/// Without the object: its variables may hold secrets.
impl fmt::Debug for PreflightRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreflightRequest")
            .field("desired", &self.desired.name())
            .field("without_traffic", &self.without_traffic)
            .field("sets_policy", &self.sets_policy)
            .finish_non_exhaustive()
    }
}

impl PreflightRequest {
    /// A deployment of this object: the new service, or what the edit makes of the present one.
    #[must_use]
    pub fn new(desired: Service) -> Self {
        Self { desired, without_traffic: false, sets_policy: false }
    }

    /// The new revision shall get no traffic.
    #[must_use]
    pub fn without_traffic(mut self) -> Self {
        self.without_traffic = true;
        self
    }

    /// The IAM policy is going to be changed, too: to make the service public, for instance.
    #[must_use]
    pub fn setting_policy(mut self) -> Self {
        self.sets_policy = true;
        self
    }

    /// The permissions that the deployment needs on the service. (Source: the description of each method, and
    /// <https://cloud.google.com/run/docs/reference/iam/permissions>)
    fn permissions(&self, exists: bool) -> Vec<&'static str> {
        let mut needed = vec![GET, if exists { "run.services.update" } else { "run.services.create" }];
        if self.sets_policy {
            needed.extend(["run.services.getIamPolicy", "run.services.setIamPolicy"]);
        }
        needed
    }
}

/// Whether the caller has each of some permissions; none where the server did not say.
pub type Permissions = BTreeMap<&'static str, Option<bool>>;

const GET: &str = "run.services.get";
const GET_REVISION: &str = "run.revisions.get";

/// What a preflight found, the worst first. Displays as a few lines for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preflight {
    /// The service's name.
    pub service: String,
    /// Whether the service exists; none if the caller may not know.
    pub exists: Option<bool>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Preflight {
    /// Judges a request, given the service as it is, the states of the revisions that the request names, and the
    /// caller's permissions. Pure.
    ///
    /// Revisions and permissions that are not given are not judged.
    ///
    /// ```
    /// use run_ops::{Level, Permissions, Preflight, PreflightRequest, RevisionStates, new_service};
    ///
    /// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
    /// let request = PreflightRequest::new(new_service(&hello, "a/b")).without_traffic();
    /// let denied = Permissions::from([("run.services.create", Some(false))]);
    /// let report = Preflight::of(&hello, &request, None, &RevisionStates::new(), &denied);
    /// assert!(report.blocks());
    /// let codes: Vec<_> = report.findings.iter().map(|finding| finding.code()).collect();
    /// assert_eq!(codes[..2], ["missing-permission", "first-deploy-no-traffic"]);
    /// assert_eq!(report.findings[0].level(), Level::Blocks);
    /// println!("{}", report.findings[0].remedies()[0]);
    /// # Ok::<(), run_api::InvalidName>(())
    /// ```
    #[must_use]
    pub fn of(
        reference: &ServiceRef,
        request: &PreflightRequest,
        current: Option<&Service>,
        states: &RevisionStates,
        permissions: &Permissions,
    ) -> Self {
        let mut findings = Vec::new();
        for (&permission, granted) in permissions {
            match granted {
                Some(true) => {}
                Some(false) => findings.push(Finding::missing(permission)),
                None => findings.push(Finding::PermissionUnknown { permission }),
            }
        }
        let unreadable = permissions.get(GET) == Some(&Some(false));
        let exists = if current.is_some() { Some(true) } else { (!unreadable).then_some(false) };
        if current.is_some_and(|service| service.deletion_timestamp().is_some()) {
            findings.push(Finding::BeingDeleted);
        }
        if exists == Some(false) && request.without_traffic {
            findings.push(Finding::FirstDeployWithoutTraffic);
        }
        findings.extend(traffic(request, current, states));
        if let Some(revision) = new_name(&request.desired, current)
            && states.get(revision).is_some_and(|state| *state != RevisionState::Missing)
        {
            findings.push(Finding::RevisionNameTaken { revision: revision.to_owned() });
        }
        findings.extend(object::findings(reference, &request.desired));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level()));
        Self { service: reference.name.to_string(), exists, findings }
    }

    /// Whether the deployment will fail.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.findings.iter().any(|finding| finding.level() == Level::Blocks)
    }
}

fn traffic(request: &PreflightRequest, current: Option<&Service>, states: &RevisionStates) -> Vec<Finding> {
    let desired = &request.desired;
    let map = match TrafficMap::of_targets(desired.desired_traffic()) {
        Ok(map) => map,
        Err(error) => return vec![Finding::TrafficInvalid { error }],
    };
    let made = object::revision_name(desired);
    let unable = |target: &Target| {
        let Target::Revision(name) = target else { return None };
        let state = states.get(name.as_str()).filter(|state| state.is_unable())?;
        // What the write itself makes is not there yet.
        let later = *state == RevisionState::Missing && made == Some(name.as_str());
        (!later).then(|| Finding::TrafficUnable { revision: name.to_string(), state: state.clone() })
    };
    let mut found: Vec<Finding> = map.targets().filter_map(unable).collect();
    let named = |name: &str| Target::revision(name).is_ok_and(|target| !map.share(&target).is_zero());
    let makes_one = current.is_some_and(|current| is_new_template(current, desired));
    if makes_one && !request.without_traffic && map.is_pinned() && !made.is_some_and(named) {
        found.push(Finding::TrafficPinned { traffic: map });
    }
    found
}

/// Compared as JSON, an absent field and an empty one are the same, as they are for the server.
fn is_new_template(current: &Service, desired: &Service) -> bool {
    let json = |service: &Service| serde_json::to_value(object::template(service)).ok();
    json(current) != json(desired)
}

/// The name of a revision that the write would make. One that the template has already is not asked for again:
/// [`Ops::update_service`] drops it when it changes the template.
fn new_name<'a>(desired: &'a Service, current: Option<&Service>) -> Option<&'a str> {
    let name = object::revision_name(desired)?;
    (current.and_then(object::revision_name) != Some(name)).then_some(name)
}

impl fmt::Display for Preflight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            return write!(f, "service `{}`: nothing stands against it", self.service);
        }
        write!(f, "service `{}`:", self.service)?;
        for finding in &self.findings {
            let level = if finding.level() == Level::Blocks { "blocks" } else { "warning" };
            write!(f, "\n{level}: {finding} [{}]", finding.code())?;
            for remedy in finding.remedies() {
                write!(f, "\n  hint: {remedy}")?;
            }
        }
        Ok(())
    }
}

impl<C: ServiceApi> Ops<C> {
    /// Looks for what would make a deployment fail, or do what is not meant. Writes nothing.
    ///
    /// Reads the service and the revisions that the request names, and asks which permissions the caller has.
    /// That the caller may not read the service is a finding, not "it does not exist". Dropping the future
    /// changes nothing.
    ///
    /// # Errors
    /// As every read: the network, a credential that is not accepted, an answer that is not the API's.
    ///
    /// # Caveats
    /// No findings do not mean that the deployment will succeed. Whether the caller may act as the service
    /// account, whether that account can read its secrets, and whether the image is there can only be asked of
    /// other APIs; the write tells the first, the deployment the others ([`Ops::failure_report`]). Permissions
    /// are asked on the service: a server that does not answer that for `run.services.create` gives a
    /// [`Finding::PermissionUnknown`].
    ///
    /// # Example
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, PreflightRequest, ServiceEdit, new_service};
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let mut object = new_service(&hello, "docker.io/a/b:1");
    /// object.set_env("PORT", "3000");
    ///
    /// let report = ops.preflight(&hello, &PreflightRequest::new(object).without_traffic()).await?;
    /// let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code()).collect();
    /// assert_eq!(codes, ["first-deploy-no-traffic", "reserved-env"]);
    /// # Ok(()) })
    /// ```
    pub async fn preflight(&self, reference: &ServiceRef, request: &PreflightRequest) -> Result<Preflight> {
        let mut permissions = Permissions::new();
        let current = match self.read_object(reference).await {
            Ok(service) => Some(service),
            Err(error) if error.is_not_found() => None,
            Err(error) if error.is_permission_denied() => {
                permissions.insert(GET, Some(false));
                None
            }
            Err(error) => return Err(error.into()),
        };
        let readable = permissions.is_empty();
        // Without the right to look, it is taken to exist: an update's permissions are asked for then.
        for permission in request.permissions(current.is_some() || !readable) {
            if let std::collections::btree_map::Entry::Vacant(entry) = permissions.entry(permission) {
                entry.insert(None);
            }
        }
        self.ask(reference, &mut permissions).await?;
        let states = match self.revision_states(reference, names(&request.desired, current.as_ref())).await {
            Ok(states) => states,
            Err(error) if error.api().is_some_and(run_api::Error::is_permission_denied) => {
                permissions.insert(GET_REVISION, Some(false));
                RevisionStates::new()
            }
            Err(error) => return Err(error),
        };
        Ok(Preflight::of(reference, request, current.as_ref(), &states, &permissions))
    }

    /// Asks for the permissions that are not known. One that cannot be asked for on a service makes the server
    /// refuse the whole question, so `create`, which belongs to the project, is a question of its own.
    async fn ask(&self, reference: &ServiceRef, permissions: &mut Permissions) -> Result<()> {
        let unknown: Vec<&'static str> =
            permissions.iter().filter(|(_, known)| known.is_none()).map(|(name, _)| *name).collect();
        let (of_project, of_service): (Vec<_>, Vec<_>) =
            unknown.into_iter().partition(|name| *name == "run.services.create");
        for question in [of_service, of_project].into_iter().filter(|question| !question.is_empty()) {
            match self
                .read(name(Service::CALLS.iam.map(|[_, _, test]| test)), || {
                    self.api().test_iam_permissions(reference, &question)
                })
                .await
            {
                Ok(granted) => {
                    for name in question {
                        permissions.insert(name, Some(granted.iter().any(|granted| granted == name)));
                    }
                }
                Err(error)
                    if (error.is_invalid_argument() && error.http_status().is_some())
                        || error.is_not_found()
                        || error.is_permission_denied() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The revisions to look at: those that the traffic names, and the one that shall be made.
fn names(desired: &Service, current: Option<&Service>) -> BTreeSet<String> {
    let targets = desired.desired_traffic().iter().filter(|target| target.latest_revision != Some(true));
    let named =
        targets.filter_map(|target| target.revision_name.as_deref()).chain(new_name(desired, current));
    // A name that cannot be one is told by itself.
    named.filter(|name| run_api::RevisionName::new(*name).is_ok()).map(str::to_owned).collect()
}
