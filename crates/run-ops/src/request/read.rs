//! Reads: one object, whether there is one, and lists.

use run_api::types::Service;
use run_api::{ListOptions, Location, ResourceRef, ServiceRef};

use crate::api::{Kind, Page, Pages, ReadApi};
use crate::{Ops, Result};

impl<C: Send + Sync> Ops<C> {
    /// Reads an object.
    ///
    /// # Errors
    /// As every request; [`Error::is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// let nightly = client.job("nightly")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(ops.get(&nightly).await.unwrap_err().is_not_found());
    /// # Ok(()) })
    /// ```
    pub async fn get<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<K>
    where
        C: ReadApi<K>,
    {
        Ok(self.read_object(reference).await?)
    }

    /// Reads an object, if there is one. Only the API's own "not found" is a no.
    ///
    /// # Errors
    /// Everything else: above all a missing permission, or a 404 that is not the API's (a wrong host or region).
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// let nightly = client.job("nightly")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(ops.find(&nightly).await?.is_none());
    /// # Ok(()) })
    /// ```
    pub async fn find<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<Option<K>>
    where
        C: ReadApi<K>,
    {
        Ok(self.find_object(reference).await?)
    }

    /// Whether an object of this name exists (one that is being deleted still does).
    ///
    /// Only the API's own "not found" is a no.
    ///
    /// # Errors
    /// Everything else: above all a missing permission, or a 404 that is not the API's (a wrong host or region).
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// let hello = client.service("hello")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(!ops.exists(&hello).await?);
    /// # Ok(()) })
    /// ```
    pub async fn exists<K: Kind>(&self, reference: &ResourceRef<K>) -> Result<bool>
    where
        C: ReadApi<K>,
    {
        Ok(self.find_object(reference).await?.is_some())
    }

    /// [`exists`](Self::exists) for a service.
    ///
    /// # Errors
    /// As that.
    pub async fn service_exists(&self, service: &ServiceRef) -> Result<bool>
    where
        C: ReadApi<Service>,
    {
        self.exists(service).await
    }

    /// All objects of a kind in one region, read page by page; [`ListOptions::limit`] is that of a page.
    ///
    /// # Errors
    /// As every request; [`ErrorKind::Unexpected`](crate::ErrorKind::Unexpected) if a page leads to one that was read already, which would go on for
    /// ever.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_api::{ListOptions, types::Job};
    ///
    /// let here = client.location()?.clone();
    /// let ops = run_ops::Ops::new(client);
    /// let jobs: Vec<Job> = ops.list(&here, &ListOptions::labelled("team=data")).await?;
    /// assert!(jobs.is_empty());
    /// # Ok(()) })
    /// ```
    pub async fn list<K: Kind>(&self, location: &Location, options: &ListOptions) -> Result<Vec<K>>
    where
        C: ReadApi<K>,
    {
        let mut pages = Pages::new(options);
        let mut items = Vec::new();
        while let Some(options) = pages.next()? {
            let page = self.list_page(location, &options).await?;
            items.extend(pages.turn(page));
        }
        Ok(items)
    }

    /// One page of a list.
    ///
    /// # Errors
    /// As every request.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_api::{ListOptions, types::Job};
    ///
    /// let here = client.location()?.clone();
    /// let ops = run_ops::Ops::new(client);
    /// let page = ops.list_page::<Job>(&here, &ListOptions::default()).await?;
    /// assert!(page.items.is_empty() && page.next.is_none());
    /// # Ok(()) })
    /// ```
    pub async fn list_page<K: Kind>(&self, location: &Location, options: &ListOptions) -> Result<Page<K>>
    where
        C: ReadApi<K>,
    {
        Ok(self.read(K::CALLS.list.as_str(), || self.api().list(location, options)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, MockCloudRun};
    use run_api::types::Job;

    fn lists(next: fn(Option<&str>) -> Option<&'static str>) -> Ops<MockCloudRun> {
        let mut api = MockCloudRun::new();
        api.jobs.expect_list().returning(move |_, options| {
            let token = options.continue_token.as_deref();
            let mut job = Job::default();
            job.metadata.get_or_insert_default().name = token.map(str::to_owned);
            Ok(Page::new(vec![job], next(token).map(str::to_owned)))
        });
        Ops::new(api)
    }

    #[tokio::test]
    async fn all_pages_are_read() {
        let ops = lists(|token| match token {
            None => Some("a"),
            Some("a") => Some("b"),
            _ => Some(""),
        });
        let here = Location::new("p", "us-central1").unwrap();
        let jobs: Vec<Job> = ops.list(&here, &ListOptions::default()).await.unwrap();
        let names: Vec<_> = jobs.into_iter().map(|job| job.metadata.unwrap().name).collect();
        assert_eq!(names, [None, Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[tokio::test]
    async fn a_list_that_leads_back_ends() {
        for next in [(|_| Some("a")) as fn(Option<&str>) -> Option<&'static str>, |token| {
            if token == Some("a") { Some("b") } else { Some("a") }
        }] {
            let here = Location::new("p", "us-central1").unwrap();
            let error = lists(next).list::<Job>(&here, &ListOptions::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unexpected);
        }
    }
}
