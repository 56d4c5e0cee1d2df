//! What can be found out about an operation that failed, for people.

use run_ops::{CloudRun, Diagnosis, Error, ErrorKind, FailureReport, Hint, Ops};

use run_api::ServiceRef;

use crate::gcloud::{self, Standing};
use crate::terminal::Failure;

/// The failure of a deployment or a change of traffic: the error, its cause with the stable code, what is left behind,
/// and what to do. Reads the service if it is the service that failed; that this fails hides nothing.
pub(crate) async fn explained<C: CloudRun>(ops: &Ops<C>, service: &ServiceRef, error: Error) -> Failure {
    // What stands in the way of a token has nothing to do with the service.
    if error.api().is_some_and(|api| api.kind() == run_api::ErrorKind::Credentials) {
        return Failure::from(error);
    }
    let report = match error.kind() {
        ErrorKind::Failed => ops.failure_report(service).await.ok().flatten(),
        _ => None,
    };
    // Of a later generation, it would be somebody else's failure.
    let report = report.filter(|report| {
        error.written().is_none_or(|written| report.generation == Some(written.generation()))
    });
    let diagnosis = match &report {
        Some(report) => Some(report.diagnosis.clone()),
        None => Diagnosis::of_error(&error),
    };
    let failure = Failure::from(error);
    let Some(diagnosis) = diagnosis.filter(|diagnosis| !diagnosis.hints.is_empty()) else { return failure };
    let mut failure = failure.detail(format!("cause: {} [{}]", diagnosis.cause, diagnosis.cause.code()));
    for line in report.iter().flat_map(left_behind) {
        failure = failure.detail(line);
    }
    let hints: Vec<String> = diagnosis.hints.iter().filter_map(|hint| advice(hint, service)).collect();
    if hints.is_empty() { failure } else { failure.advised(hints) }
}

fn left_behind(report: &FailureReport) -> Vec<String> {
    let logs = report.revision.as_ref().and_then(|revision| revision.log_url.as_ref());
    let logs = logs.map(|url| format!("logs: {url}"));
    logs.into_iter().chain(report.left_behind.to_string().lines().map(str::to_owned)).collect()
}

/// A hint in terms of commands; none if it is about calls of a library.
fn advice(hint: &Hint, service: &ServiceRef) -> Option<String> {
    match hint {
        Hint::Call { call: "Ops::repair", why } => {
            Some(format!("`runctl services repair {}` {why}", service.name))
        }
        Hint::Call { .. } => None,
        Hint::Flag { flag, why } if !is_known(flag) => Some(format!("with gcloud, pass `{flag}`: {why}")),
        hint => Some(hint.to_string()),
    }
}

/// Whether runctl has this flag of gcloud's.
fn is_known(flag: &str) -> bool {
    gcloud::flag(flag).is_some_and(|(_, standing)| standing == Standing::Taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_about_commands() {
        let service = ServiceRef::new("p", "us-central1", "hello").unwrap();
        let of = |status, message: &str| {
            let error = run_api::Error::from_status(403, status, message);
            let diagnosis = Diagnosis::of_api(&error);
            diagnosis.hints.iter().filter_map(|hint| advice(hint, &service)).collect::<Vec<_>>()
        };
        let denied = of("PERMISSION_DENIED", "Permission 'run.services.update' denied on resource 'x'");
        assert_eq!(denied[0], "grant roles/run.developer on the service or its project to the caller");
        assert!(
            is_known("--image")
                && is_known("--memory")
                && is_known("--startup-probe")
                && !is_known("--source")
        );
    }
}
