use super::*;
use crate::{ErrorKind, MockCloudRun};
use mockall::Sequence;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::sync::{Arc, Mutex};

fn hello() -> ServiceRef {
    ServiceRef::new("p", "us-central1", "hello").unwrap()
}

fn policy(etag: &str, members: &[&str]) -> Policy {
    serde_json::from_value(
        json!({"etag": etag, "version": 1, "bindings": [{"role": INVOKER_ROLE, "members": members}]}),
    )
    .unwrap()
}

fn aborted() -> run_api::Error {
    run_api::Error::from_status(409, "ABORTED", "There were concurrent policy changes.")
}

/// One read shows the first policy, which is not the present one any more.
fn stale_at_first(first: Policy, present: Policy) -> MockCloudRun {
    let (mut api, mut order) = (MockCloudRun::new(), Sequence::new());
    let etag = present.etag.clone();
    for (shown, is_stale) in [(first, true), (present, false)] {
        let etag = etag.clone();
        api.services
            .expect_get_iam_policy()
            .once()
            .in_sequence(&mut order)
            .returning(move |_| Ok(shown.clone()));
        api.services.expect_set_iam_policy().once().in_sequence(&mut order).returning(move |_, sent| {
            assert_eq!(sent.etag != etag, is_stale);
            if is_stale { Err(aborted()) } else { Ok(Policy { etag: Some("next".to_owned()), ..sent }) }
        });
    }
    api
}

// https://github.com/pulumi/pulumi-google-native/issues/862
#[tokio::test(start_paused = true)]
async fn policy_etag_race() {
    let api = stale_at_first(policy("e1", &[]), policy("e2", &["user:theirs@example.com"]));
    let grant = Ops::new(api).allow_public_access(&hello()).await.unwrap();
    assert!(grant.changed());
    assert_eq!(grant.policy().bindings[0].members, ["user:theirs@example.com", "allUsers"]);
}

/// A proxy answers with the policy that was read before.
#[tokio::test(start_paused = true)]
async fn an_older_policy_is_no_answer() {
    let mut api = MockCloudRun::new();
    let store = Arc::new(Mutex::new((policy("e0", &["allUsers"]), 0)));
    let seen = store.clone();
    api.services.expect_get_iam_policy().returning(move |_| Ok(seen.lock().unwrap().0.clone()));
    api.services.expect_set_iam_policy().returning(move |_, sent| {
        let mut store = store.lock().unwrap();
        if sent.etag != store.0.etag {
            return Err(aborted());
        }
        store.1 += 1;
        let next = Policy { etag: Some(format!("e{}", store.1)), ..sent };
        let before = std::mem::replace(&mut store.0, next);
        Ok(if store.1 == 1 { before } else { store.0.clone() })
    });
    let grant = Ops::new(api).remove_members(&hello(), INVOKER_ROLE, &[Member::all_users()]).await.unwrap();
    assert!(grant.changed() && grant.policy().bindings.iter().all(|binding| binding.members.is_empty()));
}

