//! What holds for every kind of objects that a client writes: lists, versions, names, deletion, policies.

use crate::support::{HELLO, NUMBER, World};
use serde_json::{Value, json};

/// A kind of objects.
pub(crate) struct Kind {
    pub(crate) group: &'static str,
    pub(crate) collection: &'static str,
    /// The kind of a list.
    list: &'static str,
    in_messages: &'static str,
    replaced: bool,
    has_policy: bool,
    spec: fn() -> Value,
    /// Another spec.
    change: fn(&mut Value),
}

pub(crate) const KINDS: [Kind; 5] = [
    Kind {
        group: "serving.knative.dev",
        collection: "services",
        list: "ServiceList",
        in_messages: "SERVICE",
        replaced: true,
        has_policy: true,
        spec: || json!({"template": {"spec": {"containers": [{"image": HELLO}]}}}),
        change: |spec| spec["template"]["spec"]["timeoutSeconds"] = 7.into(),
    },
    Kind {
        group: "run.googleapis.com",
        collection: "jobs",
        list: "JobList",
        in_messages: "JOB",
        replaced: true,
        has_policy: true,
        spec: || json!({"template": {"spec": {"template": {"spec": {"containers": [{"image": HELLO}]}}}}}),
        change: |spec| spec["template"]["spec"]["taskCount"] = 7.into(),
    },
    Kind {
        group: "run.googleapis.com",
        collection: "workerpools",
        list: "WorkerPoolList",
        in_messages: "WORKER_POOL",
        replaced: true,
        has_policy: true,
        spec: || json!({"template": {"spec": {"containers": [{"image": HELLO}]}}}),
        change: |spec| spec["template"]["spec"]["containers"][0]["args"] = json!(["x"]),
    },
    Kind {
        group: "run.googleapis.com",
        collection: "instances",
        list: "InstanceList",
        in_messages: "INSTANCE",
        replaced: true,
        has_policy: true,
        spec: || json!({"containers": [{"image": HELLO}]}),
        change: |spec| spec["containers"][0]["args"] = json!(["x"]),
    },
    Kind {
        group: "domains.cloudrun.com",
        collection: "domainmappings",
        list: "DomainMappingList",
        in_messages: "DOMAIN_MAPPING",
        replaced: false,
        has_policy: false,
        spec: || json!({"routeName": "hello"}),
        change: |_| {},
    },
];

impl Kind {
    pub(crate) fn path(&self) -> String {
        format!("/apis/{}/v1/namespaces/test-project/{}", self.group, self.collection)
    }

    /// The annotation that says who made an object.
    fn creator(&self) -> &'static str {
        if self.collection == "jobs" { "run.googleapis.com/creator" } else { "serving.knative.dev/creator" }
    }

    /// A name that the kind accepts.
    fn name(&self, name: &str) -> String {
        if self.collection == "domainmappings" { format!("{name}.example.com") } else { name.to_owned() }
    }

    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{}", self.path(), self.name(name))
    }

    pub(crate) fn object(&self, name: &str) -> Value {
        json!({"metadata": {"name": self.name(name)}, "spec": (self.spec)()})
    }

    fn changed(&self, name: &str) -> Value {
        let mut object = self.object(name);
        (self.change)(&mut object["spec"]);
        object
    }

    /// The object when nothing more is going to happen to it.
    pub(crate) async fn settled(&self, world: &World, name: &str) -> Value {
        let last = if self.collection == "instances" { "Running" } else { "Ready" };
        world.object_settled(&self.at(name), last).await
    }
}

