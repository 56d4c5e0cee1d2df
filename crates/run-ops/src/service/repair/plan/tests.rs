use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn failed() -> RevisionState {
    RevisionState::Failed { reason: Some("ContainerMissing".to_owned()) }
}

fn service(desired: Value, observed: Value, created: &str) -> Service {
    serde_json::from_value(json!({
        "metadata": {"name": "s"},
        "spec": {"traffic": desired},
        "status": {
            "traffic": observed, "latestCreatedRevisionName": created, "latestReadyRevisionName": "s-1",
        },
    }))
    .unwrap()
}

fn states(unable: &[(&str, RevisionState)]) -> RevisionStates {
    unable.iter().map(|(name, state)| ((*name).to_owned(), state.clone())).collect()
}

fn at(revision: &str, percent: i32) -> Value {
    json!({"revisionName": revision, "percent": percent})
}

fn latest(percent: i32) -> Value {
    json!({"latestRevision": true, "percent": percent})
}

fn floating(revision: &str, percent: i32) -> Value {
    json!({"latestRevision": true, "revisionName": revision, "percent": percent})
}

#[test]
fn repairs() {
    let tagged = |tag: &str, revision: &str| json!({"revisionName": revision, "tag": tag});
    let both = [("s-2", failed()), ("s-9", RevisionState::Missing)];
    for (name, desired, observed, created, mend, after, remaining) in [
        (
            "the split in force is kept",
            json!([at("s-1", 40), at("s-2", 60)]),
            json!([at("s-0", 70), at("s-1", 30)]),
            "s-1",
            Mend::KeepServing,
            "s-0=70, s-1=30",
            0,
        ),
        (
            "what floats keeps floating",
            json!([at("s-9", 10), latest(90)]),
            json!([floating("s-1", 100)]),
            "s-1",
            Mend::KeepServing,
            "LATEST=100",
            0,
        ),
        (
            "unless it would move",
            json!([at("s-9", 100)]),
            json!([floating("s-0", 100)]),
            "s-1",
            Mend::KeepServing,
            "s-0=100",
            0,
        ),
        (
            "or all follows the latest",
            json!([at("s-1", 40), at("s-2", 60)]),
            json!([at("s-1", 100)]),
            "s-3",
            Mend::FollowLatest,
            "LATEST=100",
            0,
        ),
        (
            "nothing serves: the latest ready one must do",
            json!([at("s-9", 100)]),
            json!([]),
            "s-1",
            Mend::KeepServing,
            "s-1=100",
            0,
        ),
        (
            "what serves is gone in part: the rest is scaled",
            json!([at("s-9", 50), at("s-1", 50)]),
            json!([at("s-9", 50), at("s-1", 30), at("s-0", 20)]),
            "s-1",
            Mend::KeepServing,
            "s-0=40, s-1=60",
            0,
        ),
        (
            "a tag on nothing goes, the shares stay",
            json!([at("s-1", 50), latest(50), tagged("old", "s-9"), tagged("ok", "s-1")]),
            json!([at("s-1", 100)]),
            "s-1",
            Mend::KeepServing,
            "s-1=50 #ok, LATEST=50",
            0,
        ),
        (
            "the newest failed: it is said and left",
            json!([latest(100)]),
            json!([floating("s-1", 100)]),
            "s-2",
            Mend::KeepServing,
            "LATEST=100",
            1,
        ),
        (
            "or pinned, with its tag",
            json!([latest(100), {"latestRevision": true, "tag": "next"}]),
            json!([floating("s-1", 100), {"latestRevision": true, "revisionName": "s-1", "tag": "next"}]),
            "s-2",
            Mend::PinServing,
            "s-1=100 #next",
            0,
        ),
        (
            "a tag on the latest is pinned, and the shares stay",
            json!([at("s-0", 50), at("s-1", 50), {"latestRevision": true, "tag": "next"}]),
            json!([at("s-1", 100)]),
            "s-2",
            Mend::PinServing,
            "s-0=50, s-1=50 #next",
            0,
        ),
        (
            "a list that does not sum to 100",
            json!([at("s-1", 40)]),
            json!([at("s-1", 100)]),
            "s-1",
            Mend::KeepServing,
            "s-1=100",
            0,
        ),
        (
            "all is well",
            json!([at("s-1", 100)]),
            json!([at("s-1", 100)]),
            "s-1",
            Mend::KeepServing,
            "s-1=100",
            0,
        ),
        ("all is well without a list", json!([]), json!([]), "s-1", Mend::PinServing, "LATEST=100", 0),
    ] {
        let service = service(desired, observed, created);
        let plan = RepairPlan::of(&service, &states(&both), mend).unwrap();
        assert_eq!(plan.traffic().after().to_string(), after, "{name}");
        assert_eq!(plan.remaining().len(), remaining, "{name}: {plan}");
        assert_eq!(plan.problems().is_empty(), name.starts_with("all is well"), "{name}: {plan}");
    }
}

