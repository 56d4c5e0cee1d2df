use super::*;
use crate::Percent;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use run_api::Tag;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn list(value: serde_json::Value) -> Vec<TrafficTarget> {
    serde_json::from_value(value).unwrap()
}

/// A list of targets that means what the text says.
fn targets(text: &str) -> Vec<TrafficTarget> {
    let map: TrafficMap = text.parse().unwrap();
    let tag = |(tag, target): (&Tag, &Target)| match target {
        Target::Latest => json!({"latestRevision": true, "tag": tag.to_string()}),
        Target::Revision(name) => json!({"revisionName": name.to_string(), "tag": tag.to_string()}),
    };
    let tags = list(map.tags().map(tag).collect());
    TrafficSplit::of_targets(&list(map.shares().map(|(target, percent)| share(target, percent)).collect()))
        .unwrap()
        .to_targets(&tags)
}

fn share(target: &Target, percent: Percent) -> serde_json::Value {
    match target {
        Target::Latest => json!({"latestRevision": true, "percent": percent.get()}),
        Target::Revision(name) => json!({"revisionName": name.to_string(), "percent": percent.get()}),
    }
}

fn tags(set: &[(&str, &str)], remove: &[&str], clear_others: bool) -> TagChange {
    TagChange {
        set: set.iter().map(|(tag, target)| (Tag::new(*tag).unwrap(), target.parse().unwrap())).collect(),
        remove: remove.iter().map(|tag| Tag::new(*tag).unwrap()).collect(),
        clear_others,
    }
}

fn to(shares: &str) -> TrafficChange {
    TrafficChange::to_targets(shares.parse().unwrap())
}

/// Every example that was run against gcloud itself, and each way to change tags.
#[test]
fn changes_as_gcloud_makes_them() {
    let by_tag = |shares: &str| TrafficChange::to_tags(shares.parse().unwrap());
    for (before, change, after) in [
        ("a=34, b=33, c=33", to("d=50"), "a=17, b=17, c=16, d=50"),
        ("a=25, b=25, c=25, d=25", to("e=50"), "a=13, b=13, c=12, d=12, e=50"),
        ("LATEST=25, b=25, c=50", to("e=10"), "b=23, c=45, e=10, LATEST=22"),
        ("a=1, b=99", to("c=99"), "b=1, c=99"),
        ("a=50 #x, b=50", to("a=0"), "a=0 #x, b=100"),
        ("LATEST=100", to("r1=10"), "r1=10, LATEST=90"),
        ("a=60 #blue, LATEST=40 #next", TrafficChange::to_latest(), "a=0 #blue, LATEST=100 #next"),
        ("a=90, b=10 #blue", by_tag("blue=50"), "a=50, b=50 #blue"),
        ("a=90 #blue, b=10", TrafficChange::tags(tags(&[], &["blue", "gone"], false)), "a=90, b=10"),
        ("a=90 #blue, b=10", TrafficChange::tags(tags(&[("blue", "b")], &[], false)), "a=90, b=10 #blue"),
        ("a=100 #blue #old", TrafficChange::tags(tags(&[("new", "c")], &[], true)), "a=100, c=0 #new"),
        ("a=100 #blue, b=0 #old", TrafficChange::tags(tags(&[], &[], true)), "a=100"),
        (
            "a=100 #blue",
            by_tag("new=10").with_tags(tags(&[("new", "c")], &["blue"], false)),
            "a=90, c=10 #new",
        ),
        (
            "a=100 #blue",
            to("b=5").with_tags(tags(&[("next", "LATEST")], &[], false)),
            "a=95 #blue, b=5, LATEST=0 #next",
        ),
    ] {
        let plan = change.plan(&targets(before)).unwrap();
        assert_eq!(plan.after().to_string(), after, "{before} and {change:?}");
    }
}

#[test]
fn a_share_that_is_squeezed_to_nothing_stays_in_the_list() {
    let plan = to("c=99").plan(&targets("a=1, b=99")).unwrap();
    let percents: Vec<_> = plan.targets().iter().map(|target| target.percent).collect();
    assert_eq!(percents, [Some(0), Some(1), Some(99)]);
}

#[test]
fn what_cannot_be_planned() {
    for (before, change) in [("LATEST=100", to("LATEST=10")), ("a=50, b=50", to("a=10,b=10"))] {
        let result = change.plan(&targets(before));
        assert!(matches!(result, Err(InvalidTraffic::NoneForTheRest { .. })), "{before}");
    }
    let unknown = TrafficChange::to_tags("old=10".parse().unwrap()).with_tags(tags(&[], &["old"], false));
    let result = unknown.plan(&targets("a=90, b=10 #old"));
    assert!(matches!(result, Err(InvalidTraffic::UnknownTag { .. })), "the tags change first");
}

