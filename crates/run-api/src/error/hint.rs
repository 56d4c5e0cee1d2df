//! What to do about an error.

use super::{Error, ErrorKind};

impl Error {
    /// What to do next, in a sentence for people.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        of(self)
    }
}

fn of(error: &Error) -> Option<String> {
    let text = match error.kind() {
        ErrorKind::InvalidInput => return None,
        ErrorKind::Credentials => {
            "log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
        }
        ErrorKind::Connect => "check that the endpoint is right and that something listens there",
        ErrorKind::Unreachable => {
            "check the endpoint: its host name, http or https, and whether its certificate is trusted here"
        }
        ErrorKind::Timeout | ErrorKind::Transport if !error.is_outcome_unknown() => {
            "try again: the network or the server is slow or unstable"
        }
        ErrorKind::Timeout | ErrorKind::Transport => {
            "the request may have been applied: read the resource before trying again"
        }
        ErrorKind::Decode => {
            "check that the endpoint is a Cloud Run Admin API v1 and not a proxy or another service"
        }
        ErrorKind::Server => return of_answer(error),
    };
    Some(text.to_owned())
}

fn of_answer(error: &Error) -> Option<String> {
    if error.reason() == Some("SERVICE_DISABLED") {
        return Some("enable the API: `gcloud services enable run.googleapis.com`".to_owned());
    }
    if error.is_foreign_answer() {
        return Some(
            "check the region and the endpoint: this answer does not come from the Cloud Run API".to_owned(),
        );
    }
    let text = match error.http_status()? {
        401 => "log in again: the credential is missing, expired or for another service",
        403 if error.message().contains("iam.serviceaccounts.actAs") => {
            "grant the caller roles/iam.serviceAccountUser on the service's service account"
        }
        403 => match permission(error.message()) {
            Some(permission) => {
                return Some(format!(
                    "grant the caller a role with {permission} (for example roles/run.admin)"
                ));
            }
            None => "grant the caller a role that allows this (for example roles/run.admin)",
        },
        404 => "check the name, the project and the region",
        409 if error.is_conflict() => {
            "somebody else changed it at the same time: read it again and repeat the edit"
        }
        409 if error.message().contains("with different configuration") => {
            "remove the revision name from the template, or choose one that was never used"
        }
        409 => "choose another name, or update what is there",
        429 => "wait a minute: the quota counts requests per minute and region",
        500..=599 => "try again in a moment: the fault is on the server's side",
        _ => return None,
    };
    Some(text.to_owned())
}

/// The permission that a message such as "Permission 'run.services.get' denied on …" names.
fn permission(message: &str) -> Option<&str> {
    message.split('\'').find(|part| part.starts_with("run.") && !part.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_what_is_missing() {
        let denied = Error::from_status(
            403,
            "PERMISSION_DENIED",
            "Permission 'run.services.get' denied on resource 'namespaces/p/services/s' (or resource may not exist).",
        );
        assert_eq!(
            denied.hint().unwrap(),
            "grant the caller a role with run.services.get (for example roles/run.admin)"
        );
        let act_as = Error::from_status(
            403,
            "PERMISSION_DENIED",
            "Permission 'iam.serviceaccounts.actAs' denied on service account x (or it may not exist).",
        );
        assert!(act_as.hint().unwrap().contains("roles/iam.serviceAccountUser"));
    }

    #[test]
    fn every_kind_but_bad_input_has_a_hint() {
        for kind in [
            ErrorKind::Credentials,
            ErrorKind::Connect,
            ErrorKind::Unreachable,
            ErrorKind::Timeout,
            ErrorKind::Transport,
            ErrorKind::Decode,
        ] {
            assert!(Error::from_kind(kind, "").hint().is_some(), "{kind:?}");
        }
        assert_eq!(Error::invalid_input("x").hint(), None);
    }
}