fn replaced() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| kind.replaced)
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item["metadata"]["name"].as_str().expect("a name").to_owned();
    items.iter().map(|item| name(item).trim_end_matches(".example.com").to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn lists() {
    for kind in &KINDS {
        let world = World::start().await;
        let path = kind.path();
        let about = kind.collection;
        let empty = world.get(&path).await.object();
        let version = format!("{}/v1", kind.group);
        assert_eq!((&empty["kind"], &empty["apiVersion"]), (&json!(kind.list), &json!(version)));
        assert_eq!(empty.get("items"), None, "{about}");
        for at in 0..5 {
            let mut object = kind.object(&format!("o{at}"));
            object["metadata"]["labels"] = json!({"parity": if at % 2 == 0 { "even" } else { "odd" }});
            world.post(&path, &object).await.object();
        }
        let all = world.get(&path).await.object();
        assert_eq!(names(&all), ["o4", "o3", "o2", "o1", "o0"], "{about}: newest first");
        assert_eq!(world.get(&path).await.object(), all, "{about}: the order stays");
        let page = world.get(&format!("{path}?limit=3")).await.object();
        assert_eq!(names(&page), ["o4", "o3", "o2"], "{about}");
        let next = page["metadata"]["continue"].as_str().unwrap();
        let rest = world.get(&format!("{path}?limit=3&continue={next}")).await.object();
        assert_eq!((names(&rest), rest["metadata"].get("continue")), (vec!["o1".into(), "o0".into()], None));
        for (selector, expected) in [
            ("parity=odd", vec!["o3", "o1"]),
            ("parity+%3D%3D+odd", vec!["o3", "o1"]),
            ("parity!=even", vec!["o3", "o1"]),
            ("parity+in+(odd,+x)", vec!["o3", "o1"]),
            ("parity+notin+(odd)", vec!["o4", "o2", "o0"]),
            ("parity,parity!=odd", vec!["o4", "o2", "o0"]),
            ("!parity", vec![]),
            ("cloud.googleapis.com/location=us-central1,parity=odd", vec!["o3", "o1"]),
        ] {
            let found = world.get(&format!("{path}?labelSelector={selector}")).await.object();
            assert_eq!(names(&found), expected, "{about} {selector}");
        }
        assert_eq!(world.get(&format!("{path}?labelSelector=a+b")).await.refusal().0, 400, "{about}");
        let ignored =
            world.get(&format!("{path}?fieldSelector=x&watch=true&resourceVersion=1")).await.object();
        assert_eq!(names(&ignored).len(), 5, "{about}: not rejected");
    }
}

#[tokio::test(start_paused = true)]
async fn regions() {
    for kind in &KINDS {
        let world = World::start().await;
        let (path, about) = (kind.path(), kind.collection);
        for (host, name) in [("europe-west1-run.googleapis.com", "a"), ("us-east1-run.googleapis.com", "b")] {
            let made =
                world.send(host, "POST", &path, kind.object(name).to_string().as_bytes()).await.object();
            let region = host.trim_end_matches("-run.googleapis.com");
            assert_eq!(made["metadata"]["labels"]["cloud.googleapis.com/location"], region, "{about}");
            assert_eq!(made["metadata"]["namespace"], NUMBER.to_string());
            assert_eq!(
                made["metadata"]["selfLink"],
                kind.at(name).replace("test-project", &NUMBER.to_string())
            );
        }
        let global = "run.googleapis.com";
        let by_number = path.replace("test-project", &NUMBER.to_string());
        for all in [&path, &by_number] {
            let all = world.send(global, "GET", all, b"").await.object();
            assert_eq!(names(&all), ["b", "a"], "{about}");
        }
        let east = world.send("us-east1-run.googleapis.com", "GET", &path, b"").await.object();
        assert_eq!(names(&east), ["b"], "{about}");
        let refused = world.send(global, "POST", &path, kind.object("c").to_string().as_bytes()).await;
        assert_eq!(refused.violations()[0].0, "region", "{about}");
    }
}

#[tokio::test(start_paused = true)]
async fn versions_and_generations() {
    for kind in replaced() {
        let world = World::start().await;
        let (at, about) = (kind.at("one"), kind.collection);
        let made = world.post(&kind.path(), &kind.object("one")).await.object();
        assert_eq!(made["metadata"]["generation"], 1, "{about}");
        let first = kind.settled(&world, "one").await;
        assert_ne!(first["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"], "{about}");
        assert_eq!(world.put(&at, &first).await.object(), first, "{about}: nothing changed");

        let mut labelled = first.clone();
        labelled["metadata"]["labels"]["team"] = "a".into();
        let labelled = world.put(&at, &labelled).await.object();
        assert_eq!(labelled["metadata"]["generation"], 1, "{about}: a label is no change of the spec");
        assert_eq!(world.put(&at, &first).await.refusal().1, "ABORTED", "{about}: it is stale");

        let second = world.put(&at, &kind.changed("one")).await.object();
        assert_eq!(second["metadata"]["generation"], 2, "{about}");
        assert_eq!(second["status"]["observedGeneration"], 1, "{about}");
        assert_eq!(second["metadata"]["labels"].get("team"), None, "{about}");
        for immutable in ["uid", "creationTimestamp", "selfLink", "name", "namespace"] {
            assert_eq!(second["metadata"][immutable], made["metadata"][immutable], "{about} {immutable}");
        }
        let last = kind.settled(&world, "one").await;
        assert_eq!(last["status"]["observedGeneration"], 2, "{about}");
        let mut nonsense = last;
        nonsense["metadata"]["resourceVersion"] = "nonsense".into();
        assert_eq!(world.put(&at, &nonsense).await.violations()[0].0, "metadata.resourceVersion");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_servers_cannot_be_written() {
    for kind in &KINDS {
        let world = World::start().await;
        let about = kind.collection;
        let mut forged = kind.object("one");
        forged["metadata"] = json!({
            "name": kind.name("one"), "uid": "mine", "generation": 7, "selfLink": "/x",
            "creationTimestamp": "2000-01-01T00:00:00Z", "deletionTimestamp": "2000-01-01T00:00:00Z",
            "finalizers": ["x"], "labels": {"cloud.googleapis.com/location": "mars"},
            "annotations": {kind.creator(): "somebody"},
        });
        forged["status"] = json!({"observedGeneration": 7});
        let made = world.post(&kind.path(), &forged).await.object();
        let check = |object: &Value, generation: i32| {
            let metadata = &object["metadata"];
            assert_eq!(metadata["generation"], generation, "{about}");
            assert_eq!(metadata["uid"].as_str().map(str::len), Some(36), "{about}");
            assert_ne!(metadata["creationTimestamp"], "2000-01-01T00:00:00Z", "{about}");
            assert_eq!((metadata.get("deletionTimestamp"), metadata.get("finalizers")), (None, None));
            assert_eq!(metadata["labels"]["cloud.googleapis.com/location"], "us-central1", "{about}");
            assert_eq!(metadata["annotations"][kind.creator()], "user@example.com", "{about}");
            assert_ne!(object["status"]["observedGeneration"], 7, "{about}");
        };
        check(&made, 1);
        if kind.replaced {
            (kind.change)(&mut forged["spec"]);
            let replaced = world.put(&kind.at("one"), &forged).await.object();
            check(&replaced, 2);
            assert_eq!(replaced["metadata"]["uid"], made["metadata"]["uid"], "{about}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn path_and_body_agree() {
    for kind in &KINDS {
        let world = World::start().await;
        let about = kind.collection;
        let mut foreign = kind.object("one");
        foreign["metadata"]["namespace"] = "other-project".into();
        assert_eq!(
            world.post(&kind.path(), &foreign).await.violations()[0].0,
            "metadata.namespace",
            "{about}"
        );
        let nameless = json!({"spec": (kind.spec)()});
        assert_eq!(world.post(&kind.path(), &nameless).await.violations()[0].0, "metadata.name", "{about}");
        let mut other = kind.object("one");
        other["kind"] = "Pod".into();
        assert_eq!(world.post(&kind.path(), &other).await.violations()[0].0, "kind", "{about}");
        let mut reserved = kind.object("one");
        reserved["metadata"]["annotations"] = json!({"run.googleapis.com/memory": "1"});
        let refused = world.post(&kind.path(), &reserved).await.violations().remove(0);
        assert_eq!(refused.0, "metadata.annotations", "{about}");
        if kind.replaced {
            world.post(&kind.path(), &kind.object("one")).await.object();
            let renamed = world.put(&kind.at("one"), &kind.object("two")).await;
            assert_eq!(renamed.violations()[0].0, "metadata.name", "{about}");
            let unnamed = world.put(&kind.at("one"), &nameless).await;
            assert_eq!(unnamed.violations()[0].0, "metadata.name", "{about}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_stores_nothing() {
    for kind in &KINDS {
        let world = World::start().await;
        let (path, at, about) = (kind.path(), kind.at("one"), kind.collection);
        let answer = world.post(&format!("{path}?dryRun=all"), &kind.object("one")).await.object();
        assert_eq!(answer["metadata"]["generation"], 1, "{about}");
        assert_eq!(world.get(&at).await.status, 404, "{about}");
        world.post(&path, &kind.object("one")).await.object();
        let before = kind.settled(&world, "one").await;
        if kind.replaced {
            let answer = world.put(&format!("{at}?dryRun=all"), &kind.changed("one")).await.object();
            assert_eq!(answer["metadata"]["generation"], 2, "{about}");
        }
        assert_eq!(world.delete(&format!("{at}?dryRun=all")).await.object()["status"], "Success", "{about}");
        assert_eq!(world.get(&at).await.object(), before, "{about}");
        assert_eq!(world.post(&format!("{path}?dryRun=some"), &kind.object("b")).await.refusal().0, 400);
    }
}

#[tokio::test(start_paused = true)]
async fn deletion_and_name_reuse() {
    for kind in &KINDS {
        let world = World::start().await;
        let (path, at, about) = (kind.path(), kind.at("one"), kind.collection);
        let made = world.post(&path, &kind.object("one")).await.object();
        kind.settled(&world, "one").await;
        let (code, status, message) = world.post(&path, &kind.object("one")).await.refusal();
        assert_eq!((code, status.as_str()), (409, "ALREADY_EXISTS"), "{about}");
        assert_eq!(message, format!("Resource '{}' already exists.", kind.name("one")));

        let answer = world.delete(&at).await.object();
        assert_eq!(answer["status"], "Success", "{about}");
        let details = json!({
            "name": kind.name("one"), "group": kind.group, "kind": kind.collection, "uid": made["metadata"]["uid"],
        });
        assert_eq!(answer["details"], details);
        let going = world.get(&at).await.object();
        assert!(going["metadata"]["deletionTimestamp"].is_string(), "{about}");
        assert_ne!(
            crate::support::is(&going, "Ready"),
            "False",
            "{about}: gcloud would take it for a failure"
        );
        assert_eq!(world.post(&path, &kind.object("one")).await.refusal().1, "ALREADY_EXISTS", "{about}");
        if kind.replaced {
            let refused = world.put(&at, &kind.object("one")).await.refusal();
            assert_eq!(refused.1, "FAILED_PRECONDITION", "{about}");
        }
        assert_eq!(world.delete(&at).await.status, 200, "{about}: again is no failure");
        world.nothing_at(&at).await;
        let mut refusals = vec![world.get(&at).await, world.delete(&at).await];
        if kind.replaced {
            refusals.push(world.put(&at, &kind.object("one")).await);
        }
        for refused in refusals {
            let (code, status, message) = refused.refusal();
            assert_eq!((code, status.as_str()), (404, "NOT_FOUND"), "{about}");
            let (name, kind) = (kind.name("one"), kind.in_messages);
            assert_eq!(
                message,
                format!(
                    "Resource '{name}' of kind '{kind}' in region 'us-central1' in project 'test-project' does not \
                     exist."
                )
            );
        }
        let again = world.post(&path, &kind.object("one")).await.object();
        assert_ne!(again["metadata"]["uid"], made["metadata"]["uid"], "{about}");
        assert_eq!(again["metadata"]["generation"], 1, "{about}");
    }
}

#[tokio::test(start_paused = true)]
async fn policies() {
    for kind in KINDS.iter().filter(|kind| kind.has_policy) {
        let world = World::start().await;
        let about = kind.collection;
        let at = format!("/v1/projects/test-project/locations/us-central1/{about}/one");
        let (get, set) = (format!("{at}:getIamPolicy"), format!("{at}:setIamPolicy"));
        let missing = world.get(&get).await.refusal();
        assert!(missing.0 == 404 && missing.2.contains(kind.in_messages), "{missing:?}");
        assert_eq!(world.post(&set, &json!({"policy": {}})).await.refusal().0, 404, "{about}");
        world.post(&kind.path(), &kind.object("one")).await.object();
        let first = world.get(&get).await.object();
        assert_eq!(first, json!({"etag": "ACAB"}), "{about}");
        let bindings = json!([{"role": "roles/run.developer", "members": ["user:a@example.com"]}]);
        let policy = json!({"policy": {"etag": first["etag"], "bindings": bindings}});
        let second = world.post(&set, &policy).await.object();
        assert_eq!(second["bindings"], bindings, "{about}");
        assert_eq!(world.post(&set, &policy).await.refusal().1, "ABORTED", "{about}: the etag is stale");
        // gcloud reads and writes policies at the global host.
        assert_eq!(world.send("run.googleapis.com", "GET", &get, b"").await.object(), second, "{about}");
        let asked = json!({"permissions": [format!("run.{about}.get"), "storage.buckets.get"]});
        let held = world.post(&format!("{at}:testIamPermissions"), &asked).await.object();
        assert_eq!(held, json!({"permissions": [format!("run.{about}.get")]}));

        world.delete(&kind.at("one")).await.object();
        world.nothing_at(&kind.at("one")).await;
        world.post(&kind.path(), &kind.object("one")).await.object();
        assert_eq!(
            world.get(&get).await.object().get("bindings"),
            None,
            "{about}: that was another one's policy"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lists_of_what_belongs_to_services() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.create_settled(&crate::support::hello(name)).await;
    }
    let of = |list: &Value| -> Vec<String> {
        names(list).iter().map(|name| name.chars().take(1).collect()).collect()
    };
    for collection in ["revisions", "configurations", "routes"] {
        for parent in
            ["/apis/serving.knative.dev/v1/namespaces/test-project", "/v1/projects/test-project/locations/-"]
        {
            let path = format!("{parent}/{collection}");
            let list = |query: &str| {
                let (world, target) = (&world, format!("{path}?{query}"));
                async move { world.send("run.googleapis.com", "GET", &target, b"").await.object() }
            };
            assert_eq!(of(&list("").await), ["c", "b", "a"], "{path}: newest first");
            let page = list("limit=2").await;
            let next = page["metadata"]["continue"].as_str().unwrap();
            assert_eq!(of(&page), ["c", "b"], "{path}");
            assert_eq!(of(&list(&format!("limit=2&continue={next}")).await), ["a"], "{path}");
            let selector = "labelSelector=serving.knative.dev/service+in+(a,c)&fieldSelector=x";
            assert_eq!(of(&list(selector).await), ["c", "a"], "{path}");
        }
    }
}
