//! What comes of it, against a server that others use.

use super::*;

/// The object as the server answers a write to it: a generation later, with the status of before.
fn answer(sent: &Service) -> Service {
    let mut answer = sent.clone();
    let metadata = answer.metadata.as_mut().unwrap();
    metadata.generation = Some(metadata.generation.unwrap_or(0) + 1);
    metadata.uid = Some("u".to_owned());
    metadata.resource_version = metadata.generation.map(|generation| generation.to_string());
    answer
}

/// The object when the generation is observed, with this newest revision and this traffic in force.
fn observed(answer: &Service, revision: &str, traffic: Value) -> Service {
    let mut service = existing("", traffic);
    service.metadata = answer.metadata.clone();
    let status = service.status.as_mut().unwrap();
    status.observed_generation = answer.generation();
    status.latest_created_revision_name = Some(revision.to_owned());
    service
}

fn revision(ready: &str, reason: &str) -> Revision {
    let ready = json!({"type": "Ready", "status": ready, "reason": reason, "message": "m"});
    serde_json::from_value(json!({"status": {"conditions": [ready]}})).unwrap()
}

fn missing() -> run_api::Error {
    run_api::Error::from_status(404, "NOT_FOUND", "no")
}

/// An API with a service that others see move: the first read, and what the looks see after the write.
fn api(
    first: Option<Service>,
    looks: impl Fn(&Service, usize) -> Service + Send + 'static,
) -> (MockCloudRun, Arc<Mutex<usize>>) {
    api_with_revision(first, looks, |_| revision("True", "Retired"))
}

