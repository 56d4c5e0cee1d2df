use super::*;

#[test]
fn the_meanings_of_409_are_told_apart() {
    let stale = Error::from_status(409, "ABORTED", "Conflict for resource 's': version '1' was specified …");
    assert!(stale.is_conflict() && !stale.is_already_exists() && !stale.is_retryable());
    let taken =
        Error::from_status(409, "ALREADY_EXISTS", "Revision named 'r' with different configuration …");
    assert!(taken.is_already_exists() && !taken.is_conflict() && !taken.is_retryable());
}

#[test]
fn only_the_api_can_say_not_found() {
    let html = Error::from_answer(StatusCode::NOT_FOUND, &HeaderMap::new(), Bytes::from("<html>404</html>"));
    assert!(!html.is_not_found() && html.is_foreign_answer());
    assert_eq!(html.to_string(), "HTTP 404: the answer is not one of the API: <html>404</html>");
    assert!(Error::from_status(404, "NOT_FOUND", "no").is_not_found());
}

#[test]
fn what_may_have_happened() {
    for (error, retryable, applied) in [
        (Error::from_kind(ErrorKind::Connect, ""), true, false),
        (Error::from_kind(ErrorKind::Unreachable, ""), false, false),
        (Error::from_kind(ErrorKind::Timeout, ""), true, true),
        (Error::from_kind(ErrorKind::Transport, ""), true, true),
        (Error::from_kind(ErrorKind::Credentials, ""), false, false),
        (Error::from_status(429, "RESOURCE_EXHAUSTED", ""), true, false),
        (Error::from_status(503, "UNAVAILABLE", ""), true, true),
        (Error::from_status(408, "DEADLINE_EXCEEDED", ""), true, true),
        (Error::from_status(403, "PERMISSION_DENIED", ""), false, false),
        (Error::from_status(302, "FOUND", ""), false, true),
        (Error::from_foreign(101, ""), false, true),
        (Error::from_foreign(302, ""), false, true),
        (Error::from_foreign(403, "<html>forbidden</html>"), false, true),
        (Error::from_foreign(404, "<html>not found</html>"), false, true),
        (Error::from_foreign(429, "slow down"), true, true),
        (Error::from_foreign(600, ""), false, true),
    ] {
        assert_eq!((error.is_retryable(), error.may_have_been_applied()), (retryable, applied), "{error:?}");
    }
}

#[test]
fn only_a_write_has_an_unknown_outcome() {
    for (operation, unknown) in [
        ("get_service", false),
        ("list_services_in_location", false),
        ("test_service_iam_permissions", false),
        ("replace_service", true),
        ("create_job", true),
        ("wait_operation", true),
    ] {
        let error = Error::from_kind(ErrorKind::Timeout, "").with_operation(operation);
        assert_eq!(error.is_outcome_unknown(), unknown, "{operation}");
        assert!(error.may_have_been_applied());
    }
    assert!(Error::from_status(503, "UNAVAILABLE", "").is_outcome_unknown(), "it may be a write");
    assert!(!Error::from_kind(ErrorKind::Connect, "").is_outcome_unknown());
}

#[test]
fn display_names_operation_resource_and_fields() {
    let body = r#"{"error":{"code":400,"message":"The request has errors","status":"INVALID_ARGUMENT","details":[
        {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"spec.traffic","description":"bad"}]}]}}"#;
    let error = Error::from_answer(StatusCode::BAD_REQUEST, &HeaderMap::new(), Bytes::from(body))
        .about("create_service", "projects/p/locations/r/services/s");
    assert_eq!(
        error.to_string(),
        "create_service projects/p/locations/r/services/s: INVALID_ARGUMENT (400): The request has errors; \
         spec.traffic: bad"
    );
    assert!(error.is_invalid_argument());
}
