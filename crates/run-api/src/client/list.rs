//! Lists: a page, a stream of pages, or the whole.

use std::collections::HashSet;
use std::future::Future;

use futures::stream::{self, Stream, TryStreamExt};

use super::call::Call;
use super::core::Client;
use super::doubt;
use super::fields::{FieldMask, Partial};
use super::options::{ListOptions, Scope};
use crate::error::ErrorKind;
use crate::methods::Operation;
use crate::{Error, List, Resource, Result};

impl Client {
    /// Lists a page of objects, newest first; [`List::next_page`] is the token of the next.
    ///
    /// # Errors
    /// As every request.
    ///
    /// ```no_run
    /// # async fn example(client: &run_api::Client) -> Result<(), run_api::Error> {
    /// use run_api::types::Job;
    /// use run_api::{ListOptions, ProjectId};
    ///
    /// let here = client.list::<Job>(&client.location()?, &ListOptions::default()).await?;
    /// let everywhere = client.list::<Job>(&ProjectId::new("my-project")?, &ListOptions::default()).await?;
    /// println!("{} {} (without {:?})", here.items.len(), everywhere.items.len(), everywhere.unreachable);
    /// # Ok(()) }
    /// ```
    pub async fn list<K: Resource>(&self, scope: impl Into<Scope>, options: &ListOptions) -> Result<List<K>> {
        self.send_doubting(call::<K>(&scope.into(), options, None), doubt::of_list).await
    }

    /// Lists some fields of a page of objects.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_fields<K: Resource>(
        &self,
        scope: impl Into<Scope>,
        options: &ListOptions,
        fields: &FieldMask,
    ) -> Result<Partial<List<K>>> {
        self.send(call::<K>(&scope.into(), options, Some(fields))).await.map(Partial::new)
    }

    /// All pages of a list, each as it is asked for.
    ///
    /// # Errors
    /// The stream ends with an error of a request, or if the server names a page again that there was already.
    ///
    /// ```no_run
    /// # async fn example(client: &run_api::Client) -> Result<(), run_api::Error> {
    /// use futures::TryStreamExt;
    /// use run_api::types::Revision;
    ///
    /// let here = client.location()?;
    /// let mut pages = std::pin::pin!(client.pages::<Revision>(&here, Default::default()));
    /// while let Some(page) = pages.try_next().await? {
    ///     println!("{} revisions", page.items.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn pages<K: Resource>(
        &self,
        scope: impl Into<Scope>,
        options: ListOptions,
    ) -> impl Stream<Item = Result<List<K>>> + Send {
        let scope = scope.into();
        pages(options, move |options| {
            let scope = scope.clone();
            async move { self.send_doubting(call::<K>(&scope, &options, None), doubt::of_list).await }
        })
    }

    /// The whole list: all pages as one, with the regions that are missing from it.
    ///
    /// # Errors
    /// As [`pages`](Self::pages).
    pub async fn list_all<K: Resource>(
        &self,
        scope: impl Into<Scope>,
        options: ListOptions,
    ) -> Result<List<K>> {
        let all: List<K> = List::default();
        self.pages(scope, options)
            .try_fold(all, |mut all, page| async move {
                all.items.extend(page.items);
                for region in page.unreachable {
                    if !all.unreachable.contains(&region) {
                        all.unreachable.push(region);
                    }
                }
                Ok(List { api_version: page.api_version, kind: page.kind, ..all })
            })
            .await
    }
}

