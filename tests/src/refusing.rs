//! An API of which some calls find nobody listening.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use run_api::types::{Execution, Overrides, Policy, Status};
use run_api::{Client, Endpoint, Error, ExecutionRef, JobRef, ListOptions, Location, ResourceRef};
use run_ops::api::{
    CancelExecutionApi, CreateApi, DeleteApi, IamApi, Kind, Page, ReadApi, ReplaceApi, RunJobApi,
};

/// A client some of whose calls go to a port that nobody listens on, so that the error is a real one.
#[derive(Clone)]
pub struct Refusing {
    live: Client,
    dead: Client,
    counter: Arc<AtomicU32>,
    refused: Arc<Mutex<BTreeSet<u32>>>,
}

impl Refusing {
    /// Over this client, whose requests somebody else counts.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn new(live: Client, counter: Arc<AtomicU32>) -> Self {
        let free =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port");
        let dead = Client::builder()
            .endpoint(Endpoint::emulator(&format!("http://{free}")).expect("an address"))
            .build()
            .expect("valid settings");
        Self { live, dead, counter, refused: Arc::default() }
    }

    /// Refuses the calls with these numbers, and no others.
    pub fn refuse(&self, indices: impl IntoIterator<Item = u32>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = indices.into_iter().collect();
    }

    /// The client for the next call.
    fn next(&self) -> &Client {
        let index = self.counter.load(Ordering::Relaxed);
        if !self.refused.lock().unwrap_or_else(PoisonError::into_inner).remove(&index) {
            return &self.live;
        }
        self.counter.fetch_add(1, Ordering::Relaxed);
        &self.dead
    }
}

#[async_trait]
impl<K: Kind> ReadApi<K> for Refusing
where
    Client: ReadApi<K>,
{
    async fn get(&self, reference: &ResourceRef<K>) -> Result<K, Error> {
        ReadApi::get(self.next(), reference).await
    }

    async fn list(&self, location: &Location, options: &ListOptions) -> Result<Page<K>, Error> {
        ReadApi::list(self.next(), location, options).await
    }
}

#[async_trait]
impl<K: Kind> DeleteApi<K> for Refusing
where
    Client: DeleteApi<K>,
{
    async fn delete(&self, reference: &ResourceRef<K>) -> Result<Status, Error> {
        DeleteApi::delete(self.next(), reference).await
    }
}

#[async_trait]
impl<K: Kind> CreateApi<K> for Refusing
where
    Client: CreateApi<K>,
{
    async fn create(&self, location: &Location, object: &K) -> Result<K, Error> {
        CreateApi::create(self.next(), location, object).await
    }
}

#[async_trait]
impl<K: Kind> ReplaceApi<K> for Refusing
where
    Client: ReplaceApi<K>,
{
    async fn replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error> {
        ReplaceApi::replace(self.next(), reference, body).await
    }

    async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error> {
        ReplaceApi::dry_replace(self.next(), reference, body).await
    }
}

#[async_trait]
impl<K: Kind> IamApi<K> for Refusing
where
    Client: IamApi<K>,
{
    async fn get_iam_policy(&self, reference: &ResourceRef<K>) -> Result<Policy, Error> {
        IamApi::get_iam_policy(self.next(), reference).await
    }

    async fn set_iam_policy(&self, reference: &ResourceRef<K>, policy: Policy) -> Result<Policy, Error> {
        IamApi::set_iam_policy(self.next(), reference, policy).await
    }

    async fn test_iam_permissions(
        &self,
        reference: &ResourceRef<K>,
        permissions: &[&'static str],
    ) -> Result<Vec<String>, Error> {
        IamApi::test_iam_permissions(self.next(), reference, permissions).await
    }
}

#[async_trait]
impl RunJobApi for Refusing {
    async fn run_job(&self, job: &JobRef, overrides: Option<Overrides>) -> Result<Execution, Error> {
        RunJobApi::run_job(self.next(), job, overrides).await
    }
}

#[async_trait]
impl CancelExecutionApi for Refusing {
    async fn cancel_execution(&self, execution: &ExecutionRef) -> Result<Execution, Error> {
        CancelExecutionApi::cancel_execution(self.next(), execution).await
    }
}
