//! Others write at the same time.

use super::*;
use mockall::Sequence;

#[tokio::test(start_paused = true)]
async fn after_a_conflict_the_edit_runs_on_what_the_other_wrote() {
    let mut api = MockCloudRun::new();
    let mut order = Sequence::new();
    api.services.expect_get().once().in_sequence(&mut order).returning(|_| Ok(stored("1", &[])));
    api.services.expect_replace().once().in_sequence(&mut order).returning(|_, _| Err(conflict()));
    api.services.expect_get().once().in_sequence(&mut order).returning(|_| Ok(stored("2", &["THEIRS"])));
    api.services
        .expect_replace()
        .once()
        .in_sequence(&mut order)
        .withf(|_, body| body.metadata.as_ref().unwrap().resource_version.as_deref() == Some("2"))
        .returning(|_, body| Ok(body.clone()));
    let written = Ops::new(api)
        .update_service(&hello(), |service| {
            service.set_env("OURS", "1");
            Ok(())
        })
        .await
        .unwrap();
    let mut service = written.service().clone();
    let names: Vec<_> = service.container_mut().env.iter().filter_map(|env| env.name.clone()).collect();
    assert_eq!(names, ["THEIRS", "OURS"]);
    assert_eq!(json(&service).unwrap()["spec"]["future"], true, "unknown fields are written back");
}

#[tokio::test(start_paused = true)]
async fn conflicts_without_end_are_given_up() {
    let mut api = MockCloudRun::new();
    // The last looks are for a newer state, in which the write may be after all.
    api.services.expect_get().returning(|_| Ok(stored("1", &[])));
    api.services.expect_replace().times(3).returning(|_, _| Err(conflict()));
    let error = Ops::new(api)
        .conflict_attempts(3)
        .update_service(&hello(), |service| {
            service.set_env("A", "1");
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
}

/// Two minutes may pass before the quota allows a write: whoever wrote meanwhile is no conflict.
#[tokio::test(start_paused = true)]
async fn a_write_that_was_held_back_is_made_for_what_is_there_then() {
    let mut api = MockCloudRun::new();
    let mut order = Sequence::new();
    let mut read = |version: &'static str| {
        let expected = api.services.expect_get().once().in_sequence(&mut order);
        expected.returning(move |_| Ok(stored(version, &[])));
    };
    read("1");
    read("1");
    read("2");
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = sent.clone();
    api.services.expect_replace().times(2).returning(move |_, body| {
        seen.lock().unwrap().push(body.metadata.as_ref().unwrap().resource_version.clone().unwrap());
        Ok(body.clone())
    });
    let ops = Ops::new(api).writes_per_minute(1);
    for value in ["1", "2"] {
        let edit = |service: &mut Service| {
            service.set_env("A", value);
            Ok(())
        };
        ops.update_service(&hello(), edit).await.unwrap();
    }
    assert_eq!(*sent.lock().unwrap(), ["1", "2"]);
}

// https://github.com/hashicorp/terraform-provider-google/issues/9438
#[tokio::test]
async fn endless_409() {
    let mut api = MockCloudRun::new();
    // Once more to see whether the name is taken by our own work.
    api.services.expect_get().times(2).returning(|_| Ok(stored("1", &[])));
    api.services.expect_replace().once().returning(|_, _| {
        Err(run_api::Error::from_status(
            409,
            "ALREADY_EXISTS",
            "Revision named 'hello-v0' with different configuration already exists.",
        ))
    });
    let error = Ops::new(api)
        .update_service(&hello(), |service| {
            service.set_env("A", "1").set_revision_suffix("v0");
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(error.api().unwrap().is_already_exists());
}

/// Gone is told with what showed it.
#[tokio::test(start_paused = true)]
async fn gone_keeps_its_source() {
    let not_found = || run_api::Error::from_status(404, "NOT_FOUND", "no");
    for (answer, source) in [(conflict as fn() -> run_api::Error, 404), (unavailable, 503)] {
        let mut api = MockCloudRun::new();
        api.services.expect_get().once().returning(|_| Ok(stored("1", &[])));
        api.services.expect_get().returning(move |_| Err(not_found()));
        api.services.expect_replace().once().returning(move |_, _| Err(answer()));
        let error = Ops::new(api).update_service(&hello(), set_a).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gone, "{error}");
        assert_eq!(error.api().unwrap().http_status(), Some(source));
    }
}

/// A server that refuses a stale version is in good health: the retry policy has no say, and nothing is used up of it.
#[tokio::test(start_paused = true)]
async fn conflicts_are_no_attempts() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(|_| Ok(stored("1", &[])));
    let mut answers = vec![None, Some(unavailable()), Some(conflict()), Some(conflict()), Some(conflict())];
    api.services.expect_replace().times(5).returning(move |_, body| match answers.pop().unwrap() {
        Some(error) => Err(error),
        None => Ok(body.clone()),
    });
    let two = crate::retry::RetryPolicyExt::with_attempt_limit(crate::retry::TransientFaults, 2);
    let ops = Ops::new(api).retry_policy(two).conflict_attempts(4);
    ops.update_service(&hello(), set_a).await.unwrap();
}
