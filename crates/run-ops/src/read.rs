//! Reads: one object, whether there is one, and lists.

use run_api::types::Service;
use run_api::{ListOptions, Location, ResourceRef, ServiceRef};

use crate::api::{Kind, Page, ReadApi};
use crate::{Error, ErrorKind, Ops, Result};

impl<C: Send + Sync> Ops<C> {
    /// Reads an object.
    ///
    /// # Errors
    /// As every request; [`Error::is_not_found`] if there is none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// let nightly = client.job("nightly")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(ops.get(&nightly).await.unwrap_err().is_not_found());
    /// # Ok(()) }
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
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// let nightly = client.job("nightly")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(ops.find(&nightly).await?.is_none());
    /// # Ok(()) }
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
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// let hello = client.service("hello")?;
    /// let ops = run_ops::Ops::new(client);
    /// assert!(!ops.exists(&hello).await?);
    /// # Ok(()) }
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
    /// As every request; [`ErrorKind::Unexpected`] if a page leads to one that was read already, which would go on for
    /// ever.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_api::{ListOptions, types::Job};
    ///
    /// let here = client.location()?.clone();
    /// let ops = run_ops::Ops::new(client);
    /// let jobs: Vec<Job> = ops.list(&here, &ListOptions::labelled("team=data")).await?;
    /// assert!(jobs.is_empty());
    /// # Ok(()) }
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
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = run_emulator::Emulator::builder().start().await?;
    /// # let endpoint = run_api::Endpoint::emulator(&emulator.url())?;
    /// # let client = run_api::Client::builder().endpoint(endpoint).project("p").region("us-central1").build()?;
    /// use run_api::{ListOptions, types::Job};
    ///
    /// let here = client.location()?.clone();
    /// let ops = run_ops::Ops::new(client);
    /// let page = ops.list_page::<Job>(&here, &ListOptions::default()).await?;
    /// assert!(page.items.is_empty() && page.next.is_none());
    /// # Ok(()) }
    /// ```
    pub async fn list_page<K: Kind>(&self, location: &Location, options: &ListOptions) -> Result<Page<K>>
    where
        C: ReadApi<K>,
    {
        Ok(self.read(K::CALLS.list.as_str(), || self.api().list(location, options)).await?)
    }
}

/// The way through the pages of a list.
pub(crate) struct Pages {
    options: ListOptions,
    /// The tokens that were used.
    used: Vec<String>,
    more: bool,
    count: usize,
}

impl Pages {
    pub(crate) fn new(options: &ListOptions) -> Self {
        Self { options: options.clone(), used: Vec::new(), more: true, count: 0 }
    }

    /// What to ask for next; none after the last page.
    ///
    /// # Errors
    /// If that was asked for before.
    pub(crate) fn next(&mut self) -> Result<Option<ListOptions>> {
        if !self.more {
            return Ok(None);
        }
        if let Some(token) = &self.options.continue_token {
            if self.used.contains(token) {
                let message = "a page of the list leads to one that was read already";
                return Err(Error::new(ErrorKind::Unexpected, message));
            }
            self.used.push(token.clone());
        }
        Ok(Some(self.options.clone()))
    }

    /// Takes a page's items, and notes where the next one begins.
    pub(crate) fn turn<K>(&mut self, page: Page<K>) -> Vec<K> {
        self.more = page.next.is_some();
        self.count += 1;
        self.options.continue_token = page.next;
        page.items
    }

    /// How many pages there were.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockCloudRun;
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
