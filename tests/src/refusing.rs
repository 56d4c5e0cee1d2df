//! An API that counts its calls, and of which some find nobody listening.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use run_api::types::{ListRevisionsResponse, Policy, Revision, Service, Status};
use run_api::{Client, Endpoint, Error, ListOptions, Location, RevisionRef, ServiceRef};
use run_ops::CloudRun;

/// A client whose calls are counted. The refused ones go to a port that nobody listens on, so that the error is a real
/// one.
#[derive(Clone)]
pub struct Refusing {
    live: Client,
    dead: Client,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Default)]
struct Calls {
    made: u32,
    refused: BTreeSet<u32>,
}

impl Refusing {
    /// Over this client.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn new(live: Client) -> Self {
        let free =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port");
        let dead = Client::builder()
            .endpoint(Endpoint::emulator(&format!("http://{free}")).expect("an address"))
            .build()
            .expect("valid settings");
        Self { live, dead, calls: Arc::default() }
    }

    /// The same, counted from zero, with nothing refused.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self { calls: Arc::default(), ..self.clone() }
    }

    /// Refuses the call with this index, counted from zero.
    pub fn refuse(&self, index: u32) {
        self.with(|calls| {
            calls.refused.insert(index);
        });
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.with(|calls| calls.made)
    }

    /// The client for the next call.
    fn next(&self) -> &Client {
        let refused = self.with(|calls| {
            calls.made += 1;
            calls.refused.contains(&(calls.made - 1))
        });
        if refused { &self.dead } else { &self.live }
    }

    fn with<R>(&self, work: impl FnOnce(&mut Calls) -> R) -> R {
        work(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

macro_rules! counted {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl CloudRun for Refusing {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$answer, Error> {
                self.next().$name($($argument),*).await
            })*
        }
    };
}

counted! {
    get_service(service: &ServiceRef) -> Service;
    create_service(location: &Location, service: &Service) -> Service;
    replace_service(service: &ServiceRef, body: &Service) -> Service;
    delete_service(service: &ServiceRef) -> Status;
    get_revision(revision: &RevisionRef) -> Revision;
    list_revisions(location: &Location, options: &ListOptions) -> ListRevisionsResponse;
    get_service_iam_policy(service: &ServiceRef) -> Policy;
    set_service_iam_policy(service: &ServiceRef, policy: Policy) -> Policy;
    test_service_iam_permissions(service: &ServiceRef, permissions: &[&'static str]) -> Vec<String>;
}
