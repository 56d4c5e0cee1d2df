use super::*;
use crate::write::write_id::json;
use crate::{MockCloudRun, ServiceEdit, TrafficChange};
use mockall::Sequence;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::Resource;
use serde_json::json;
use std::sync::{Arc, Mutex};

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

fn stored(version: &str, env: &[&str]) -> Service {
    let env: Vec<_> = env.iter().map(|name| json!({"name": name, "value": "x"})).collect();
    serde_json::from_value(json!({
        "metadata": {"name": "hello", "uid": "u", "generation": 1, "resourceVersion": version},
        "spec": {
            "template": {"metadata": {"name": "hello-v1"}, "spec": {"containers": [{"image": "i", "env": env}]}},
            "future": true,
        },
    }))
    .unwrap()
}

fn conflict() -> run_api::Error {
    run_api::Error::from_status(409, "ABORTED", "Conflict for resource 'hello': version '1' was specified …")
}

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

fn stored_at(generation: i32, env: &[&str]) -> Service {
    let mut service = stored(&generation.to_string(), env);
    service.metadata.as_mut().unwrap().generation = Some(generation);
    service
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

#[tokio::test]
async fn an_edit_that_changes_nothing_is_confirmed_by_a_dry_run() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Ok(stored("1", &["A"])));
    api.services.expect_dry_replace().once().returning(|_, body| {
        assert_eq!(*body, stored("1", &["A"]));
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

#[tokio::test]
async fn a_refused_edit_sends_nothing() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().once().returning(|_| Ok(stored("1", &[])));
    let refuse = |_: &mut Service| Err(Error::invalid("not this one"));
    let error = Ops::new(api).update_service(&hello(), refuse).await.unwrap_err();
    assert_eq!(error.to_string(), "service `hello` (project p, region us-central1): not this one");
}

// https://github.com/hashicorp/terraform-provider-google/issues/13410
#[test]
fn a_stale_revision_name_is_dropped_and_a_new_one_kept() {
    let revision_name = |mut edit: fn(&mut Service) -> Result<()>| {
        let after = edited(&stored("1", &[]), &mut edit).unwrap().unwrap();
        after.object.spec.unwrap().template.unwrap().metadata.and_then(|metadata| metadata.name)
    };
    let unnamed = revision_name(|service| {
        service.set_env("A", "1");
        Ok(())
    });
    assert_eq!(unnamed, None);
    let named = revision_name(|service| {
        service.set_env("A", "1").set_revision_suffix("v2");
        Ok(())
    });
    assert_eq!(named.as_deref(), Some("hello-v2"));
    let untouched = revision_name(|service| {
        service.metadata.as_mut().unwrap().labels.insert("a".to_owned(), "b".to_owned());
        Ok(())
    });
    assert_eq!(untouched.as_deref(), Some("hello-v1"));
}

#[test]
fn an_object_without_a_version_is_not_replaced() {
    let mut service = stored("1", &[]);
    service.metadata.as_mut().unwrap().resource_version = None;
    let error = edited(&service, &mut |service: &mut Service| {
        service.set_env("A", "1");
        Ok(())
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
}

/// What an edit can do to an object and its metadata, as far as it matters here.
#[derive(Clone, Debug)]
enum Violence {
    Forget,
    Replace(String, Option<String>),
    Clear(u8),
    Rename(u8, String),
    Start(String),
}

fn violence() -> impl Strategy<Value = Violence> {
    prop_oneof![
        Just(Violence::Forget),
        (".{0,8}", proptest::option::of("[a-z]{0,4}")).prop_map(|(name, uid)| Violence::Replace(name, uid)),
        (0..4u8).prop_map(Violence::Clear),
        (0..4u8, ".{0,8}").prop_map(|(field, text)| Violence::Rename(field, text)),
        "[a-z]{0,4}".prop_map(Violence::Start),
    ]
}

impl Violence {
    fn apply(&self, service: &mut Service) {
        let field = |service: &mut Service, field: u8, value: Option<String>| {
            let metadata = service.metadata.get_or_insert_default();
            match field {
                0 => metadata.name = value,
                1 => metadata.namespace = value,
                2 => metadata.uid = value,
                _ => metadata.resource_version = value,
            }
        };
        match self {
            Self::Forget => service.metadata = None,
            Self::Replace(name, uid) => {
                let metadata =
                    ObjectMeta { name: Some(name.clone()), uid: uid.clone(), ..Default::default() };
                service.metadata = Some(metadata);
            }
            Self::Clear(which) => field(service, *which, None),
            Self::Rename(which, text) => field(service, *which, Some(text.clone())),
            Self::Start(image) => {
                *service = Service::default();
                service.set_image(image);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_edit_takes_away_what_the_object_is(violence in proptest::collection::vec(violence(), 0..5)) {
        let before = stored("7", &[]);
        let mut edit = |service: &mut Service| {
            violence.iter().for_each(|act| act.apply(service));
            service.set_env("EDITED", "1");
            Ok(())
        };
        let after = edited(&before, &mut edit).unwrap().unwrap().object;
        let identity = |service: &Service| {
            let metadata = service.metadata.clone().unwrap();
            (metadata.name, metadata.namespace, metadata.uid, metadata.resource_version)
        };
        prop_assert_eq!(identity(&after), identity(&before));
    }
}

/// The version goes with the request, too, so that a colleague's edit in between is noticed.
#[tokio::test(start_paused = true)]
async fn an_edit_without_metadata_keeps_the_lock() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(|_| Ok(stored("1", &[])));
    api.services
        .expect_replace()
        .once()
        .withf(|_, body| body.metadata.as_ref().unwrap().resource_version.as_deref() == Some("1"))
        .returning(|_, body| {
            let mut answer = body.clone();
            answer.metadata.as_mut().unwrap().generation = Some(2);
            Ok(answer)
        });
    let edit = |service: &mut Service| {
        service.metadata = None;
        set_a(service)
    };
    Ops::new(api).update_service(&hello(), edit).await.unwrap();
}

// https://github.com/firebase/firebase-tools/issues/10136
#[tokio::test(start_paused = true)]
async fn traffic_alone_never_drops_the_revision_name() {
    let mut api = MockCloudRun::new();
    api.services.expect_get().returning(|_| Ok(stored("1", &[])));
    api.services
        .expect_replace()
        .once()
        .withf(|_, body| {
            json(&body.spec.as_ref().unwrap().template).unwrap()
                == json(&stored("1", &[]).spec.unwrap().template).unwrap()
        })
        .returning(|_, _| {
            let message = "Revision named 'hello-v1' with different configuration already exists.";
            Err(run_api::Error::from_status(409, "ALREADY_EXISTS", message))
        });
    let edit = |service: &mut Service| {
        service.change_traffic(&TrafficChange::to_targets("hello-v0=10".parse().unwrap()))?;
        Ok(())
    };
    let error = Ops::new(api).update_service(&hello(), edit).await.unwrap_err();
    assert!(error.api().unwrap().is_already_exists());
    assert_eq!(error.remedies(), [crate::remedy::Remedy::NewRevision]);
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

fn timeout() -> run_api::Error {
    run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer")
}

fn unavailable() -> run_api::Error {
    run_api::Error::from_status(503, "UNAVAILABLE", "passing")
}

fn denied() -> run_api::Error {
    run_api::Error::from_status(403, "PERMISSION_DENIED", "Permission 'run.services.update' denied")
}

fn set_a(service: &mut Service) -> Result<()> {
    service.set_env("A", "1");
    Ok(())
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

/// A server on a bad day, by a seed: answers are lost, writes come late, reads are stale, others write in between.
struct BadDay {
    random: StdRng,
    now: Service,
    before: Service,
    late: Vec<Service>,
    /// The generations that our edit made.
    ours: Vec<i32>,
    writes: i32,
}

impl BadDay {
    fn new(seed: u64) -> Self {
        let mut now = stored_at(4, &[]);
        if seed.is_multiple_of(2) {
            WriteId::new().stamp(now.metadata.as_mut().unwrap(), None);
        }
        let random = StdRng::seed_from_u64(seed);
        Self { random, before: now.clone(), now, late: Vec::new(), ours: Vec::new(), writes: 4 }
    }

    fn odds(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn put(&mut self, sent: &Service) -> std::result::Result<(), run_api::Error> {
        let version = |service: &Service| service.metadata.as_ref().unwrap().resource_version.clone();
        if version(&self.now) != version(sent) {
            return Err(conflict());
        }
        let changes =
            serde_json::to_value(&sent.spec).unwrap() != serde_json::to_value(&self.now.spec).unwrap();
        let had = self.now.clone().container_mut().args.len();
        self.before = std::mem::replace(&mut self.now, sent.clone());
        self.writes += 1;
        let metadata = self.now.metadata.as_mut().unwrap();
        metadata.generation = metadata.generation.map(|generation| generation + i32::from(changes));
        metadata.resource_version = Some(self.writes.to_string());
        let generation = metadata.generation.unwrap();
        if self.now.container_mut().args.len() > had {
            self.ours.push(generation);
        }
        Ok(())
    }

    fn dry_replace(&mut self, sent: &Service) -> std::result::Result<Service, run_api::Error> {
        let version = |service: &Service| service.metadata.as_ref().unwrap().resource_version.clone();
        if version(&self.now) == version(sent) { Ok(sent.clone()) } else { Err(conflict()) }
    }

    /// What happens between two of our requests.
    fn pass(&mut self) {
        if self.odds(20) {
            let mut other = self.now.clone();
            match self.random.random_range(0..3) {
                // Only the status moves.
                0 => {}
                1 => drop(other.set_env("OTHER", &self.writes.to_string())),
                _ => {
                    let id = WriteId::new();
                    other.set_env("OTHER", &self.writes.to_string());
                    id.stamp(other.metadata.as_mut().unwrap(), self.now.metadata.as_ref());
                }
            }
            self.put(&other).unwrap();
        }
        if !self.late.is_empty() && self.odds(40) {
            let late = self.late.remove(0);
            let _ = self.put(&late);
        }
    }

    fn read(&mut self) -> Service {
        self.pass();
        if self.odds(25) { self.before.clone() } else { self.now.clone() }
    }

    fn replace(&mut self, sent: &Service) -> std::result::Result<Service, run_api::Error> {
        self.pass();
        let lost = [
            timeout(),
            run_api::Error::from_kind(run_api::ErrorKind::Transport, "reset"),
            run_api::Error::from_status(504, "DEADLINE_EXCEEDED", "gateway"),
        ];
        let lost = lost.into_iter().nth(self.random.random_range(0..3)).unwrap();
        match self.random.random_range(0..100) {
            0..15 => Err(lost),
            15..30 => {
                self.late.push(sent.clone());
                Err(lost)
            }
            30..50 => self.put(sent).and(Err(lost)),
            50..58 => Err(unavailable()),
            58..64 => self.put(sent).and(Err(unavailable())),
            64..72 => Err(denied()),
            72..80 => Err(conflict()),
            // It is delivered twice, and the answer is the second one's.
            80..86 => self.put(sent).and_then(|()| self.put(sent)).map(|()| self.now.clone()),
            _ => self.put(sent).map(|()| self.now.clone()),
        }
    }
}

/// Whatever is told is true, also of what arrives after it was told.
#[tokio::test(start_paused = true)]
async fn nothing_told_on_a_bad_day_is_a_lie() {
    let mut endings = [0; 3];
    for seed in 0..1500 {
        let day = Arc::new(Mutex::new(BadDay::new(seed)));
        let mut api = MockCloudRun::new();
        let (reads, writes) = (day.clone(), day.clone());
        api.services.expect_get().returning(move |_| Ok(reads.lock().unwrap().read()));
        api.services.expect_replace().returning(move |_, sent| writes.lock().unwrap().replace(sent));
        let dry = day.clone();
        api.services.expect_dry_replace().returning(move |_, sent| dry.lock().unwrap().dry_replace(sent));
        let few = crate::retry::RetryPolicyExt::with_attempt_limit(crate::retry::TransientFaults, 5);
        let ops = Ops::new(api).retry_policy(few).conflict_attempts(4);
        let result = ops
            .update_service(&hello(), |service| {
                service.container_mut().args.push("--verbose".to_owned());
                Ok(())
            })
            .await;
        let mut day = day.lock().unwrap();
        while let Some(late) = day.late.pop() {
            let _ = day.put(&late);
        }
        let what =
            format!("seed {seed}: {:?}, made {:?}", result.as_ref().map(Written::generation), day.ours);
        match result {
            Ok(written) => {
                endings[0] += 1;
                assert_eq!(day.ours, [written.generation()], "{what}");
            }
            Err(error) if error.is_outcome_unknown() => {
                endings[1] += 1;
                assert!(day.ours.len() <= 1, "{what}");
            }
            Err(_) => {
                endings[2] += 1;
                assert!(day.ours.is_empty(), "{what}");
            }
        }
    }
    assert!(endings.iter().all(|count| *count > 100), "{endings:?}");
}