/// All pages of a list, by whatever reads one: for other implementations than [`Client::pages`].
///
/// # Errors
/// The stream ends with the first error of `fetch`, or if the server names a page again that there was already.
///
/// ```
/// use futures::TryStreamExt;
/// use run_api::types::{ListMeta, Service};
/// use run_api::{Error, List, ListOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let fetch = |options: ListOptions| async move {
///     let next = options.continue_token.is_none().then(|| "second".to_owned());
///     let metadata = Some(ListMeta { continue_: next, ..ListMeta::default() });
///     Ok::<_, Error>(List::<Service> { items: vec![Service::default()], metadata, ..List::default() })
/// };
/// let pages: Vec<_> = run_api::pages(ListOptions::default(), fetch).try_collect().await?;
/// assert_eq!(pages.len(), 2);
/// # Ok(()) }
/// ```
pub fn pages<K, E, F, Fut>(options: ListOptions, fetch: F) -> impl Stream<Item = Result<List<K>, E>>
where
    F: FnMut(ListOptions) -> Fut,
    Fut: Future<Output = Result<List<K>, E>>,
    E: From<Error>,
{
    let seen: HashSet<String> = options.continue_token.iter().cloned().collect();
    stream::try_unfold((Some(options), fetch, seen), |(options, mut fetch, mut seen)| async move {
        let Some(mut options) = options else { return Ok(None) };
        let page = fetch(options.clone()).await?;
        let next = match page.next_page() {
            None => None,
            Some(token) if seen.insert(token.to_owned()) => {
                options.continue_token = Some(token.to_owned());
                Some(options)
            }
            Some(_) => return Err(repeated().into()),
        };
        Ok(Some((page, (next, fetch, seen))))
    })
}

/// A list that would go on for ever.
pub(super) fn repeated() -> Error {
    Error::new(ErrorKind::Decode, "the list does not end: its next page is one that there was already")
}

/// The request of a page.
pub(super) fn call<'a, K: Resource>(
    scope: &'a Scope,
    options: &ListOptions,
    fields: Option<&FieldMask>,
) -> Call<'a> {
    let call = match scope {
        Scope::Region(location) => Call::within(K::LIST, location),
        // As gcloud does it; the other kinds have no twin there, or gcloud does not use it.
        Scope::AllRegions(project) if K::LIST == Operation::ListServices => {
            Call::across(Operation::ListServicesInLocation, project)
        }
        Scope::AllRegions(project) => Call::across(K::LIST, project),
    };
    call.query("continue", options.continue_token.as_ref())
        .query("labelSelector", options.label_selector.as_ref())
        .query("limit", capped(options.limit))
        .query("fields", fields)
}

/// A page size as the API's signed integer.
pub(super) fn capped(size: Option<u32>) -> Option<i32> {
    size.map(|size| i32::try_from(size).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ListMeta, Service};

    /// Fetches pages whose tokens are these, and counts the requests.
    async fn fetched(first: Option<&str>, tokens: &[&str]) -> (usize, Result<usize>) {
        let mut asked = Vec::new();
        let mut tokens = tokens.iter();
        let options = ListOptions { continue_token: first.map(str::to_owned), ..ListOptions::default() };
        let fetch = |options: ListOptions| {
            asked.push(options.continue_token);
            let continue_ = tokens.next().map(|token| (*token).to_owned());
            let metadata = Some(ListMeta { continue_, ..ListMeta::default() });
            let page = List::<Service> { items: vec![Service::default()], metadata, ..List::default() };
            std::future::ready(Ok::<_, Error>(page))
        };
        let pages: Result<Vec<_>> = pages(options, fetch).try_collect().await;
        (asked.len(), pages.map(|pages| pages.len()))
    }

    #[tokio::test]
    async fn pages_end_with_the_last_and_with_an_error_at_one_that_there_was() {
        for (first, tokens, asked, outcome) in [
            (None, vec![], 1, Some(1)),
            (None, vec!["", "never"], 1, Some(1)),
            (None, vec!["a", "b"], 3, Some(3)),
            (None, vec!["a", "a"], 2, None),
            (None, vec!["a", "b", "a"], 3, None),
            (Some("a"), vec!["a"], 1, None),
        ] {
            let (requests, pages) = fetched(first, &tokens).await;
            assert_eq!((requests, pages.as_ref().ok().copied()), (asked, outcome), "{first:?} {tokens:?}");
            if let Err(error) = pages {
                assert!(error.to_string().contains("does not end"), "{error}");
            }
        }
    }
}
