//! That nothing changes is the server's word.

use super::*;
use mockall::Sequence;

#[tokio::test]
async fn an_edit_that_changes_nothing_is_confirmed_by_a_dry_run() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Ok(stored("1", &["A"])));
    api.services.expect_dry_replace().once().returning(|_, body| {
        let content = |service| crate::write::write_id::content(service).unwrap();
        assert_eq!(content(body), content(&stored("1", &["A"])), "but for the id of this question");
        Ok(body.clone())
    });
    let written = Ops::new(api)
        .update_service(&hello(), |service| {
            service.set_env("A", "x");
            service.container_mut().args.clear();
            Ok(())
        })
        .await
        .unwrap();
    assert!(!written.changed());
}

/// What is read is as wanted, and older than what somebody else has written since.
#[tokio::test(start_paused = true)]
async fn a_stale_read_that_equals_the_wish_is_no_success() {
    let mut api = MockCloudRun::new();
    let mut order = Sequence::new();
    let unavailable = || run_api::Error::from_status(503, "UNAVAILABLE", "passing");
    api.services.expect_get().once().in_sequence(&mut order).returning(|_| Ok(stored("1", &["A"])));
    api.services
        .expect_dry_replace()
        .once()
        .in_sequence(&mut order)
        .returning(move |_, _| Err(unavailable()));
    api.services.expect_dry_replace().once().in_sequence(&mut order).returning(|_, _| Err(conflict()));
    api.services.expect_get().once().in_sequence(&mut order).returning(|_| Ok(stored("2", &[])));
    api.services.expect_replace().once().in_sequence(&mut order).returning(|_, body| Ok(body.clone()));
    let edit = |service: &mut Service| {
        service.set_env("A", "x");
        Ok(())
    };
    assert!(Ops::new(api).update_service(&hello(), edit).await.unwrap().changed());
}

/// A stale read, and then the answer to that read: it lacks the id of the dry run, so the server is asked again.
#[tokio::test(start_paused = true)]
async fn the_answer_to_the_read_confirms_nothing() {
    let (mut api, mut reads, mut questions) = (MockCloudRun::new(), 0, 0);
    api.services.expect_get().times(2).returning(move |_| {
        reads += 1;
        Ok(if reads == 1 { stored("1", &["A"]) } else { stored("2", &[]) })
    });
    api.services.expect_dry_replace().times(2).returning(move |_, _| {
        questions += 1;
        if questions == 1 { Ok(stored("1", &["A"])) } else { Err(conflict()) }
    });
    api.services.expect_replace().once().returning(|_, body| Ok(body.clone()));
    let edit = |service: &mut Service| {
        service.set_env("A", "x");
        Ok(())
    };
    assert!(Ops::new(api).update_service(&hello(), edit).await.unwrap().changed());
}

/// What the server says of a dry run that no write would survive is the answer; a name of another client's is not.
#[tokio::test]
async fn what_refuses_a_confirmation() {
    for (refusal, stands) in [
        (run_api::Error::from_status(403, "PERMISSION_DENIED", "no"), false),
        (
            run_api::Error::from_status(409, "ALREADY_EXISTS", "Revision named 'hello-v1' with different …"),
            true,
        ),
    ] {
        let mut api = MockCloudRun::new();
        api.services.expect_get().once().returning(|_| Ok(stored("1", &["A"])));
        let mut refusal = Some(refusal);
        api.services.expect_dry_replace().once().returning(move |_, _| Err(refusal.take().unwrap()));
        let result = Ops::new(api).update_service(&hello(), |_| Ok(())).await;
        assert_eq!(result.is_ok_and(|written| !written.changed()), stands);
    }
    // Of several regions a dry run is not known to write nothing.
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| {
        let mut service = stored("1", &["A"]);
        let annotations = &mut service.metadata.as_mut().unwrap().annotations;
        annotations.insert(REGIONS.to_owned(), "us-central1,europe-west1".to_owned());
        Ok(service)
    });
    assert!(!Ops::new(api).update_service(&hello(), |_| Ok(())).await.unwrap().changed());
}
