//! Roles: which one, to whom, on what.

use std::fmt;

/// A role that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    /// The smallest predefined role that helps; none if it is not known.
    pub role: Option<&'static str>,
    /// The permission that is missing, if the server named it.
    pub permission: Option<String>,
    /// To whom.
    pub to: Principal,
    /// On what.
    pub on: On,
}

/// Who lacks a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Who sent the request.
    Caller,
    /// The service account that the workload runs as, by its address if that is known.
    /// (Source: <https://cloud.google.com/run/docs/securing/service-identity>)
    Runtime(Option<String>),
    /// Cloud Run's own service agent of the project, by its address if that is known.
    /// (Source: <https://cloud.google.com/iam/docs/service-agents>)
    ServiceAgent(Option<String>),
}

/// What a role is to be granted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// The resource that the request was about, or its project; what such a resource is called.
    Resource(&'static str),
    /// The project.
    Project,
    /// A service account, by its address if the server named it.
    ServiceAccount(Option<String>),
    /// A secret, by its name if the server named it.
    Secret(Option<String>),
    /// The repository of the image.
    Repository,
}

impl RoleGrant {
    /// What the caller lacks with a permission, if the server named one.
    pub(crate) fn to_caller(permission: Option<&str>) -> Self {
        Self {
            role: permission.and_then(least_role),
            permission: permission.map(str::to_owned),
            to: Principal::Caller,
            on: permission.map_or(On::Resource("resource"), on),
        }
    }

    pub(crate) fn of(role: &'static str, to: Principal, on: On) -> Self {
        Self { role: Some(role), permission: None, to, on }
    }
}

/// The smallest predefined role with a permission; none if it is not known.
///
/// ```
/// use run_ops::remedy::least_role;
///
/// assert_eq!(least_role("run.services.get"), Some("roles/run.viewer"));
/// assert_eq!(least_role("run.jobs.setIamPolicy"), Some("roles/run.admin"));
/// assert_eq!(least_role("storage.objects.get"), None);
/// ```
///
/// (Source: <https://cloud.google.com/run/docs/reference/iam/roles>. The server writes `iam.serviceaccounts.actAs` in its
/// refusals, so capitals do not count.)
#[must_use]
pub fn least_role(permission: &str) -> Option<&'static str> {
    let permission = permission.to_ascii_lowercase();
    let parts: Vec<&str> = permission.split('.').collect();
    Some(match *parts.as_slice() {
        ["iam", "serviceaccounts", "actas"] => "roles/iam.serviceAccountUser",
        ["iam", "serviceaccounts", "getaccesstoken"] => "roles/iam.serviceAccountTokenCreator",
        ["secretmanager", "versions", "access"] => "roles/secretmanager.secretAccessor",
        ["artifactregistry", "repositories", "downloadartifacts"] => "roles/artifactregistry.reader",
        ["serviceusage", "services", "use"] => "roles/serviceusage.serviceUsageConsumer",
        ["run", "routes", "invoke"] => "roles/run.invoker",
        ["run", "jobs", "run"] | ["run", "executions", "cancel"] => "roles/run.jobsExecutor",
        ["run", "jobs", "runwithoverrides"] => "roles/run.jobsExecutorWithOverrides",
        // Cloud Run's roles do not apply to domain mappings; who may read them is not written.
        ["run", "domainmappings", "create" | "update" | "delete"] => "roles/editor",
        ["run", "domainmappings", _] => return None,
        ["run", _, "get" | "list" | "getiampolicy"] => "roles/run.viewer",
        ["run", _, "setiampolicy"] => "roles/run.admin",
        ["run", _, "create" | "update" | "delete" | "start" | "stop"] => "roles/run.developer",
        ["run", ..] => "roles/run.admin",
        _ => return None,
    })
}

/// What a permission is granted on: what creates or lists is asked of the project.
fn on(permission: &str) -> On {
    let lower = permission.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('.').collect();
    match *parts.as_slice() {
        ["run", _, "create" | "list"] | ["run", "operations" | "locations", _] => On::Project,
        ["run", "services" | "routes" | "configurations" | "revisions", _] => On::Resource("service"),
        ["run", "jobs" | "executions" | "tasks", _] => On::Resource("job"),
        ["run", "workerpools", _] => On::Resource("worker pool"),
        ["run", "instances", _] => On::Resource("instance"),
        ["run", "domainmappings", _] => On::Project,
        ["iam", "serviceaccounts", _] => On::ServiceAccount(None),
        ["secretmanager", ..] => On::Secret(None),
        ["artifactregistry", ..] => On::Repository,
        ["serviceusage", ..] => On::Project,
        _ => On::Resource("resource"),
    }
}

