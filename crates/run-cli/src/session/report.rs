//! What can be found out about an operation that failed, for people.

use run_ops::{CloudRun, Diagnosis, Error, ErrorKind, FailureReport, Ops};

use run_api::ServiceRef;

use crate::terminal::{Failure, hints};

/// The failure of a deployment or a change of traffic: the error, its cause with the stable code, what is left behind,
/// and what to do. Reads the service if it is the service that failed; that this fails hides nothing.
pub(crate) async fn explained<C: CloudRun>(ops: &Ops<C>, service: &ServiceRef, error: Error) -> Failure {
    // What kept a request from being answered has nothing to do with the service.
    if error.api().is_some_and(|api| api.http_status().is_none()) {
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
    let Some(diagnosis) = diagnosis.filter(|diagnosis| !diagnosis.remedies.is_empty()) else {
        return failure;
    };
    let mut failure = failure.detail(format!("cause: {} [{}]", diagnosis.cause, diagnosis.cause.code()));
    for line in report.iter().flat_map(left_behind) {
        failure = failure.detail(line);
    }
    failure.advised(hints(&diagnosis.remedies, Some(&service.id())))
}

fn left_behind(report: &FailureReport) -> Vec<String> {
    let logs = report.revision.as_ref().and_then(|revision| revision.log_url.as_ref());
    let logs = logs.map(|url| format!("logs: {url}"));
    logs.into_iter().chain(report.left_behind.to_string().lines().map(str::to_owned)).collect()
}