/// The same, with what each look at a revision sees.
fn api_with_revision(
    first: Option<Service>,
    looks: impl Fn(&Service, usize) -> Service + Send + 'static,
    of_revision: fn(usize) -> Revision,
) -> (MockCloudRun, Arc<Mutex<usize>>) {
    let state = Arc::new(Mutex::new((first, None::<Service>)));
    let (reads, count) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let mut api = MockCloudRun::new();
    let (seen, counter) = (state.clone(), reads.clone());
    api.services.expect_get().returning(move |_| {
        *counter.lock().unwrap() += 1;
        let state = seen.lock().unwrap();
        match &state.1 {
            Some(written) => {
                let mut look = count.lock().unwrap();
                *look += 1;
                Ok(looks(written, *look))
            }
            None => state.0.clone().ok_or_else(missing),
        }
    });
    let mut of_revisions = 0;
    api.revisions.expect_get().returning(move |_| {
        of_revisions += 1;
        Ok(of_revision(of_revisions))
    });
    let stored = state.clone();
    api.services.expect_replace().times(0..=1).returning(move |_, sent| {
        stored.lock().unwrap().1 = Some(answer(sent));
        Ok(answer(sent))
    });
    api.services.expect_dry_replace().times(0..=1).returning(|_, sent| Ok(sent.clone()));
    api.services.expect_create().times(0..=1).returning(move |_, sent| {
        state.lock().unwrap().1 = Some(answer(sent));
        Ok(answer(sent))
    });
    (api, reads)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// A pipeline that is run again while the revision is still being made.
#[tokio::test(start_paused = true)]
async fn the_same_again_waits_for_what_is_under_way() {
    let mut before = existing("a/b:2", latest());
    before.metadata.as_mut().unwrap().generation = Some(4);
    let entry = json!([{"revisionName": "hello-00004-new", "percent": 100}]);
    let (plan, under_way) = (request().plan(Some(&before)).unwrap(), before.clone());
    assert_eq!((plan.action(), plan.revision()), (DeployAction::Nothing, &PlannedRevision::Coming));
    let tagged = request().tag(Tag::new("blue").unwrap()).plan(Some(&before)).unwrap();
    assert!(matches!(tagged.revision(), PlannedRevision::Named(_)), "a tag needs a name");

    let mut api = MockCloudRun::new();
    let mut reads = 0;
    api.services.expect_get().returning(move |_| {
        reads += 1;
        // The first is confirmed.
        Ok(if reads < 3 { under_way.clone() } else { observed(&under_way, "hello-00004-new", entry.clone()) })
    });
    api.services.expect_dry_replace().once().returning(|_, sent| Ok(sent.clone()));
    let deployed = Ops::new(api).deploy(&request(), soon()).await.unwrap();
    assert_eq!((deployed.changed(), deployed.revision()), (false, "hello-00004-new"));
}

/// Neither a plan nor what came of it tells the values of variables.
#[tokio::test(start_paused = true)]
async fn nothing_printed_holds_a_secret() {
    let request = request().edit(|service| {
        service.set_env("KEY", "hunter2");
        Ok(())
    });
    let plan = request.plan(Some(&existing("a/b:1", latest()))).unwrap();
    let entry = json!([{"revisionName": "hello-00004-new", "percent": 100}]);
    let (api, _) = api(Some(existing("a/b:1", latest())), move |written, _| {
        let mut seen = observed(written, "hello-00004-new", entry.clone());
        seen.spec = written.spec.clone();
        seen
    });
    let ops = Ops::new(api);
    let started = ops.start_deploy(&request).await.unwrap();
    let written = started.written().clone();
    let texts = [format!("{request:?} {plan:?} {plan} {started:?} {written:?}")];
    let deployed = ops.finish_deploy(started, soon()).await.unwrap();
    let failed = Error::new(ErrorKind::Failed, "it failed").after(written.made());
    let preflight = crate::PreflightRequest::new(plan.object().clone());
    for text in texts.into_iter().chain([format!("{deployed:?} {failed:?} {failed} {preflight:?}")]) {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn success_means_that_the_new_revision_has_its_share() {
    let entry = |name: &str| json!([{"revisionName": name, "percent": 100}]);
    let (api, reads) = api(Some(existing("a/b:1", latest())), move |written, look| match look {
        1 => existing("a/b:1", latest()),
        // Ready already, with the routes of before.
        2 => observed(written, "hello-00004-new", entry("hello-00003-old")),
        _ => observed(written, "hello-00004-new", entry("hello-00004-new")),
    });
    let deployed = Ops::new(api).deploy(&request(), soon()).await.unwrap();
    assert_eq!((deployed.revision(), deployed.share()), ("hello-00004-new", Percent::ALL));
    assert!(deployed.changed() && !deployed.created() && deployed.public().is_none());
    assert_eq!(*reads.lock().unwrap(), 4, "one to plan, three looks");
}

#[tokio::test(start_paused = true)]
async fn a_share_that_does_not_come_is_told_at_the_deadline() {
    let (api, _) = api(Some(existing("a/b:1", latest())), |written, _| {
        observed(written, "hello-00004-new", json!([{"revisionName": "hello-00003-old", "percent": 100}]))
    });
    let error = Ops::new(api).deploy(&request(), soon()).await.unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert_eq!(error.written().unwrap().generation(), 4);
    let text = error.to_string();
    assert!(text.contains("the revision has 0 % of the traffic instead of 100 %"), "{text}");
    assert!(text.ends_with(" (generation 4 was written)"), "{text}");
}

// https://github.com/fullsend-ai/fullsend/issues/6945
#[tokio::test(start_paused = true)]
async fn pinned_traffic() {
    let (api, _) = api(Some(existing("a/b:1", pinned())), |written, _| {
        observed(written, "hello-00004-new", json!([{"revisionName": "hello-00001-abc", "percent": 100}]))
    });
    let deployed = Ops::new(api).deploy(&request(), soon()).await.unwrap();
    assert_eq!(deployed.warnings(), [DeployWarning::SplitKept { share: Percent::default() }]);
    assert_eq!(deployed.revision(), "hello-00004-new");
}

/// (Documented: beyond 2000 tags, those without traffic are dropped.)
#[tokio::test(start_paused = true)]
async fn a_tag_that_does_not_come_is_told_at_the_deadline() {
    let deploy = |tag: &'static str| {
        let (api, _) = api(Some(existing("a/b:1", latest())), move |written, _| {
            let named = written.clone().template_mut().metadata.clone().unwrap().name.unwrap();
            let entries =
                json!([{"revisionName": named, "percent": 100}, {"revisionName": named, "tag": tag}]);
            observed(written, &named, entries)
        });
        async move { Ops::new(api).deploy(&request().tag(Tag::new("blue").unwrap()), soon()).await }
    };
    assert!(deploy("blue").await.is_ok());
    let error = deploy("green").await.unwrap_err();
    assert!(
        error.is_deadline_exceeded() && error.to_string().contains("the revision has no tag blue"),
        "{error}"
    );
}

/// The service is ready: its traffic leads past the revision.
#[tokio::test(start_paused = true)]
async fn a_revision_without_traffic_is_asked_itself() {
    let entry = || json!([{"revisionName": "hello-00001-abc", "percent": 100}]);
    let deploy = |of_revision: fn(usize) -> Revision, configurations: Option<&'static str>| {
        let looks = move |written: &Service, _| {
            let mut seen = observed(written, "hello-00004-new", entry());
            let conditions = &mut seen.status.as_mut().unwrap().conditions;
            match configurations {
                Some(status) => conditions[1].status = Some(status.to_owned()),
                None => drop(conditions.remove(1)),
            }
            seen
        };
        let (api, _) = api_with_revision(Some(existing("a/b:1", pinned())), looks, of_revision);
        async move { Ops::new(api).deploy(&request(), soon()).await }
    };
    let failed = deploy(|_| revision("False", "HealthCheckContainerError"), Some("True")).await.unwrap_err();
    assert_eq!(failed.reason(), Some("HealthCheckContainerError"), "{failed}");
    assert!(failed.is_failed() && failed.written().is_some() && failed.resource().is_some());
    let slow = |look| if look < 3 { revision("Unknown", "") } else { revision("True", "") };
    assert!(deploy(slow, Some("True")).await.is_ok());
    assert!(deploy(|_| revision("Unknown", ""), Some("True")).await.unwrap_err().is_deadline_exceeded());
    assert!(
        deploy(|_| revision("True", "Retired"), None).await.unwrap_err().is_deadline_exceeded(),
        "nothing says so"
    );
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/556
#[tokio::test(start_paused = true)]
async fn concurrent_deploys() {
    let (api, _) = api(Some(existing("a/b:1", latest())), |written, _| {
        let theirs = answer(written);
        observed(&theirs, "hello-00005-their", json!([{"revisionName": "hello-00005-their", "percent": 100}]))
    });
    let error = Ops::new(api).deploy(&request(), soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Superseded);
    assert_eq!(error.written().unwrap().generation(), 4, "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_same_again_takes_one_read() {
    let (api, reads) = api(Some(existing("a/b:2", latest())), |written, _| written.clone());
    let start = Instant::now();
    let deployed = Ops::new(api).deploy(&request(), soon()).await.unwrap();
    assert!(!deployed.changed());
    assert_eq!(deployed.revision(), "hello-00003-old");
    assert_eq!((*reads.lock().unwrap(), start.elapsed()), (1, Duration::ZERO));
}

/// The present revision never became ready: following the latest does not lead to it.
#[tokio::test(start_paused = true)]
async fn a_present_revision_that_failed_cannot_be_promoted() {
    let (api, _) = api(Some(existing("a/b:2", pinned())), |written, _| {
        let traffic = json!([{"revisionName": "hello-00002-abc", "percent": 100}]);
        let mut seen = observed(written, "hello-00003-old", traffic);
        seen.status.as_mut().unwrap().latest_ready_revision_name = Some("hello-00002-abc".to_owned());
        seen
    });
    let promote = request().traffic(TrafficIntent::FollowLatest);
    let error = Ops::new(api).deploy(&promote, soon()).await.unwrap_err();
    assert!(error.is_failed(), "{error}");
    assert_eq!(error.reason(), Some("RevisionNotReady"));
}

// https://github.com/BasedHardware/omi/issues/11103
#[tokio::test(start_paused = true)]
async fn describe_403_is_not_missing() {
    let mut api = MockCloudRun::new();
    let denied =
        || run_api::Error::from_status(403, "PERMISSION_DENIED", "Permission 'run.services.get' denied");
    api.services.expect_get().once().returning(move |_| Err(denied()));
    let error = Ops::new(api).deploy(&request(), soon()).await.unwrap_err();
    assert!(error.is_permission_denied() && error.written().is_none());
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/473
#[tokio::test(start_paused = true)]
async fn public_not_public() {
    let policy = || Policy { etag: Some("e".to_owned()), ..Policy::default() };
    let refusal = "One or more users named in the policy …";
    // Refused, and taken without effect.
    for refused in [true, false] {
        let (mut api, _) = api(None, |written, _| {
            observed(written, "hello-00001-new", json!([{"revisionName": "hello-00001-new", "percent": 100}]))
        });
        api.services.expect_get_iam_policy().returning(move |_| Ok(policy()));
        api.services.expect_set_iam_policy().returning(move |_, _| {
            if refused {
                return Err(run_api::Error::from_status(400, "FAILED_PRECONDITION", refusal));
            }
            Ok(policy())
        });
        let error = Ops::new(api).deploy(&request().access(Access::Public), soon()).await.unwrap_err();
        assert!(!error.is_deadline_exceeded(), "{error}");
        assert_eq!(error.written().unwrap().generation(), 1, "the service is there, and not public");
        assert!(!refused || error.remedies() == [crate::remedy::Remedy::AskOrganisation], "{error}");
    }
}

// https://github.com/mishrasanjeev/agentic-org/issues/606
#[tokio::test(start_paused = true)]
async fn retired_candidate() {
    let (api, _) = api(Some(existing("a/b:1", latest())), |written, look| {
        let traffic = json!([{"revisionName": "hello-00003-old", "percent": 100}]);
        let mut seen = observed(written, "hello-00004-new", traffic);
        let status = seen.status.as_mut().unwrap();
        let configured = &mut status.conditions[1];
        assert_eq!(configured.type_.as_deref(), Some("ConfigurationsReady"));
        match look {
            // The service serves as before, and the candidate is still starting.
            1 => configured.status = Some("Unknown".to_owned()),
            // It has started, and is put to sleep: it never becomes the latest ready one.
            _ => configured.reason = Some("Retired".to_owned()),
        }
        seen
    });
    let start = Instant::now();
    let deployed = Ops::new(api).deploy(&request().traffic(TrafficIntent::NoTraffic), soon()).await.unwrap();
    assert_eq!((deployed.revision(), deployed.share()), ("hello-00004-new", Percent::default()));
    assert_eq!(deployed.service().latest_ready_revision(), Some("hello-00003-old"));
    assert_eq!(start.elapsed(), Duration::from_secs(2), "neither before it started nor at the deadline");
}

// https://github.com/google-github-actions/deploy-cloudrun/issues/589
#[tokio::test(start_paused = true)]
async fn tag_url_of_other() {
    let tagged = |name: &str, tag: &str| {
        let url = format!("https://{tag}---hello.run.app");
        json!({"revisionName": name, "tag": tag, "url": url})
    };
    let deploy = async |request: DeployRequest, ours: Value| {
        let (api, _) = api(Some(existing("a/b:1", latest())), move |written, _| {
            let entry = json!({"revisionName": "hello-v4", "percent": 100});
            let others = tagged("hello-00001-abc", "old");
            let mut seen = observed(written, "hello-v4", json!([others, entry, ours]));
            seen.status.as_mut().unwrap().url = Some("https://hello.run.app".to_owned());
            seen
        });
        Ops::new(api).deploy(&request.revision_suffix("v4"), soon()).await.unwrap()
    };
    let untagged = deploy(request(), tagged("hello-00002-abc", "blue")).await;
    assert_eq!(untagged.url(), Some("https://hello.run.app"));
    assert!(untagged.tag_urls().is_empty(), "{:?}", untagged.tag_urls());
    let blue = deploy(request().tag(Tag::new("blue").unwrap()), tagged("hello-v4", "blue")).await;
    assert_eq!(blue.url(), Some("https://hello.run.app"));
    assert_eq!(blue.tag_urls(), [("blue", "https://blue---hello.run.app")].into());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_somebody_creates_meanwhile_is_updated() {
    let theirs = existing("a/b:1", latest());
    let mut api = MockCloudRun::new();
    let mut reads = 0;
    let (first, written) = (theirs.clone(), Arc::new(Mutex::new(theirs)));
    let now = written.clone();
    api.services.expect_get().returning(move |_| {
        reads += 1;
        match reads {
            1 => Err(missing()),
            // Whose it is, and what.
            2 | 3 => Ok(first.clone()),
            _ => {
                let entry = json!([{"revisionName": "hello-00004-new", "percent": 100}]);
                Ok(observed(&now.lock().unwrap(), "hello-00004-new", entry))
            }
        }
    });
    api.services.expect_create().once().returning(|_, _| {
        Err(run_api::Error::from_status(409, "ALREADY_EXISTS", "Resource 'hello' already exists."))
    });
    api.services.expect_replace().once().returning(move |_, sent| {
        *written.lock().unwrap() = answer(sent);
        Ok(answer(sent))
    });
    let stages = Arc::new(Mutex::new(Vec::new()));
    let told = stages.clone();
    let ops = Ops::new(api).on_event(move |event| {
        if let Event::StageStarted { stage, .. } = event {
            told.lock().unwrap().push(*stage);
        }
    });
    let deployed = ops.deploy(&request(), soon()).await.unwrap();
    assert!(!deployed.created());
    assert_eq!(deployed.revision(), "hello-00004-new");
    assert_eq!(*stages.lock().unwrap(), [Stage::Create, Stage::Update, Stage::Verify]);
}

/// The policy of a service that was created just now is not found at first.
#[tokio::test(start_paused = true)]
async fn a_new_service_is_made_public_although_a_read_is_stale() {
    let (mut api, _) = api(None, |written, _| {
        observed(written, "hello-00001-new", json!([{"revisionName": "hello-00001-new", "percent": 100}]))
    });
    let (mut looks, mut sets) = (0, 0);
    api.services.expect_get_iam_policy().returning(move |_| {
        looks += 1;
        if looks == 1 { Err(missing()) } else { Ok(serde_json::from_value(json!({"etag": "e1"})).unwrap()) }
    });
    api.services.expect_set_iam_policy().times(2).returning(move |_, policy| {
        sets += 1;
        if sets == 1 { Err(missing()) } else { Ok(policy) }
    });
    let deployed = Ops::new(api).deploy(&request().access(Access::Public), soon()).await.unwrap();
    assert_eq!((deployed.created(), deployed.public()), (true, Some(true)));

    let (mut api, _) = self::api(None, |written, _| written.clone());
    api.services.expect_get_iam_policy().returning(move |_| Err(missing()));
    let start = Instant::now();
    let error = Ops::new(api).deploy(&request().access(Access::Public), soon()).await.unwrap_err();
    assert!(error.is_gone() && error.written().is_some(), "{error}");
    assert!(start.elapsed() >= Duration::from_secs(10));
}