#[test]
fn a_plan_can_be_read() {
    let desired = json!([at("s-2", 60), at("s-1", 40), {"revisionName": "s-9", "tag": "old"}]);
    let service = service(desired, json!([at("s-1", 100)]), "s-2");
    let unable = states(&[("s-2", failed()), ("s-9", RevisionState::Missing)]);
    let plan = RepairPlan::of(&service, &unable, Mend::default()).unwrap();
    assert_eq!(
        plan.to_string(),
        "problem: s-2 has 60 % and failed (ContainerMissing)\n\
         problem: s-9 has the tag old and does not exist\n\
         change: s-1: 40 % -> 100 %\n\
         change: s-2: 60 % -> 0 %\n\
         change: tag old: taken from s-9\n\
         after: s-1=100"
    );
}

fn any_list(floating_names: bool) -> impl Strategy<Value = Value> {
    proptest::collection::vec((0usize..6, 1u32..40), 0..6).prop_map(move |weights| {
        let mut left = 100;
        let mut entries = Vec::new();
        for (number, weight) in weights {
            let percent = weight.min(left);
            left -= percent;
            let mut entry = match number {
                0 if floating_names => json!({"latestRevision": true, "revisionName": "s-1"}),
                0 => json!({"latestRevision": true}),
                _ => json!({"revisionName": format!("s-{number}")}),
            };
            entry["percent"] = percent.into();
            entry["tag"] = format!("t{}", entries.len()).into();
            entries.push(entry);
        }
        entries.push(at("s-1", i32::try_from(left).unwrap()));
        entries.into()
    })
}

proptest! {
    #[test]
    fn a_repaired_service_names_nothing_that_cannot_serve(
        desired in any_list(false), observed in any_list(true), created in 1usize..6,
        unable in proptest::collection::btree_set(2usize..6, 0..4),
        mend in prop_oneof![Just(Mend::KeepServing), Just(Mend::PinServing), Just(Mend::FollowLatest)],
    ) {
        let mut service = service(desired, observed, &format!("s-{created}"));
        let states: RevisionStates = unable.iter().map(|number| (format!("s-{number}"), failed())).collect();
        let plan = RepairPlan::of(&service, &states, mend).unwrap();
        let only_latest = plan.remaining().iter().all(|problem| matches!(problem, TrafficProblem::Latest { .. }));
        prop_assert!(only_latest, "{}", plan);
        if mend == Mend::PinServing {
            prop_assert!(plan.remaining().is_empty(), "{}", plan);
        }
        if plan.problems().is_empty() {
            prop_assert!(plan.is_empty());
        }
        let before = TrafficMap::of_targets(service.desired_traffic()).unwrap();
        for (tag, target) in plan.traffic().after().tags() {
            prop_assert!(before.tagged(tag) == Some(target) || *before.tagged(tag).unwrap() == Target::Latest);
        }
        service.spec.as_mut().unwrap().traffic = plan.traffic().targets().to_vec();
        let again = RepairPlan::of(&service, &states, mend).unwrap();
        prop_assert!(again.is_empty(), "{}", again);
    }

    #[test]
    fn what_serves_keeps_serving_as_it_does(observed in any_list(true), percent in 1i32..100) {
        let desired = json!([at("s-9", percent), at("s-1", 100 - percent)]);
        let service = service(desired, observed, "s-1");
        let missing = states(&[("s-9", RevisionState::Missing)]);
        let plan = RepairPlan::of(&service, &missing, Mend::KeepServing).unwrap();
        // The latest ready revision is s-1, and so is what floats.
        let by_name = |targets: &[TrafficTarget]| {
            let mut shares = std::collections::BTreeMap::new();
            for target in targets.iter().filter(|target| target.percent.unwrap_or(0) > 0) {
                let name = target.revision_name.clone().unwrap_or_else(|| "s-1".to_owned());
                *shares.entry(name).or_insert(0) += target.percent.unwrap_or(0);
            }
            shares
        };
        prop_assert_eq!(by_name(plan.traffic().targets()), by_name(service.observed_traffic()));
    }
}

/// A deployment under way names its revision in the traffic before the revision is there.
#[test]
fn what_is_about_to_be_made_is_not_missing() {
    let missing = states(&[("s-2", RevisionState::Missing)]);
    for (observed, problems) in [(Some(3), 0), (None, 0), (Some(4), 1)] {
        let mut service = service(json!([at("s-1", 90), at("s-2", 10)]), json!([at("s-1", 100)]), "s-1");
        service.metadata.as_mut().unwrap().generation = Some(4);
        service.status.as_mut().unwrap().observed_generation = observed;
        let template = service.spec.as_mut().unwrap().template.get_or_insert_default();
        template.metadata.get_or_insert_default().name = Some("s-2".to_owned());
        let plan = RepairPlan::of(&service, &missing, Mend::KeepServing).unwrap();
        assert_eq!(plan.problems().len(), problems, "observed {observed:?}");
        assert_eq!(plan.is_empty(), problems == 0);
    }
}

#[test]
fn percentages_out_of_all_bounds_do_no_harm() {
    let observed = json!([at("s-1", i32::MAX), at("s-0", i32::MAX), at("s-3", -5)]);
    let service = service(json!([at("s-9", i32::MAX), at("s-1", i32::MAX)]), observed, "s-1");
    let plan = RepairPlan::of(&service, &states(&[]), Mend::KeepServing).unwrap();
    assert_eq!(plan.traffic().after().to_string(), "s-0=50, s-1=50");
}
