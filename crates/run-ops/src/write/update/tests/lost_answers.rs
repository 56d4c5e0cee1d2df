//! No answer, or one that is not of this write.

use super::*;

/// A proxy gives the answer to the read before, or that of another object: the write is looked for, and not sent again.
#[tokio::test(start_paused = true)]
async fn an_answer_to_another_request_is_no_answer() {
    for other in [false, true] {
        let mut api = MockCloudRun::new();
        let store = Arc::new(Mutex::new(stored("1", &[])));
        let seen = store.clone();
        api.services.expect_get().times(2).returning(move |_| Ok(seen.lock().unwrap().clone()));
        api.services.expect_replace().once().returning(move |_, body| {
            let mut store = store.lock().unwrap();
            let mut answer = store.clone();
            *store = body.clone();
            let metadata = store.metadata.as_mut().unwrap();
            (metadata.generation, metadata.resource_version) = (Some(2), Some("2".to_owned()));
            if other {
                let metadata = answer.metadata.as_mut().unwrap();
                (metadata.uid, metadata.resource_version) = (Some("other".to_owned()), Some("9".to_owned()));
            }
            Ok(answer)
        });
        let edit = |service: &mut Service| {
            service.set_env("OURS", "1");
            Ok(())
        };
        let written = Ops::new(api).update_service(&hello(), edit).await.unwrap();
        assert_eq!((written.uid(), written.generation(), written.changed()), ("u", 2, true));
    }
}

