//! Asking the server what a write would make.

use std::sync::Arc;

use async_trait::async_trait;
use run_api::{Client, Creatable, Error, Location, WriteOptions};

use crate::api::{Kind, ReplaceApi};

/// Dry runs of creations, beside those of [replacements](ReplaceApi::dry_replace): the server checks the object, fills in
/// what it would, and stores nothing.
///
/// [`run_api::Client`] implements it for all kinds that can be created and replaced, and so does an [`Arc`] of whatever
/// does.
#[async_trait]
pub trait DryRunApi<K: Kind>: ReplaceApi<K> {
    /// What creating the object would make.
    async fn dry_create(&self, location: &Location, object: &K) -> Result<K, Error>;
}

#[async_trait]
impl<K: Kind + Creatable> DryRunApi<K> for Client
where
    Self: ReplaceApi<K>,
{
    async fn dry_create(&self, location: &Location, object: &K) -> Result<K, Error> {
        Client::create(self, location, object, &WriteOptions::dry_run()).await
    }
}

#[async_trait]
impl<K: Kind, T: DryRunApi<K> + ?Sized> DryRunApi<K> for Arc<T> {
    async fn dry_create(&self, location: &Location, object: &K) -> Result<K, Error> {
        (**self).dry_create(location, object).await
    }
}
