use super::*;
use crate::{ErrorKind, MockCloudRun};
use mockall::Sequence;
use serde_json::json;

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

fn policy(etag: &str, members: &[&str]) -> Policy {
    serde_json::from_value(
        json!({"etag": etag, "version": 1, "bindings": [{"role": INVOKER_ROLE, "members": members}]}),
    )
    .unwrap()
}

// https://github.com/pulumi/pulumi-google-native/issues/862
#[tokio::test(start_paused = true)]
async fn policy_etag_race() {
    let mut api = MockCloudRun::new();
    let mut order = Sequence::new();
    let aborted = || run_api::Error::from_status(409, "ABORTED", "There were concurrent policy changes.");
    api.expect_get_service_iam_policy().once().in_sequence(&mut order).returning(|_| Ok(policy("e1", &[])));
    api.expect_set_service_iam_policy().once().in_sequence(&mut order).returning(move |_, _| Err(aborted()));
    api.expect_get_service_iam_policy()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Ok(policy("e2", &["user:theirs@example.com"])));
    api.expect_set_service_iam_policy()
        .once()
        .in_sequence(&mut order)
        .withf(|_, policy| policy.etag.as_deref() == Some("e2"))
        .returning(|_, policy| Ok(policy));
    let grant = Ops::new(api).allow_public_access(&hello()).await.unwrap();
    assert!(grant.changed());
    assert_eq!(grant.policy().bindings[0].members, ["user:theirs@example.com", "allUsers"]);
}

/// A server that loses the answers to the first writes, having stored them or not; then somebody else writes.
fn losing(answers: u32, stored: bool, other: &'static [&'static str]) -> MockCloudRun {
    let store = std::sync::Arc::new(std::sync::Mutex::new((policy("e0", &[]), answers, 0)));
    let mut api = MockCloudRun::new();
    let seen = store.clone();
    api.expect_get_service_iam_policy().returning(move |_| Ok(seen.lock().unwrap().0.clone()));
    api.expect_set_service_iam_policy().returning(move |_, sent| {
        let mut store = store.lock().unwrap();
        if sent.etag != store.0.etag {
            return Err(run_api::Error::from_status(409, "ABORTED", "There were concurrent policy changes."));
        }
        if store.1 == 0 || stored {
            store.2 += 1;
            store.0 = Policy { etag: Some(format!("e{}", store.2)), ..sent };
        }
        if store.1 > 0 {
            store.1 -= 1;
            if !other.is_empty() {
                let members = &mut store.0.bindings[0].members;
                members.extend(other.iter().map(|member| (*member).to_owned()));
                store.0.etag = Some("other".to_owned());
            }
            return Err(run_api::Error::from_status(504, "DEADLINE_EXCEEDED", "lost"));
        }
        Ok(store.0.clone())
    });
    api
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_the_policy_itself() {
    for (answers, stored) in [(1, true), (1, false), (3, false)] {
        for other in [&[][..], &["user:theirs@example.com"]] {
            let api = losing(answers, stored, other);
            let grant = Ops::new(api).allow_public_access(&hello()).await.unwrap();
            let members = &grant.policy().bindings[0].members;
            assert!(grant.changed() && members.iter().any(|member| member == "allUsers"));
            assert_eq!(members.iter().filter(|member| *member == "allUsers").count(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_can_not_be_repeated_is_left_unknown() {
    let edit = |policy: &mut Policy| {
        policy.bindings.push(run_api::types::Binding { role: Some("r".to_owned()), ..Default::default() });
        Ok(())
    };
    let fine = Ops::new(losing(1, true, &[])).update_iam_policy(&hello(), edit).await.unwrap();
    assert_eq!(fine.policy().bindings.len(), 2, "it was what was sent");
    let api = losing(1, true, &["user:theirs@example.com"]);
    let error = Ops::new(api).update_iam_policy(&hello(), edit).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn what_is_granted_already_is_not_written() {
    let mut api = MockCloudRun::new();
    api.expect_get_service_iam_policy().once().returning(|_| Ok(policy("e1", &["allUsers"])));
    assert!(!Ops::new(api).allow_public_access(&hello()).await.unwrap().changed());
}

#[tokio::test]
async fn a_policy_without_an_etag_is_not_overwritten() {
    let mut api = MockCloudRun::new();
    api.expect_get_service_iam_policy().once().returning(|_| Ok(policy("", &[])));
    let error = Ops::new(api).allow_public_access(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_nothing_of_an_earlier_attempt() {
    for (moves, unknown) in [(false, true), (true, false)] {
        let mut api = MockCloudRun::new();
        let (mut reads, mut attempts) = (0, 0);
        api.expect_get_service_iam_policy().returning(move |_| {
            reads += 1;
            Ok(policy(if moves && reads > 1 { "e2" } else { "e1" }, &[]))
        });
        api.expect_set_service_iam_policy().returning(move |_, _| {
            attempts += 1;
            Err(match attempts {
                1 => run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"),
                _ => run_api::Error::from_status(403, "PERMISSION_DENIED", "no more"),
            })
        });
        let error = Ops::new(api).allow_public_access(&hello()).await.unwrap_err();
        assert_eq!(error.is_outcome_unknown(), unknown, "{error}");
        assert!(error.to_string().contains("no more"), "{error}");
    }
}

/// The edit refuses what it finds made: by itself.
#[tokio::test(start_paused = true)]
async fn an_edit_that_refuses_its_own_work_was_applied() {
    let edit = |policy: &mut Policy| {
        let members = &mut policy.bindings[0].members;
        if members.iter().any(|member| member == "user:new@example.com") {
            return Err(crate::Error::invalid("is a member already"));
        }
        members.push("user:new@example.com".to_owned());
        Ok(())
    };
    let grant = Ops::new(losing(1, true, &[])).update_iam_policy(&hello(), edit).await.unwrap();
    assert!(grant.changed());
}
