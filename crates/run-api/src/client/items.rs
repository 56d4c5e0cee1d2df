//! Lists whose items are taken from the body as it arrives.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use futures::stream::{self, Stream};
use serde::de::DeserializeOwned;

use super::call::Answer;
use super::core::Client;
use super::doubt;
use super::fields::FieldMask;
use super::list::{self, repeated};
use super::options::{ListOptions, Scope};
use super::reader::{ItemReader, Rest, Step};
use crate::{Resource, Result};

/// As much of a body is collected before it is looked at: an item that is not complete is begun again.
const COLLECTED: usize = 32 * 1024;

impl Client {
    /// The objects of a list, each as soon as it has arrived, from all pages. Only the object at hand is in memory.
    ///
    /// ```no_run
    /// # async fn example(client: &run_api::Client) -> Result<(), run_api::Error> {
    /// use run_api::Resource;
    /// use run_api::types::Service;
    ///
    /// let mut services = client.items::<Service>(&client.location()?, Default::default());
    /// while let Some(service) = services.next().await? {
    ///     println!("{:?}", service.name());
    /// }
    /// println!("without {:?}", services.unreachable());
    /// # Ok(()) }
    /// ```
    pub fn items<K: Resource>(&self, scope: impl Into<Scope>, options: ListOptions) -> Items<'_, K> {
        Items::new(self, scope.into(), options, None)
    }

    /// The items of a list as rows of your own, each as soon as it has arrived, from all pages. The server sends only
    /// the fields that the mask names, which is a mask of one object.
    ///
    /// ```no_run
    /// # async fn example(client: &run_api::Client) -> Result<(), run_api::Error> {
    /// use run_api::FieldMask;
    /// use run_api::types::Service;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Row {
    ///     metadata: Metadata,
    /// }
    /// #[derive(serde::Deserialize)]
    /// struct Metadata {
    ///     name: String,
    /// }
    ///
    /// let fields = FieldMask::new("metadata/name")?;
    /// let mut rows = client.views::<Service, Row>(&client.location()?, Default::default(), &fields);
    /// while let Some(row) = rows.next().await? {
    ///     println!("{}", row.metadata.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn views<K: Resource, V: DeserializeOwned>(
        &self,
        scope: impl Into<Scope>,
        options: ListOptions,
        fields: &FieldMask,
    ) -> Items<'_, K, V> {
        Items::new(self, scope.into(), options, Some(fields.of_items()))
    }
}

/// The items of a list, as they arrive; see [`Client::items`].
pub struct Items<'a, K, V = K> {
    client: &'a Client,
    scope: Scope,
    fields: Option<FieldMask>,
    /// The next page to ask for; none after the last.
    next: Option<ListOptions>,
    seen: HashSet<String>,
    page: Option<(Answer, ItemReader)>,
    unreachable: Vec<String>,
    kind: PhantomData<fn() -> (K, V)>,
}

impl<'a, K: Resource, V: DeserializeOwned> Items<'a, K, V> {
    fn new(client: &'a Client, scope: Scope, options: ListOptions, fields: Option<FieldMask>) -> Self {
        let seen = options.continue_token.iter().cloned().collect();
        let (next, unreachable) = (Some(options), Vec::new());
        Self { client, scope, fields, next, seen, page: None, unreachable, kind: PhantomData }
    }

    /// The next item; none at the end of the list.
    ///
    /// # Errors
    /// As every request; also if the body breaks off or is no list, or if the server names a page again that there was
    /// already. The list has ended then. What came before is part of a list that is not known whole: if it is asked
    /// for again, drop it.
    pub async fn next(&mut self) -> Result<Option<V>> {
        let result = self.try_next().await;
        if result.is_err() {
            (self.next, self.page) = (None, None);
        }
        result
    }

    async fn try_next(&mut self) -> Result<Option<V>> {
        loop {
            let Some((answer, reader)) = &mut self.page else {
                let Some(options) = &self.next else { return Ok(None) };
                let call = list::call::<K>(&self.scope, options, self.fields.as_ref());
                self.page = Some((self.client.open(call).await?, ItemReader::default()));
                continue;
            };
            match reader.next().map_err(|error| answer.undecodable(error))? {
                Step::Item(item) => return Ok(Some(item)),
                Step::More if reader.waiting() > answer.item_limit() => return Err(answer.too_large()),
                Step::More => collect(answer, reader).await?,
                Step::End(rest) => {
                    if let Some(what) = doubt::of_kind::<K>(rest.kind.as_deref()) {
                        return Err(answer.unpromised(&what));
                    }
                    self.turn(rest)?;
                }
            }
        }
    }

    /// Turns to the next page.
    fn turn(&mut self, rest: Rest) -> Result<()> {
        self.page = None;
        for region in rest.unreachable {
            if !self.unreachable.contains(&region) {
                self.unreachable.push(region);
            }
        }
        let token = rest.metadata.and_then(|metadata| metadata.continue_).filter(|token| !token.is_empty());
        match token {
            Some(token) if !self.seen.insert(token.clone()) => return Err(repeated()),
            Some(token) => self.next.get_or_insert_default().continue_token = Some(token),
            None => self.next = None,
        }
        Ok(())
    }

    /// Regions that did not answer a request for all, as far as the list was read.
    #[must_use]
    pub fn unreachable(&self) -> &[String] {
        &self.unreachable
    }

    /// The items as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<V>> + Send + use<'a, K, V>
    where
        V: Send,
    {
        stream::try_unfold(self, |mut items| async move { Ok(items.next().await?.map(|item| (item, items))) })
    }
}

impl<K, V> fmt::Debug for Items<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("scope", &self.scope)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

async fn collect(answer: &mut Answer, reader: &mut ItemReader) -> Result<()> {
    let mut collected = 0;
    while collected < COLLECTED {
        match answer.chunk().await? {
            Some(chunk) => {
                collected += chunk.len();
                reader.push(&chunk);
            }
            None => {
                reader.end();
                break;
            }
        }
    }
    Ok(())
}
