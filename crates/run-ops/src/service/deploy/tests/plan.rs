//! What a deployment writes.

use super::*;

fn percent(percent: i32) -> Percent {
    Percent::new(percent).unwrap()
}

fn traffic(plan: &DeployPlan) -> Value {
    serde_json::to_value(plan.object().desired_traffic()).unwrap()
}

fn template_metadata(plan: &DeployPlan) -> Value {
    serde_json::to_value(plan.object().clone().template_mut().metadata.clone()).unwrap()
}

#[test]
fn a_first_deploy() {
    let plan = request().plan(None).unwrap();
    assert_eq!((plan.action(), plan.share()), (DeployAction::Create, Percent::ALL));
    assert_eq!((plan.revision(), plan.warnings().len()), (&PlannedRevision::Generated, 0));
    let tagged = request().tag(Tag::new("blue").unwrap()).plan(None).unwrap();
    let name = tagged.revision().name().unwrap();
    assert!(name.starts_with("hello-00001-"), "{name}");
    let expected = json!([{"latestRevision": true, "percent": 100}, {"revisionName": name, "tag": "blue"}]);
    assert_eq!(traffic(&tagged), expected);
}

// https://github.com/google/exposure-notifications-server/issues/360
#[test]
fn first_deploy_no_traffic() {
    for (request, message) in [
        (request().traffic(TrafficIntent::NoTraffic), "its first revision cannot be without traffic"),
        (request().traffic(TrafficIntent::Share(percent(10))), "its first revision cannot get 10 % only"),
        (DeployRequest::new(hello()), "no image was given to create it with"),
    ] {
        let error = request.plan(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn what_happens_to_the_traffic() {
    let half = json!([
        {"latestRevision": true, "percent": 50}, {"revisionName": "hello-00001-abc", "percent": 50},
        {"revisionName": "hello-00001-abc", "tag": "old"},
    ]);
    let exact = "hello-00001-abc=90,LATEST=10".parse().unwrap();
    for (name, intent, before, after, share, warned) in [
        ("kept", TrafficIntent::KeepSplit, latest(), latest(), 100, false),
        // https://github.com/fullsend-ai/fullsend/issues/6945
        ("pinned_traffic", TrafficIntent::KeepSplit, pinned(), pinned(), 0, true),
        ("partly pinned", TrafficIntent::KeepSplit, half.clone(), half.clone(), 50, true),
        (
            "moved",
            TrafficIntent::FollowLatest,
            pinned(),
            json!([{"latestRevision": true, "percent": 100}, {"revisionName": "hello-00002-abc", "tag": "old"}]),
            100,
            false,
        ),
        (
            "nothing",
            TrafficIntent::NoTraffic,
            latest(),
            json!([{"revisionName": "hello-00003-old", "percent": 100}]),
            0,
            false,
        ),
        ("still nothing", TrafficIntent::NoTraffic, pinned(), pinned(), 0, false),
        (
            "nothing, of half",
            TrafficIntent::NoTraffic,
            half.clone(),
            json!([
                {"revisionName": "hello-00001-abc", "percent": 50},
                {"revisionName": "hello-00003-old", "percent": 50},
                {"revisionName": "hello-00001-abc", "tag": "old"},
            ]),
            0,
            false,
        ),
        (
            "exact",
            TrafficIntent::Exact(exact),
            latest(),
            json!([{"revisionName": "hello-00001-abc", "percent": 90}, {"latestRevision": true, "percent": 10}]),
            10,
            false,
        ),
    ] {
        let plan = request().traffic(intent).plan(Some(&existing("a/b:1", before))).unwrap();
        assert_eq!(traffic(&plan), after, "{name}");
        assert_eq!((plan.share(), plan.warnings().len()), (percent(share), usize::from(warned)), "{name}");
    }
    let share = request().traffic(TrafficIntent::Share(percent(10)));
    let plan = share.plan(Some(&existing("a/b:1", latest()))).unwrap();
    let name = plan.revision().name().unwrap();
    let entry = |name: &str, percent| json!({"revisionName": name, "percent": percent});
    assert_eq!(traffic(&plan), json!([entry("hello-00003-old", 90), entry(name, 10)]), "nothing floats");
    assert_eq!(plan.share(), percent(10));
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/529
#[test]
fn tag_moves_on_deploy() {
    let plan = request().plan(Some(&existing("a/b:1", pinned()))).unwrap();
    assert_eq!(traffic(&plan), pinned(), "no tag moves by itself");
    let asked = request().tag(Tag::new("old").unwrap()).revision_suffix("v4");
    let plan = asked.plan(Some(&existing("a/b:1", pinned()))).unwrap();
    let expected = json!([{"revisionName": "hello-00001-abc", "percent": 100}, {"revisionName": "hello-v4", "tag": "old"}]);
    assert_eq!(traffic(&plan), expected);
}

// https://github.com/hashicorp/terraform-provider-google/issues/13410
#[test]
fn stale_revision_name() {
    let mut before = existing("a/b:1", latest());
    before.template_mut().metadata.as_mut().unwrap().name = Some("hello-v3".to_owned());
    let plan = request().plan(Some(&before)).unwrap();
    assert_eq!(plan.revision(), &PlannedRevision::Generated);
    assert_eq!(template_metadata(&plan), json!({"labels": {"keep": "1"}}));
    let plan = request().revision_suffix("v4").plan(Some(&before)).unwrap();
    assert_eq!(template_metadata(&plan)["name"], "hello-v4");
    let error = request().revision_suffix("v3").plan(Some(&before)).unwrap_err();
    assert!(error.to_string().contains("`hello-v3` exists already"), "{error}");
    let error = request().revision_suffix("-").plan(Some(&before)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn the_same_again_is_nothing() {
    for before in [existing("a/b:2", latest()), existing("a/b:2", pinned())] {
        let plan = request().plan(Some(&before)).unwrap();
        assert_eq!(plan.action(), DeployAction::Nothing);
        assert_eq!(plan.revision().name(), Some("hello-00003-old"));
        assert!(plan.changes().is_empty());
    }
    // https://github.com/knative/client/issues/875
    let before = existing("a/b:2", latest());
    let no_op_traffic = request().traffic(TrafficIntent::FollowLatest);
    assert_eq!(no_op_traffic.plan(Some(&before)).unwrap().action(), DeployAction::Nothing);
    let named = request().edit(|service| {
        service.template_mut().metadata.get_or_insert_default().name = None;
        Ok(())
    });
    assert_eq!(named.plan(Some(&before)).unwrap().action(), DeployAction::Nothing);
    let forced = request().always_new_revision().plan(Some(&before)).unwrap();
    assert_eq!((forced.action(), forced.revision()), (DeployAction::Update, &PlannedRevision::Generated));
    assert_eq!(template_metadata(&forced)["labels"]["client.knative.dev/nonce"].as_str().unwrap().len(), 10);
    let forced = request().always_new_revision();
    let mut seen = before.clone();
    for _ in 0..3 {
        let plan = forced.plan(Some(&seen)).unwrap();
        assert_eq!(plan.action(), DeployAction::Update, "each time");
        seen = plan.object().clone();
    }
    let tagged = request().tag(Tag::new("blue").unwrap()).plan(Some(&before)).unwrap();
    assert_eq!(tagged.revision(), &PlannedRevision::Present("hello-00003-old".to_owned()));
    assert_eq!(traffic(&tagged)[1], json!({"revisionName": "hello-00003-old", "tag": "blue"}));
}

#[test]
fn a_plan_can_be_printed() {
    let request = request()
        .edit(|service| {
            service.set_env("KEY", "hunter2");
            Ok(())
        })
        .tag(Tag::new("blue").unwrap())
        .revision_suffix("v4")
        .access(Access::Public);
    let plan = request.plan(Some(&existing("a/b:1", pinned()))).unwrap();
    assert_eq!(
        plan.to_string(),
        "update service `hello` (project p, region us-central1)\n  \
         spec.template.metadata.name\n  \
         spec.template.spec.containers[0].env[0].name\n  \
         spec.template.spec.containers[0].env[0].value\n  \
         spec.template.spec.containers[0].image: a/b:1 -> a/b:2\n  \
         revision: hello-v4, new\n  \
         traffic: hello-00001-abc=100,hello-00002-abc=0 (tag old) -> \
         hello-00001-abc=100,hello-00002-abc=0 (tag old),hello-v4=0 (tag blue) (0 % for this revision)\n  \
         tag: blue\n  \
         access: everybody\n  \
         warning: the traffic of this service is pinned to other revisions, so the new one gets none"
    );
}
