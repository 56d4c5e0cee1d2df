//! A call of one method, and what the methods ask of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::dispatch::Target;
use super::{methods, respond};
use crate::api::changes::Change;
use crate::api::error::ApiError;
use crate::api::json;
use crate::api::list::ListQuery;
use crate::api::numbered::PageQuery;
use crate::api::scope::Scope;
use crate::engine::Engine;
use crate::reconcile::Subject;
use crate::store::{Key, Store};

/// Marks an answer that says less than it would a little later: the client is willing to wait for so long.
#[derive(Clone, Copy)]
pub(super) struct Unfinished {
    pub(super) timeout: Duration,
}

pub(super) type Answer = Result<Response<Bytes>, ApiError>;

/// A call of one method: who is meant, by which options, with what body.
pub(super) struct Call<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) target: &'a Target,
    pub(super) body: &'a [u8],
}

/// Calls a method.
pub(super) fn answer(engine: &Arc<Engine>, target: &Target, body: &[u8]) -> Answer {
    let answer = methods::answer(&Call { engine, target, body })?;
    engine.saved()?;
    match &target.mask {
        Some(mask) => respond::masked(&answer, mask),
        None => Ok(answer),
    }
}

/// What a request says of a dry run, in its query or its body.
pub(super) fn dry_run(given: Option<&str>) -> Result<bool, ApiError> {
    match given {
        None | Some("") => Ok(false),
        Some("all") => Ok(true),
        Some(other) => {
            Err(ApiError::invalid(format!("Invalid value '{other}' for dryRun: only 'all' is supported.")))
        }
    }
}

impl Call<'_> {
    pub(super) fn scope(&self) -> &Scope {
        &self.target.scope
    }

    /// The name of the object that the method is about.
    pub(super) fn name(&self) -> &str {
        &self.target.name
    }

    /// Answers with what the store has.
    pub(super) fn read<T: serde::Serialize>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, ApiError>,
    ) -> Answer {
        respond::json(&self.engine.with_store(work)?)
    }

    /// The body as an object of the API.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self, schema: &'static str) -> Result<T, ApiError> {
        json::parse(self.body, schema, &self.engine.config.future_fields)
    }

    /// A write: the store first, then the work over time.
    pub(super) fn write<T: serde::Serialize>(
        &self,
        subject: impl FnOnce(Key) -> Subject,
        work: impl FnOnce(&mut Store) -> Result<Change<T>, ApiError>,
    ) -> Answer {
        let change = self.engine.with_store(work)?;
        if change.reconcile {
            self.engine.reconcile(subject(change.key));
        }
        respond::json(&change.answer)
    }

    pub(super) fn dry_run(&self) -> Result<bool, ApiError> {
        dry_run(self.text("dryRun"))
    }

    /// A query parameter; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.target.query.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i32>, ApiError> {
        self.text(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    ApiError::invalid(format!("Invalid value at '{name}' (TYPE_INT32), \"{text}\""))
                })
            })
            .transpose()
    }

    /// What a list asks for that is paged by `pageSize` and `pageToken`.
    pub(super) fn page_query(&self) -> Result<PageQuery<'_>, ApiError> {
        let size = self.number("pageSize")?.and_then(|size| usize::try_from(size).ok());
        Ok(PageQuery { size, token: self.text("pageToken") })
    }

    pub(super) fn list_query(&self) -> Result<ListQuery, ApiError> {
        Ok(ListQuery {
            limit: self.number("limit")?.and_then(|limit| usize::try_from(limit).ok()),
            token: self.text("continue").map(str::to_owned),
            labels: self.text("labelSelector").map(str::to_owned),
        })
    }
}