// gcloud scales with the share of the last entry and crashes on a sum other than 100.
#[test]
fn where_gcloud_is_wrong() {
    let twice = list(json!([
        {"revisionName": "a", "percent": 50},
        {"revisionName": "a", "percent": 30, "tag": "x"},
        {"revisionName": "b", "percent": 20},
    ]));
    assert_eq!(to("c=10").plan(&twice).unwrap().after().to_string(), "a=72 #x, b=18, c=10");
    let short = list(json!([{"revisionName": "a", "percent": 50}, {"revisionName": "b", "tag": "x"}]));
    assert_eq!(to("c=10").plan(&short), Err(InvalidTraffic::Present { sum: 50 }));
    let tagged = TrafficChange::tags(tags(&[("new", "a")], &["x"], false)).plan(&short).unwrap();
    assert_eq!(tagged.to_string(), "tag new: set on a\ntag x: taken from b");
    assert_eq!(tagged.after().to_string(), "a=50 #new");
    assert!(TrafficChange::default().plan(&short).unwrap().is_empty());
    // Its floating point says 0/2/58/40.
    assert_eq!(
        to("d=40").plan(&targets("a=1, b=3, c=96")).unwrap().after().to_string(),
        "a=1, b=2, c=57, d=40"
    );
    let mended = to("c=100").plan(&short).unwrap();
    assert_eq!((mended.before(), mended.to_string().as_str()), (None, "c: 0 % -> 100 %"));
    assert_eq!(mended.after().to_string(), "b=0 #x, c=100");
}

#[test]
fn a_change_of_nothing_leaves_the_list_as_it_is() {
    let present = list(json!([
        {"latestRevision": true, "percent": 40},
        {"revisionName": "a", "percent": 60, "tag": "blue"},
        {"revisionName": "b", "percent": 0},
    ]));
    for change in
        [to("a=60"), TrafficChange::tags(tags(&[("blue", "a")], &["other"], false)), TrafficChange::default()]
    {
        let plan = change.plan(&present).unwrap();
        assert!(plan.is_empty() && plan.changes().is_empty(), "{change:?}");
        assert_eq!(plan.targets(), present, "{change:?}");
        assert_eq!(plan.to_string(), "nothing to change");
    }
}

#[test]
fn a_plan_says_what_it_does() {
    let change = to("c=10").with_tags(tags(&[("blue", "c"), ("new", "b")], &["old"], false));
    let plan = change.plan(&targets("a=50 #blue, b=50 #old")).unwrap();
    let text = "a: 50 % -> 45 %\nb: 50 % -> 45 %\nc: 0 % -> 10 %\ntag blue: moved from a to c\n\
                tag new: set on b\ntag old: taken from b";
    assert_eq!(plan.to_string(), text);
}

fn target(at: usize) -> Target {
    if at == 0 { Target::Latest } else { Target::revision(format!("r{at}")).unwrap() }
}

/// A list as it may stand in a service: targets several times, tags on entries with and without a share.
fn any_targets() -> impl Strategy<Value = Vec<TrafficTarget>> {
    let weights = vec((0usize..6, 0u32..30), 1..8);
    (weights, btree_map(0usize..5, 0usize..6, 0..4), vec(any::<bool>(), 5)).prop_map(
        |(weights, tags, apart)| {
            let mut left = 100;
            let mut entries: Vec<serde_json::Value> = weights
                .iter()
                .map(|(at, weight)| {
                    let percent = (*weight).min(left);
                    left -= percent;
                    share(&target(*at), Percent::new(i32::try_from(percent).unwrap()).unwrap())
                })
                .collect();
            entries.push(share(&target(1), Percent::new(i32::try_from(left).unwrap()).unwrap()));
            for (tag, at) in tags {
                let name = json!(format!("tag-{tag}"));
                let of_target = |entry: &&mut serde_json::Value| {
                    entry["tag"].is_null() && {
                        let known = share(&target(at), Percent::default());
                        entry["revisionName"] == known["revisionName"]
                    }
                };
                match entries.iter_mut().find(of_target).filter(|_| apart[tag]) {
                    Some(entry) => entry["tag"] = name,
                    None => {
                        let mut entry = share(&target(at), Percent::default());
                        entry["tag"] = name;
                        entry.as_object_mut().unwrap().remove("percent");
                        entries.push(entry);
                    }
                }
            }
            list(entries.into())
        },
    )
}