impl fmt::Display for RoleGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, permission, to, on } = self;
        match (role, permission) {
            (Some(role), _) => write!(f, "grant {role} on {on} to {to}"),
            (None, Some(permission)) => write!(f, "grant a role with {permission} on {on} to {to}"),
            (None, None) => write!(f, "grant a role that allows this on {on} to {to}"),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("the caller"),
            Self::Runtime(Some(account)) | Self::ServiceAgent(Some(account)) => {
                write!(f, "serviceAccount:{account}")
            }
            Self::Runtime(None) => f.write_str("the service account that it runs as"),
            Self::ServiceAgent(None) => f.write_str("the Cloud Run service agent of the project"),
        }
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(noun) => write!(f, "the {noun} or its project"),
            Self::Project => f.write_str("the project"),
            Self::ServiceAccount(account) => f.write_str(account.as_deref().unwrap_or("the service account")),
            Self::Secret(secret) => f.write_str(secret.as_deref().unwrap_or("the secret")),
            Self::Repository => f.write_str("the image's repository"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permission_has_one_role() {
        for (permission, role, on) in [
            ("run.services.get", Some("roles/run.viewer"), "the service or its project"),
            ("run.services.list", Some("roles/run.viewer"), "the project"),
            ("run.services.getIamPolicy", Some("roles/run.viewer"), "the service or its project"),
            ("run.services.setIamPolicy", Some("roles/run.admin"), "the service or its project"),
            ("run.services.create", Some("roles/run.developer"), "the project"),
            ("run.services.update", Some("roles/run.developer"), "the service or its project"),
            ("run.services.delete", Some("roles/run.developer"), "the service or its project"),
            ("run.revisions.get", Some("roles/run.viewer"), "the service or its project"),
            ("run.revisions.delete", Some("roles/run.developer"), "the service or its project"),
            ("run.routes.invoke", Some("roles/run.invoker"), "the service or its project"),
            ("run.operations.get", Some("roles/run.viewer"), "the project"),
            ("run.jobs.get", Some("roles/run.viewer"), "the job or its project"),
            ("run.jobs.run", Some("roles/run.jobsExecutor"), "the job or its project"),
            (
                "run.jobs.runWithOverrides",
                Some("roles/run.jobsExecutorWithOverrides"),
                "the job or its project",
            ),
            ("run.executions.cancel", Some("roles/run.jobsExecutor"), "the job or its project"),
            ("run.executions.delete", Some("roles/run.developer"), "the job or its project"),
            ("run.workerpools.update", Some("roles/run.developer"), "the worker pool or its project"),
            ("run.instances.stop", Some("roles/run.developer"), "the instance or its project"),
            ("run.domainmappings.create", Some("roles/editor"), "the project"),
            ("run.domainmappings.get", None, "the project"),
            ("run.domainmappings.list", None, "the project"),
            ("iam.serviceaccounts.actAs", Some("roles/iam.serviceAccountUser"), "the service account"),
            ("iam.serviceAccounts.actAs", Some("roles/iam.serviceAccountUser"), "the service account"),
            (
                "iam.serviceAccounts.getAccessToken",
                Some("roles/iam.serviceAccountTokenCreator"),
                "the service account",
            ),
            ("secretmanager.versions.access", Some("roles/secretmanager.secretAccessor"), "the secret"),
            ("serviceusage.services.use", Some("roles/serviceusage.serviceUsageConsumer"), "the project"),
            ("storage.objects.get", None, "the resource or its project"),
        ] {
            let grant = RoleGrant::to_caller(Some(permission));
            assert_eq!((grant.role, grant.on.to_string().as_str()), (role, on), "{permission}");
        }
    }

    #[test]
    fn a_role_that_is_not_known_is_not_guessed() {
        for (permission, expected) in [
            (Some("run.jobs.get"), "grant roles/run.viewer on the job or its project to the caller"),
            (Some("a.b.c"), "grant a role with a.b.c on the resource or its project to the caller"),
            (None, "grant a role that allows this on the resource or its project to the caller"),
        ] {
            assert_eq!(RoleGrant::to_caller(permission).to_string(), expected);
        }
    }
}
