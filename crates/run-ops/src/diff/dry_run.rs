//! Asking the server what a write would make.

use std::sync::Arc;

use async_trait::async_trait;
use run_api::{Client, Creatable, Error, Location, Replaceable, ResourceRef, WriteOptions};

use crate::api::{Kind, ReadApi};

/// Dry runs of writes: the server checks the object, fills in what it would, and stores nothing.
///
/// [`run_api::Client`] implements it for all kinds that can be created and replaced, and so does an [`Arc`] of whatever
/// does.
#[async_trait]
pub trait DryRunApi<K: Kind>: ReadApi<K> {
    /// What creating the object would make.
    async fn dry_create(&self, location: &Location, object: &K) -> Result<K, Error>;

    /// What replacing an object would make.
    async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error>;
}

#[async_trait]
impl<K: Kind + Creatable + Replaceable> DryRunApi<K> for Client
where
    Self: ReadApi<K>,
{
    async fn dry_create(&self, location: &Location, object: &K) -> Result<K, Error> {
        self.create(location, object, &WriteOptions::dry_run()).await
    }

    async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error> {
        self.replace(reference, body, &WriteOptions::dry_run()).await
    }
}

#[async_trait]
impl<K: Kind, T: DryRunApi<K> + ?Sized> DryRunApi<K> for Arc<T> {
    async fn dry_create(&self, location: &Location, object: &K) -> Result<K, Error> {
        (**self).dry_create(location, object).await
    }

    async fn dry_replace(&self, reference: &ResourceRef<K>, body: &K) -> Result<K, Error> {
        (**self).dry_replace(reference, body).await
    }
}
