//! Who calls, and what a caller may do. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::{HeaderMap, HeaderName, header};
use run_api::known::annotations;
use run_api::types::Policy;

/// Who a token stands for, and the roles that it has in all projects.
///
/// ```
/// use run_emulator::{Caller, Emulator};
///
/// let deployer = Caller::new("serviceAccount:deployer@example.com").role("roles/run.admin");
/// let builder = Emulator::builder().caller("secret", deployer);
/// # drop(builder);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Caller {
    principal: String,
    roles: BTreeSet<String>,
}

impl Caller {
    /// A member as policies name it, for example `user:ada@example.com`.
    pub fn new(principal: impl Into<String>) -> Self {
        Self { principal: principal.into(), roles: BTreeSet::new() }
    }

    /// Gives it a role in all projects. `roles/owner`, `editor`, `viewer`, `run.admin`, `run.developer`, `run.viewer`,
    /// `run.invoker`, `run.servicesInvoker` and `run.jobsExecutor` mean something here.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.insert(role.into());
        self
    }

    /// How objects name it: without what kind of member it is. (Seen: recorded objects have an address.)
    pub(crate) fn account(&self) -> &str {
        self.principal.split_once(':').map_or(self.principal.as_str(), |(_, account)| account)
    }

    /// Whether it may do something, by its own roles or by a policy.
    pub(crate) fn may(&self, permission: &str, policy: Option<&Policy>) -> bool {
        let own = self.roles.iter().map(String::as_str);
        // A condition is not evaluated, so that a binding with one gives nothing.
        let bindings = policy.into_iter().flat_map(|policy| &policy.bindings);
        let given = bindings
            .filter(|binding| binding.condition.is_none() && binding.members.iter().any(|one| self.is(one)))
            .filter_map(|binding| binding.role.as_deref());
        own.chain(given).any(|role| grants(role, permission))
    }

    fn is(&self, member: &str) -> bool {
        let domain = self.principal.rsplit_once('@').map(|(_, domain)| domain);
        member == self.principal
            || matches!(member, "allUsers" | "allAuthenticatedUsers")
            || member.strip_prefix("domain:").is_some_and(|wanted| domain == Some(wanted))
    }
}

/// The callers of an emulator. Without any, nobody is asked who they are.
#[derive(Clone, Default)]
pub(crate) struct Callers {
    by_token: BTreeMap<String, Caller>,
    any_invokes: bool,
}

/// Who has sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who<'a> {
    /// Nobody is asked.
    Anybody,
    Known(&'a Caller),
    /// The request has no token.
    Anonymous,
    /// Its token is nobody's.
    Unknown,
}

impl Callers {
    pub(crate) fn insert(&mut self, token: String, caller: Caller) {
        self.by_token.insert(token, caller);
    }

    pub(crate) fn let_any_token_invoke(&mut self) {
        self.any_invokes = true;
    }

    /// Who has sent a request to the API.
    pub(crate) fn who(&self, request: &HeaderMap) -> Who<'_> {
        if self.by_token.is_empty() { Who::Anybody } else { self.by(token(request, &header::AUTHORIZATION)) }
    }

    fn by(&self, token: Option<&str>) -> Who<'_> {
        match token {
            None => Who::Anonymous,
            Some(token) => self.by_token.get(token).map_or(Who::Unknown, Who::Known),
        }
    }

    /// Whether a request to a service that is not public may come to it. (Documented: which headers; of both the second
    /// counts.)
    pub(crate) fn may_invoke(&self, request: &HeaderMap, policy: &Policy) -> bool {
        let token = token(request, &SERVERLESS).or_else(|| token(request, &header::AUTHORIZATION));
        match self.by(token) {
            Who::Known(caller) => caller.may(INVOKE, Some(policy)),
            Who::Unknown => self.any_invokes,
            Who::Anonymous | Who::Anybody => false,
        }
    }
}

/// Tokens are not shown.
impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_token.values()).finish()
    }
}

const SERVERLESS: HeaderName = HeaderName::from_static("x-serverless-authorization");
const INVOKE: &str = "run.routes.invoke";