fn any_tag_change() -> impl Strategy<Value = TagChange> {
    let tag = |at: usize| Tag::new(format!("tag-{at}")).unwrap();
    (btree_map(0usize..7, 0usize..8, 0..3), btree_set(0usize..7, 0..3), any::<bool>()).prop_map(
        move |(set, remove, clear_others)| TagChange {
            set: set.into_iter().map(|(name, at)| (tag(name), target(at))).collect(),
            remove: remove.into_iter().map(tag).collect(),
            clear_others,
        },
    )
}

fn any_shares() -> impl Strategy<Value = TrafficShares> {
    btree_map(0usize..8, 0i32..34, 1..4)
        .prop_map(|wanted| {
            wanted.into_iter().map(|(at, percent)| (target(at), Percent::new(percent).unwrap()))
        })
        .prop_map(|shares| TrafficShares::new(shares).unwrap())
}

proptest! {
    #[test]
    fn shares_sum_to_100_are_as_asked_and_tags_do_not_move(present in any_targets(), shares in any_shares()) {
        let before = TrafficMap::of_targets(&present).unwrap();
        if let Ok(plan) = TrafficChange::to_targets(shares.clone()).plan(&present) {
            let after = plan.after();
            prop_assert_eq!(after.shares().map(|(_, percent)| u32::from(percent.get())).sum::<u32>(), 100);
            for (target, percent) in shares.iter() {
                prop_assert_eq!(after.share(target), percent);
            }
            prop_assert_eq!(before.tags().collect::<Vec<_>>(), after.tags().collect::<Vec<_>>());
        }
    }

    #[test]
    fn untouched_targets_keep_their_order_and_are_rounded_to_a_neighbour(
        present in any_targets(), shares in any_shares(),
    ) {
        let before = TrafficMap::of_targets(&present).unwrap();
        if let Ok(plan) = TrafficChange::to_targets(shares.clone()).plan(&present) {
            let named: BTreeSet<&Target> = shares.iter().map(|(target, _)| target).collect();
            let kept: Vec<_> = before.shares().filter(|(target, _)| !named.contains(target)).collect();
            let total: u32 = kept.iter().map(|(_, percent)| u32::from(percent.get())).sum();
            for (one, share) in &kept {
                let exact = u32::from(share.get()) * (100 - shares.sum());
                let got = u32::from(plan.after().share(one).get());
                prop_assert!(got == exact / total || got == exact.div_ceil(total), "{} of {}", got, exact);
                for (other, larger) in &kept {
                    prop_assert!(share <= larger || plan.after().share(one) >= plan.after().share(other));
                }
            }
        }
    }

    #[test]
    fn a_change_of_tags_moves_no_share_and_no_other_tag(present in any_targets(), change in any_tag_change()) {
        let before = TrafficMap::of_targets(&present).unwrap();
        let plan = TrafficChange::tags(change.clone()).plan(&present).unwrap();
        prop_assert_eq!(before.shares().collect::<Vec<_>>(), plan.after().shares().collect::<Vec<_>>());
        let mut expected: BTreeMap<Tag, Target> = before
            .tags()
            .filter(|(tag, _)| !change.clear_others && !change.remove.contains(tag))
            .map(|(tag, target)| (tag.clone(), target.clone()))
            .collect();
        expected.extend(change.set);
        let after: BTreeMap<Tag, Target> =
            plan.after().tags().map(|(tag, target)| (tag.clone(), target.clone())).collect();
        prop_assert_eq!(after, expected);
    }

    #[test]
    fn what_was_planned_needs_no_second_change(
        present in any_targets(), tags in any_tag_change(), shares in proptest::option::of(any_shares()),
    ) {
        let change = match shares {
            Some(shares) => TrafficChange::to_targets(shares),
            None => TrafficChange::default(),
        };
        let change = change.with_tags(tags);
        if let Ok(plan) = change.plan(&present) {
            let again = change.plan(plan.targets()).unwrap();
            prop_assert!(again.is_empty() && again.changes().is_empty(), "{}", again);
            prop_assert_eq!(again.targets(), plan.targets());
        }
    }

    #[test]
    fn texts_round_trip(present in any_targets(), shares in any_shares()) {
        let map = TrafficMap::of_targets(&present).unwrap();
        prop_assert_eq!(&map.to_string().parse::<TrafficMap>().unwrap(), &map);
        prop_assert_eq!(&shares.to_string().parse::<TrafficShares>().unwrap(), &shares);
    }
}
