//! Whatever text is given as a name: either it is refused, or the request is for the thing of that name.

use proptest::prelude::*;
use run_api::methods::{self, Verb};
use run_api::{Error, ErrorKind, JobRef, Named, OperationRef, ServiceRef, types};

use super::server::{ANYTHING, Answer, Server};

/// Texts that would be another request if they came into a path as they are.
const HOSTILE: &[&str] = &[
    "",
    ".",
    "..",
    "../jobs/x",
    "a/../b",
    "a/b",
    "a\\b",
    "a:setIamPolicy",
    "a:run",
    "a?dryRun=all",
    "a#b",
    "a%2f..%2fb",
    "%2e%2e",
    "a b",
    "a\r\nX: y",
    "a\0",
    "a@evil.example",
    "-",
    "*",
    "ａ",
];

#[test]
fn names_that_try_to_be_paths_are_no_names() {
    for &name in HOSTILE {
        let refused = [
            ServiceRef::new("my-project", "us-central1", name).err(),
            ServiceRef::new(name, "us-central1", "hello").err(),
            ServiceRef::new("my-project", name, "hello").err(),
            JobRef::new("my-project", "us-central1", name).err(),
            run_api::DomainMappingRef::new("my-project", "us-central1", name).err(),
        ];
        for error in refused {
            let error = Error::from(error.unwrap_or_else(|| panic!("{name:?} was taken for a name")));
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(!error.to_string().contains(['\r', '\n', '\0']), "{error}");
        }
        let operation = OperationRef::new("my-project", "us-central1", name);
        assert!(operation.is_err() || name == "-", "{name:?}");
    }
}

fn texts() -> impl Strategy<Value = String> {
    // Mostly what looks like a name, so that some are taken, and some of what must not be.
    prop_oneof!["[a-z][a-z0-9-]{0,20}", "[a-z0-9.:/%?#-]{0,12}", any::<String>()]
}

/// The ids that the server is asked for, by the path that arrives there.
fn asked_for(parameters: &[(&'static str, String)], key: &str) -> Option<String> {
    parameters.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_taken_name_arrives_as_it_is(project in texts(), name in texts()) {
        let service: Result<ServiceRef, _> = ServiceRef::new(project.as_str(), "us-central1", &name);
        let operation: Result<OperationRef, _> = OperationRef::new("p", "us-central1", &name);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start(Answer::json(200, ANYTHING)).await;
            let client = server.client();
            if let Ok(service) = &service {
                client.delete_service(service).await.unwrap();
            }
            if let Ok(operation) = &operation {
                client.get_operation(operation).await.unwrap();
            }
            let mut received = server.received().into_iter();
            if service.is_ok() {
                let path = received.next().unwrap().target;
                let (method, parameters) = methods::matching(Verb::Delete, &path).expect("a method");
                prop_assert_eq!(method.operation, "delete_service");
                prop_assert_eq!(asked_for(&parameters, "namespace"), Some(project));
                prop_assert_eq!(asked_for(&parameters, "service"), Some(name.clone()));
            }
            if operation.is_ok() {
                let path = received.next().unwrap().target;
                let (method, parameters) = methods::matching(Verb::Get, &path).expect("a method");
                prop_assert_eq!(method.operation, "get_operation");
                prop_assert_eq!(asked_for(&parameters, "operation"), Some(name));
            }
            Ok(())
        })?;
    }
}

/// The collections of the references are those of the paths.
#[test]
fn collections_are_those_of_the_api() {
    fn check<K: Named>() {
        let ending = format!("/{}", K::COLLECTION);
        assert!(methods::all().iter().any(|method| method.path.ends_with(&ending)), "{}", K::NOUN);
    }
    check::<types::Service>();
    check::<types::Revision>();
    check::<types::Configuration>();
    check::<types::Route>();
    check::<types::Job>();
    check::<types::Execution>();
    check::<types::Task>();
    check::<types::WorkerPool>();
    check::<types::Instance>();
    check::<types::DomainMapping>();
    check::<types::Operation>();
}
