//! Which role brings a permission.

/// The smallest predefined role with a permission on Cloud Run.
///
/// (Source: <https://cloud.google.com/run/docs/reference/iam/roles>; the spelling of `actAs` is the server's in
/// its refusals.)
pub(crate) fn role_for(permission: &str) -> &'static str {
    match permission {
        "run.services.create" | "run.services.update" | "run.services.delete" | "run.revisions.delete" => {
            "roles/run.developer"
        }
        "run.services.get"
        | "run.services.list"
        | "run.services.getIamPolicy"
        | "run.revisions.get"
        | "run.revisions.list"
        | "run.operations.get" => "roles/run.viewer",
        "run.routes.invoke" => "roles/run.invoker",
        permission if permission.eq_ignore_ascii_case("iam.serviceAccounts.actAs") => {
            "roles/iam.serviceAccountUser"
        }
        _ => "roles/run.admin",
    }
}