fn token<'a>(request: &'a HeaderMap, header: &HeaderName) -> Option<&'a str> {
    let (scheme, token) = request.get(header)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// What a role contains. (Documented: Cloud Run's roles; of the basic ones what they have of Cloud Run.)
fn grants(role: &str, permission: &str) -> bool {
    let verb = permission.rsplit('.').next().unwrap_or_default();
    let reads = matches!(verb, "get" | "list" | "getIamPolicy");
    match role {
        "roles/owner" | "roles/run.admin" => true,
        "roles/editor" | "roles/run.developer" => verb != "setIamPolicy" && permission != INVOKE,
        "roles/viewer" | "roles/run.viewer" => reads,
        "roles/run.invoker" => matches!(permission, INVOKE | "run.jobs.run"),
        "roles/run.servicesInvoker" => permission == INVOKE,
        "roles/run.jobsExecutor" => matches!(permission, "run.jobs.run" | "run.executions.cancel"),
        _ => false,
    }
}

/// The permission that a method needs, by its id: `run.namespaces.services.replaceService` needs `run.services.update`.
/// (Documented.)
pub(crate) fn permission(method: &str) -> String {
    let mut parts = method.rsplit('.');
    let (verb, collection) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let verb = if verb.starts_with("replace") { "update" } else { verb };
    let verb = if collection == "operations" && verb == "wait" { "get" } else { verb };
    format!("run.{collection}.{verb}")
}

/// Whether everybody may send requests: the binding, or the annotation that switches the check off.
pub(crate) fn is_public(policy: &Policy, annotations: &BTreeMap<String, String>) -> bool {
    annotations.get(annotations::INVOKER_IAM_DISABLED).is_some_and(|value| value == "true")
        || policy.bindings.iter().any(|binding| {
            binding.role.as_deref() == Some("roles/run.invoker")
                && binding.condition.is_none()
                && binding.members.iter().any(|member| member == "allUsers")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn policy(bindings: Value) -> Policy {
        serde_json::from_value(json!({"bindings": bindings})).unwrap()
    }

    #[test]
    fn a_condition_is_not_everybody() {
        let mut binding = json!({"role": "roles/run.invoker", "members": ["allUsers"]});
        assert!(is_public(&policy(json!([binding])), &BTreeMap::new()));
        binding["condition"] = json!({"expression": "true"});
        assert!(!is_public(&policy(json!([binding])), &BTreeMap::new()));
        let disabled = BTreeMap::from([(annotations::INVOKER_IAM_DISABLED.to_owned(), "true".to_owned())]);
        assert!(is_public(&Policy::default(), &disabled));
    }

    #[test]
    fn roles() {
        let ada = |role: &str| Caller::new("user:ada@example.com").role(role);
        for (role, permission, may) in [
            ("roles/run.admin", "run.services.setIamPolicy", true),
            ("roles/run.developer", "run.services.update", true),
            ("roles/run.developer", "run.services.setIamPolicy", false),
            ("roles/run.developer", "run.routes.invoke", false),
            ("roles/run.viewer", "run.services.list", true),
            ("roles/run.viewer", "run.services.delete", false),
            ("roles/run.invoker", "run.routes.invoke", true),
            ("roles/run.invoker", "run.services.get", false),
            ("roles/storage.admin", "run.services.get", false),
        ] {
            assert_eq!(ada(role).may(permission, None), may, "{role} {permission}");
        }
        for (member, may) in [
            ("user:ada@example.com", true),
            ("user:bob@example.com", false),
            ("serviceAccount:ada@example.com", false),
            ("domain:example.com", true),
            ("allAuthenticatedUsers", true),
        ] {
            let policy = policy(json!([{"role": "roles/run.invoker", "members": [member]}]));
            assert_eq!(Caller::new("user:ada@example.com").may(INVOKE, Some(&policy)), may, "{member}");
        }
    }

    #[test]
    fn permissions() {
        for (method, expected) in [
            ("run.namespaces.services.replaceService", "run.services.update"),
            ("run.projects.locations.services.getIamPolicy", "run.services.getIamPolicy"),
            ("run.namespaces.jobs.run", "run.jobs.run"),
            ("run.projects.locations.operations.wait", "run.operations.get"),
        ] {
            assert_eq!(permission(method), expected);
        }
    }
}
