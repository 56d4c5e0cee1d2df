//! Domain mappings, and the domains that may be mapped.

use crate::support::{World, condition, hello, is};
use serde_json::{Value, json};

const MAPPINGS: &str = "/apis/domains.cloudrun.com/v1/namespaces/test-project/domainmappings";
const IN_LOCATION: &str = "/v1/projects/test-project/locations/us-central1/domainmappings";

fn mapping(domain: &str) -> Value {
    json!({"metadata": {"name": domain}, "spec": {"routeName": "hello"}})
}

async fn world() -> World {
    let world = World::start().await;
    world.create_settled(&hello("hello")).await;
    world
}

async fn settled(world: &World, domain: &str) -> Value {
    world.object_settled(&format!("{MAPPINGS}/{domain}"), "Ready").await
}

#[tokio::test(start_paused = true)]
async fn the_certificate_comes_after_the_route() {
    let world = world().await;
    let made = world.post(MAPPINGS, &mapping("www.example.com")).await.object();
    assert_eq!((made["spec"]["certificateMode"].as_str(), &made["status"]), (Some("AUTOMATIC"), &json!({})));
    let path = format!("{MAPPINGS}/www.example.com");
    let pending = world.object_when(&path, |object| is(object, "DomainRoutable") == "True").await;
    for kind in ["Ready", "CertificateProvisioned"] {
        let said = condition(&pending, kind);
        assert_eq!(
            (&said["status"], &said["reason"]),
            (&json!("Unknown"), &json!("CertificatePending")),
            "{kind}"
        );
        assert!(
            said["message"].as_str().unwrap().starts_with("Waiting for certificate provisioning."),
            "{said}"
        );
    }
    let records = json!([{"name": "www", "type": "CNAME", "rrdata": "ghs.googlehosted.com."}]);
    assert_eq!(pending["status"]["resourceRecords"], records, "gcloud waits for these");
    assert_eq!(pending["status"]["mappedRouteName"], "hello");
    let ready = settled(&world, "www.example.com").await;
    for kind in ["Ready", "CertificateProvisioned", "DomainRoutable"] {
        assert_eq!(is(&ready, kind), "True", "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_trees_of_paths_lead_to_it() {
    let world = world().await;
    world.post(IN_LOCATION, &mapping("example.com")).await.object();
    let ready = settled(&world, "example.com").await;
    assert_eq!(ready["status"]["resourceRecords"].as_array().map(Vec::len), Some(8), "an apex has addresses");
    assert_eq!(world.get(&format!("{IN_LOCATION}/example.com")).await.object(), ready);
    let everywhere = IN_LOCATION.replace("us-central1", "-");
    for list in [MAPPINGS, IN_LOCATION, &everywhere] {
        let list = world.get(list).await.object();
        assert_eq!((&list["kind"], &list["items"]), (&json!("DomainMappingList"), &json!([ready])));
    }
    assert_eq!(world.delete(&format!("{IN_LOCATION}/example.com")).await.object()["status"], "Success");
    world.nothing_at(&format!("{MAPPINGS}/example.com")).await;
}

#[tokio::test(start_paused = true)]
async fn a_mapping_needs_a_service_and_a_domain_of_ones_own() {
    let world = world().await;
    let mut lost = mapping("lost.example.com");
    lost["spec"]["routeName"] = "ghost".into();
    world.post(MAPPINGS, &lost).await.object();
    world.post(MAPPINGS, &mapping("www.example.org")).await.object();
    for (domain, reason) in [("lost.example.com", "RouteMissing"), ("www.example.org", "PermissionDenied")] {
        let failed = settled(&world, domain).await;
        for kind in ["Ready", "DomainRoutable"] {
            assert_eq!(
                (is(&failed, kind).as_str(), &condition(&failed, kind)["reason"]),
                ("False", &json!(reason))
            );
        }
        assert_eq!(failed["status"].get("resourceRecords"), None);
        let path = format!("{MAPPINGS}/{domain}");
        world.delete(&path).await.object();
        world.nothing_at(&path).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_domain_is_mapped_once() {
    let world = world().await;
    world.post(MAPPINGS, &mapping("www.example.com")).await.object();
    settled(&world, "www.example.com").await;
    let belgium = "europe-west1-run.googleapis.com";
    let at = format!("{MAPPINGS}/www.example.com");
    let post = |path: &'static str, body: Value| {
        let world = &world;
        async move { world.send(belgium, "POST", path, body.to_string().as_bytes()).await.object() }
    };
    let read = || async { world.send(belgium, "GET", &at, b"").await.object() };
    post(crate::support::SERVICES, hello("hello")).await;
    post(MAPPINGS, mapping("www.example.com")).await;
    let elsewhere = crate::support::bounded(async {
        loop {
            let object = read().await;
            if is(&object, "Ready") == "False" {
                return object;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(condition(&elsewhere, "Ready")["reason"], "MappingAlreadyExists");
    assert_eq!(elsewhere["status"].get("resourceRecords"), None, "gcloud tells by this that it failed");

    world.send(belgium, "DELETE", &at, b"").await.object();
    crate::support::bounded(async {
        while world.send(belgium, "GET", &at, b"").await.status != 404 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    })
    .await;
    let mut forced = mapping("www.example.com");
    forced["spec"]["forceOverride"] = true.into();
    post(MAPPINGS, forced).await;
    crate::support::bounded(async {
        while is(&read().await, "Ready") != "True" {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    })
    .await;
    let before = world.get(&at).await.object();
    assert_eq!(condition(&before, "Ready")["reason"], "MappingAlreadyExists", "it was taken over");
}

#[tokio::test(start_paused = true)]
async fn no_certificate() {
    let world = world().await;
    let mut plain = mapping("plain.example.com");
    plain["spec"]["certificateMode"] = "NONE".into();
    world.post(MAPPINGS, &plain).await.object();
    let ready = settled(&world, "plain.example.com").await;
    assert_eq!(
        (is(&ready, "Ready").as_str(), is(&ready, "CertificateProvisioned").as_str()),
        ("True", "absent")
    );
}

#[tokio::test(start_paused = true)]
async fn authorized_domains() {
    let paths = [
        "/apis/domains.cloudrun.com/v1/namespaces/test-project/authorizeddomains",
        "/v1/projects/test-project/authorizeddomains",
        "/v1/projects/test-project/locations/us-central1/authorizeddomains",
    ];
    let world = World::start().await;
    let domain =
        |name: &str| json!({"id": name, "name": format!("projects/test-project/authorizedDomains/{name}")});
    for path in paths {
        assert_eq!(world.get(path).await.object(), json!({"domains": [domain("example.com")]}), "{path}");
    }
    let world =
        World::with(|builder| builder.authorized_domain("A.example").authorized_domain("b.example")).await;
    for path in paths {
        // gcloud asks the host of all regions.
        let first =
            world.send("run.googleapis.com", "GET", &format!("{path}?pageSize=1"), b"").await.object();
        assert_eq!(first["domains"], json!([domain("a.example")]));
        let token = first["nextPageToken"].as_str().unwrap();
        let rest = world.get(&format!("{path}?pageSize=1&pageToken={token}")).await.object();
        assert_eq!(rest, json!({"domains": [domain("b.example")]}));
        assert_eq!(world.get(&format!("{path}?pageToken=x")).await.refusal().0, 400);
    }
    world.post(MAPPINGS, &mapping("example.com")).await.object();
    assert_eq!(condition(&settled(&world, "example.com").await, "Ready")["reason"], "PermissionDenied");
}