/// A server that loses the answers to the first writes, having stored them or not; then somebody else writes.
fn losing(answers: u32, stored: bool, other: &'static [&'static str]) -> MockCloudRun {
    let store = std::sync::Arc::new(std::sync::Mutex::new((policy("e0", &[]), answers, 0)));
    let mut api = MockCloudRun::new();
    let seen = store.clone();
    api.services.expect_get_iam_policy().returning(move |_| Ok(seen.lock().unwrap().0.clone()));
    api.services.expect_set_iam_policy().returning(move |_, sent| {
        let mut store = store.lock().unwrap();
        if sent.etag != store.0.etag {
            return Err(aborted());
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
async fn an_edit_that_cannot_be_repeated_is_left_unknown() {
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

/// Two answers with new etags, each to the one before, or three with the same one.
#[tokio::test]
async fn what_is_granted_already_is_confirmed_under_its_etag() {
    for (answers, last) in [(vec!["e2", "e3"], "e3"), (vec!["e1", "e1", "e1"], "e1")] {
        let mut api = MockCloudRun::new();
        api.services.expect_get_iam_policy().once().returning(|_| Ok(policy("e1", &["allUsers"])));
        let (mut etag, mut answer) = ("e1", answers.clone().into_iter());
        api.services.expect_set_iam_policy().times(answers.len()).returning(move |_, sent| {
            assert_eq!(sent, policy(etag, &["allUsers"]));
            etag = answer.next().unwrap();
            Ok(policy(etag, &["allUsers"]))
        });
        let grant = Ops::new(api).allow_public_access(&hello()).await.unwrap();
        assert_eq!((grant.changed(), grant.policy().etag.as_deref()), (false, Some(last)));
    }
}

/// A stale read, and then the answer to another request: that of the read, or another service's policy, which looks alike.
#[tokio::test(start_paused = true)]
async fn access_is_taken_away_although_the_confirmation_is_another_answer() {
    for odd in [policy("e0", &[]), policy("bystander", &[])] {
        let (mut api, mut reads, mut sets) = (MockCloudRun::new(), 0, 0);
        api.services.expect_get_iam_policy().returning(move |_| {
            reads += 1;
            Ok(if reads == 1 { policy("e0", &[]) } else { policy("e1", &["allUsers"]) })
        });
        api.services.expect_set_iam_policy().returning(move |_, sent| {
            sets += 1;
            match sent.etag.as_deref() {
                _ if sets == 1 => Ok(odd.clone()),
                Some("e1") => Ok(Policy { etag: Some("e2".to_owned()), ..sent }),
                _ => Err(aborted()),
            }
        });
        let ops = Ops::new(api);
        assert!(ops.remove_members(&hello(), INVOKER_ROLE, &[Member::all_users()]).await.unwrap().changed());
    }
}

/// A read from before the member got access says that there is nothing to take away.
#[tokio::test(start_paused = true)]
async fn access_is_taken_away_although_a_read_is_stale() {
    let ops = Ops::new(stale_at_first(policy("e0", &[]), policy("e1", &["allUsers"])));
    let grant = ops.remove_members(&hello(), INVOKER_ROLE, &[Member::all_users()]).await.unwrap();
    assert!(grant.changed() && grant.policy().bindings.is_empty(), "{grant:?}");
}

/// Who may only read policies still hears that access is there; that it is not must be the server's word.
#[tokio::test(start_paused = true)]
async fn without_the_permission_to_set_a_policy() {
    for (members, grants) in [(&["allUsers"][..], true), (&[], false)] {
        let mut api = MockCloudRun::new();
        api.services.expect_get_iam_policy().once().returning(move |_| Ok(policy("e1", members)));
        let denied = || run_api::Error::from_status(403, "PERMISSION_DENIED", "no");
        api.services.expect_set_iam_policy().once().returning(move |_, _| Err(denied()));
        let ops = Ops::new(api);
        match grants {
            true => assert!(!ops.allow_public_access(&hello()).await.unwrap().changed()),
            false => {
                let all = [Member::all_users()];
                let error = ops.remove_members(&hello(), INVOKER_ROLE, &all).await.unwrap_err();
                assert!(error.is_permission_denied(), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_policy_without_an_etag_is_not_overwritten() {
    let mut api = MockCloudRun::new();
    api.services.expect_get_iam_policy().once().returning(|_| Ok(policy("", &[])));
    let error = Ops::new(api).allow_public_access(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_nothing_of_an_earlier_attempt() {
    for moves in [false, true] {
        let mut api = MockCloudRun::new();
        let (mut reads, mut attempts) = (0, 0);
        api.services.expect_get_iam_policy().returning(move |_| {
            reads += 1;
            Ok(policy(if moves && reads > 1 { "e2" } else { "e1" }, &[]))
        });
        api.services.expect_set_iam_policy().returning(move |_, _| {
            attempts += 1;
            Err(match attempts {
                1 => run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"),
                _ => run_api::Error::from_status(403, "PERMISSION_DENIED", "no more"),
            })
        });
        let error = Ops::new(api).allow_public_access(&hello()).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error}");
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

/// A server on a bad day, by a seed: answers are lost, writes come late, reads are stale, others write in between.
struct BadDay {
    random: StdRng,
    now: Policy,
    before: Policy,
    late: Vec<Policy>,
    /// Whether requests may be delivered twice.
    twice: bool,
    writes: i32,
    /// How often our member was added.
    ours: usize,
}

const OURS: &str = "user:ours@example.com";

fn count(policy: &Policy) -> usize {
    policy.bindings.iter().flat_map(|binding| &binding.members).filter(|member| *member == OURS).count()
}

impl BadDay {
    fn new(seed: u64) -> Self {
        let now = policy("e0", &["user:first@example.com"]);
        let random = StdRng::seed_from_u64(seed);
        // An edit that cannot be repeated is not known again if somebody else writes between a request and its double.
        let twice = seed.is_multiple_of(2);
        Self { random, before: now.clone(), now, late: Vec::new(), twice, writes: 0, ours: 0 }
    }

    fn put(&mut self, sent: &Policy) -> std::result::Result<Policy, run_api::Error> {
        if sent.etag != self.now.etag {
            return Err(aborted());
        }
        self.ours += count(sent).saturating_sub(count(&self.now));
        self.writes += 1;
        self.before = std::mem::replace(&mut self.now, sent.clone());
        self.now.etag = Some(format!("e{}", self.writes));
        Ok(self.now.clone())
    }

    fn pass(&mut self) {
        if self.random.random_range(0..100) < 15 {
            let mut other = self.now.clone();
            other.bindings[0].members.push(format!("user:other-{}@example.com", self.writes));
            self.put(&other).unwrap();
        }
        if !self.late.is_empty() && self.random.random_range(0..100) < 40 {
            let late = self.late.remove(0);
            let _ = self.put(&late);
        }
    }

    fn read(&mut self) -> Policy {
        self.pass();
        if self.random.random_range(0..100) < 25 { self.before.clone() } else { self.now.clone() }
    }

    fn set(&mut self, sent: Policy) -> std::result::Result<Policy, run_api::Error> {
        self.pass();
        let timeout = || run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer");
        let unavailable = || run_api::Error::from_status(503, "UNAVAILABLE", "passing");
        match self.random.random_range(0..100) {
            0..12 => Err(timeout()),
            12..28 => {
                self.late.push(sent);
                Err(timeout())
            }
            28..46 => self.put(&sent).and(Err(timeout())),
            46..54 => Err(unavailable()),
            54..62 => self.put(&sent).and(Err(unavailable())),
            62..70 => Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "no")),
            70..78 => self.put(&Policy { etag: None, ..sent }),
            // It is delivered twice, and the answer is the second one's.
            78..86 if self.twice => self.put(&sent).and_then(|_| self.put(&sent)),
            _ => self.put(&sent),
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
        api.services.expect_get_iam_policy().returning(move |_| Ok(reads.lock().unwrap().read()));
        api.services.expect_set_iam_policy().returning(move |_, sent| writes.lock().unwrap().set(sent));
        let few = crate::retry::RetryPolicyExt::with_attempt_limit(crate::retry::TransientFaults, 5);
        let ops = Ops::new(api).retry_policy(few).conflict_attempts(4);
        let result = match seed % 2 {
            0 => ops.add_members(&hello(), INVOKER_ROLE, &[OURS.parse().unwrap()]).await,
            _ => {
                let edit = |policy: &mut Policy| {
                    policy.bindings[0].members.push(OURS.to_owned());
                    Ok(())
                };
                ops.update_iam_policy(&hello(), edit).await
            }
        };
        let mut day = day.lock().unwrap();
        while let Some(late) = day.late.pop() {
            let _ = day.put(&late);
        }
        let what = format!("seed {seed}: {:?}, made {} times", result.as_ref().map(Grant::changed), day.ours);
        match result {
            Ok(grant) => {
                endings[0] += 1;
                assert!((grant.changed() || day.twice) && day.ours == 1, "{what}");
            }
            Err(error) if error.is_outcome_unknown() => {
                endings[1] += 1;
                assert!(day.ours <= 1, "{what}");
            }
            Err(_) => {
                endings[2] += 1;
                assert_eq!(day.ours, 0, "{what}");
            }
        }
    }
    assert!(endings.iter().all(|count| *count > 50), "{endings:?}");
}
