//! What an edit may do to an object, and what it may not.

use super::*;
use crate::TrafficChange;
use proptest::prelude::*;

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
