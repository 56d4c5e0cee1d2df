//! Which failures pass by themselves.

use google_cloud_gax::error::rpc::{Code, Status};
use google_cloud_gax::error::{CredentialsError, Error as GaxError};
use google_cloud_gax::retry_policy::RetryPolicy;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use run_api::ErrorKind;

/// Tries again what may pass: no connection, no or a broken answer, 408, 429, 500, 502, 503, 504, and `ABORTED` of a
/// read (a write that is aborted starts over with a fresh read, which no policy decides). Without a limit;
/// add one with [`with_attempt_limit`](super::RetryPolicyExt::with_attempt_limit) and
/// [`with_time_limit`](super::RetryPolicyExt::with_time_limit).
///
/// What is not idempotent is tried again only if it cannot have been applied: no connection, or 429. (The strict
/// policy of Google's clients tries only 503 and broken connections again; this API's users report the others as
/// passing, too.)
///
/// A host that does not exist, a certificate that is not trusted and another protocol are no passing faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransientFaults;

impl RetryPolicy for TransientFaults {
    fn on_error(&self, state: &RetryState, error: GaxError) -> RetryResult {
        let status = error.http_status_code();
        let before = error.is_transient_and_before_rpc() || status == Some(429);
        let broken = error.is_io() || error.is_timeout() || error.is_deserialization();
        // A read has no version that could be stale: the server gave up on a transaction of its own.
        let aborted = error.status().is_some_and(|status| status.code == Code::Aborted);
        let passing = broken || aborted || matches!(status, Some(408 | 500 | 502 | 503 | 504));
        if before || (passing && state.idempotent) {
            RetryResult::Continue(error)
        } else {
            RetryResult::Permanent(error)
        }
    }
}

/// An error in the form that the policies judge.
pub(crate) fn as_gax(error: &run_api::Error) -> GaxError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::Credentials => GaxError::authentication(CredentialsError::from_msg(false, text)),
        ErrorKind::Connect => GaxError::connect(text),
        ErrorKind::Timeout => GaxError::timeout(text),
        ErrorKind::Transport => GaxError::io(text),
        ErrorKind::Decode => GaxError::deser(text),
        ErrorKind::Server => {
            let code = error.status().and_then(|status| Code::try_from(status).ok()).unwrap_or(Code::Unknown);
            let status = Status::default().set_code(code).set_message(error.message());
            GaxError::service_with_http_metadata(status, error.http_status(), None)
        }
        // Of a kind that no policy tries again.
        _ => GaxError::binding(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::Error;

    #[test]
    fn what_is_tried_again() {
        for (error, read, write) in [
            (Error::from_kind(ErrorKind::Connect, ""), true, true),
            (Error::from_kind(ErrorKind::Unreachable, ""), false, false),
            (Error::from_kind(ErrorKind::Timeout, ""), true, false),
            (Error::from_kind(ErrorKind::Transport, ""), true, false),
            (Error::from_kind(ErrorKind::Decode, ""), true, false),
            (Error::from_kind(ErrorKind::Credentials, ""), false, false),
            (Error::from_kind(ErrorKind::InvalidInput, ""), false, false),
            (Error::from_status(408, "DEADLINE_EXCEEDED", ""), true, false),
            (Error::from_status(429, "RESOURCE_EXHAUSTED", ""), true, true),
            (Error::from_status(500, "INTERNAL", ""), true, false),
            (Error::from_status(502, "nothing known", ""), true, false),
            (Error::from_status(503, "UNAVAILABLE", ""), true, false),
            (Error::from_status(504, "DEADLINE_EXCEEDED", ""), true, false),
            (Error::from_status(400, "INVALID_ARGUMENT", ""), false, false),
            (Error::from_status(401, "UNAUTHENTICATED", ""), false, false),
            (Error::from_status(403, "PERMISSION_DENIED", ""), false, false),
            (Error::from_status(404, "NOT_FOUND", ""), false, false),
            (Error::from_status(409, "ABORTED", ""), true, false),
            (Error::from_status(409, "ALREADY_EXISTS", ""), false, false),
            (Error::from_status(501, "UNIMPLEMENTED", ""), false, false),
        ] {
            for (idempotent, expected) in [(true, read), (false, write)] {
                let again =
                    TransientFaults.on_error(&RetryState::new(idempotent), as_gax(&error)).is_continue();
                assert_eq!(again, expected, "{error:?}, idempotent: {idempotent}");
            }
        }
    }
}