/// A server with versions, which loses the answers to the first writes, having stored them or not. What it
/// stores late, it stores at the next read.
fn losing(answers: u32, stored: Stored) -> (MockCloudRun, Arc<Mutex<u32>>) {
    let store = Arc::new(Mutex::new((stored_at(1, &[]), answers, None::<Service>)));
    let writes = Arc::new(Mutex::new(0));
    let mut api = MockCloudRun::new();
    let (seen, count) = (store.clone(), writes.clone());
    let put = move |store: &mut Service, sent: &Service| {
        let version = |service: &Service| service.metadata.as_ref().unwrap().resource_version.clone();
        if version(store) != version(sent) {
            return Err(conflict());
        }
        *store = sent.clone();
        let metadata = store.metadata.as_mut().unwrap();
        let generation = metadata.generation.unwrap() + 1;
        metadata.generation = Some(generation);
        metadata.resource_version = Some(generation.to_string());
        *count.lock().unwrap() += 1;
        Ok(())
    };
    let put_late = put.clone();
    api.services.expect_get().returning(move |_| {
        let mut store = seen.lock().unwrap();
        let found = store.0.clone();
        if let Some(late) = store.2.take() {
            // For a version that may be no more.
            let _ = put_late(&mut store.0, &late);
        }
        Ok(found)
    });
    api.services.expect_replace().returning(move |_, sent| {
        let mut store = store.lock().unwrap();
        if store.1 > 0 {
            store.1 -= 1;
            match stored {
                Stored::Yes => put(&mut store.0, sent)?,
                Stored::Later => store.2 = Some(sent.clone()),
                Stored::No => {}
            }
            return Err(run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"));
        }
        put(&mut store.0, sent)?;
        Ok(store.0.clone())
    });
    (api, writes)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stored {
    Yes,
    No,
    Later,
}

/// The edit appends, so that running twice would show.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_never_applies_an_edit_twice() {
    for stored in [Stored::Yes, Stored::No, Stored::Later] {
        for answers in 1..=3 {
            let (api, writes) = losing(answers, stored);
            let written = Ops::new(api)
                .update_service(&hello(), |service| {
                    service.container_mut().args.push("--verbose".to_owned());
                    Ok(())
                })
                .await
                .unwrap();
            assert!(written.changed());
            assert_eq!(written.generation(), 2, "{stored:?}, {answers} answers lost");
            assert_eq!(written.service().clone().container_mut().args, ["--verbose"]);
            assert_eq!(*writes.lock().unwrap(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_attempts_left_a_last_look_tells() {
    let edit = |service: &mut Service| {
        service.set_env("A", "1");
        Ok(())
    };
    let (api, _) = losing(1, Stored::Yes);
    let ops = Ops::new(api).retry_policy(crate::retry::NeverRetry);
    assert_eq!(ops.update_service(&hello(), edit).await.unwrap().generation(), 2);
    let (api, _) = losing(1, Stored::No);
    let ops = Ops::new(api).retry_policy(crate::retry::NeverRetry);
    let error = ops.update_service(&hello(), edit).await.unwrap_err();
    assert!(error.is_outcome_unknown());
    assert!(error.to_string().contains("sent was the replacement "), "{error}");
}

/// The request comes to the server twice, and the answer is the second one's.
#[tokio::test(start_paused = true)]
async fn a_write_that_is_delivered_twice_is_our_own() {
    for attempts in [1, 20] {
        let store = Arc::new(Mutex::new(stored_at(1, &[])));
        let mut api = MockCloudRun::new();
        let (seen, mut stale) = (store.clone(), 1);
        let first = store.lock().unwrap().clone();
        api.services.expect_get().returning(move |_| {
            // The second look is older than the write.
            stale += 1;
            Ok(if stale == 3 { first.clone() } else { seen.lock().unwrap().clone() })
        });
        api.services.expect_replace().returning(move |_, sent| {
            let mut store = store.lock().unwrap();
            if sent.metadata.as_ref().unwrap().resource_version
                == store.metadata.as_ref().unwrap().resource_version
            {
                *store = sent.clone();
                let metadata = store.metadata.as_mut().unwrap();
                (metadata.generation, metadata.resource_version) = (Some(2), Some("2".to_owned()));
            }
            Err(conflict())
        });
        let written = Ops::new(api)
            .conflict_attempts(attempts)
            .update_service(&hello(), |service| {
                service.container_mut().args.push("--verbose".to_owned());
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!((written.generation(), written.changed()), (2, true));
        assert_eq!(written.service().clone().container_mut().args.len(), 1);
    }
}

/// A server that answers the replacements so, and where nothing is ever written; `reads` says what is read.
fn answering(
    answers: Vec<fn() -> run_api::Error>,
    mut reads: impl FnMut(usize) -> Service + Send + 'static,
) -> Ops<MockCloudRun> {
    let mut api = MockCloudRun::new();
    let (mut count, mut answers) = (0, answers.into_iter());
    api.services.expect_get().returning(move |_| {
        count += 1;
        Ok(reads(count))
    });
    api.services.expect_replace().returning(move |_, _| Err(answers.next().unwrap()()));
    let few = crate::retry::RetryPolicyExt::with_attempt_limit(crate::retry::TransientFaults, 3);
    Ops::new(api).retry_policy(few)
}

/// The first attempt may still be on its way when a later one is refused.
#[tokio::test(start_paused = true)]
async fn a_refusal_says_nothing_of_an_earlier_attempt() {
    let unchanged = |_| stored("1", &[]);
    let moved = |read| match read {
        1 => stored("1", &[]),
        _ => {
            let mut theirs = stored_at(2, &[]);
            WriteId::new().stamp(theirs.metadata.as_mut().unwrap(), None);
            theirs
        }
    };
    let error =
        answering(vec![timeout, denied], unchanged).update_service(&hello(), set_a).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert!(error.to_string().contains("Permission 'run.services.update' denied"), "{error}");
    // It was for a version that is no more.
    let error = answering(vec![timeout, denied], moved).update_service(&hello(), set_a).await.unwrap_err();
    assert!(error.is_permission_denied() && !error.is_outcome_unknown(), "{error}");
    // That the API reports a fault of its own is no proof.
    let error = answering(vec![timeout, unavailable, unavailable], unchanged)
        .update_service(&hello(), set_a)
        .await
        .unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    // A gateway does not know what became of it.
    let gateway = || run_api::Error::from_status(504, "DEADLINE_EXCEEDED", "gateway");
    let error = answering(vec![gateway; 3], unchanged).update_service(&hello(), set_a).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    // Somebody else is always faster, as it seems: or was it the first attempt, and the reads are stale?
    let error = answering(vec![timeout, conflict], unchanged)
        .conflict_attempts(1)
        .update_service(&hello(), set_a)
        .await
        .unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}

/// Nothing is built on a read that is older than what was to be replaced.
#[tokio::test(start_paused = true)]
async fn a_stale_read_settles_nothing() {
    let store = Arc::new(Mutex::new(stored_at(4, &[])));
    let mut api = MockCloudRun::new();
    let (seen, mut reads) = (store.clone(), 0);
    api.services.expect_get().returning(move |_| {
        reads += 1;
        Ok(if (2..5).contains(&reads) { stored_at(3, &[]) } else { seen.lock().unwrap().clone() })
    });
    api.services.expect_replace().once().returning(move |_, sent| {
        let mut applied = sent.clone();
        let metadata = applied.metadata.as_mut().unwrap();
        (metadata.generation, metadata.resource_version) = (Some(5), Some("5".to_owned()));
        *store.lock().unwrap() = applied;
        Err(timeout())
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let edited = seen.clone();
    let edit = move |service: &mut Service| {
        edited.lock().unwrap().push(service.generation());
        set_a(service)
    };
    let written = Ops::new(api).update_service(&hello(), edit).await.unwrap();
    assert_eq!((written.generation(), written.changed()), (5, true));
    assert_eq!(*seen.lock().unwrap(), [Some(4)], "the edit is not run on the older state");
}
