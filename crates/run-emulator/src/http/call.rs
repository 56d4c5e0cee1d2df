//! A call of one method, and what the methods ask of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use run_api::types::{SetIamPolicyRequest, TestIamPermissionsRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::dispatch::Target;
use super::respond;

use crate::api::list::ListQuery;
use crate::api::numbered::PageQuery;
use crate::api::objects::{self, Kind, Readable, Written};
use crate::api::{iam, json, revisions};
use crate::engine::Engine;
use crate::error::ApiError;
use crate::log::ObjectChange;
use crate::reconcile;
use crate::store::{Guarded, Scope, Store, Stored};

/// What a method answers, and what there is to know of it besides.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) response: Response<Bytes>,
    /// What a write has changed in the object that it was about.
    pub(super) change: Option<ObjectChange>,
    /// The answer says less than it would a little later: the client is willing to wait for so long.
    pub(super) unfinished: Option<Duration>,
}

pub(super) type Answer = Result<Answered, ApiError>;

/// A call of one method: who is meant, by which options, with what body.
pub(super) struct Call<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) target: &'a Target,
    pub(super) body: &'a [u8],
}

/// An answer of which nothing is to be said.
pub(super) fn json<T: Serialize>(value: &T) -> Answer {
    Ok(Answered { response: respond::json(value)?, change: None, unfinished: None })
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

/// The methods that are the same for all kinds that have them.
impl Call<'_> {
    pub(super) fn get<K: Readable>(&self) -> Answer {
        self.read(|store| objects::get::<K>(store, self.scope(), self.name()))
    }

    pub(super) fn list<K: Readable>(&self) -> Answer {
        self.list_by::<K>(|_| 0)
    }

    /// The same; of objects of the same time, those with the smaller number come first.
    pub(super) fn list_by<K: Readable>(&self, number: impl Fn(&K::Row) -> i64) -> Answer {
        let query = self.list_query()?;
        let page = self.engine.with_store(|store| objects::list::<K>(store, self.scope(), &query, number))?;
        let response = respond::list(K::API_VERSION, &format!("{}List", K::KIND), page)?;
        Ok(Answered { response, change: None, unfinished: None })
    }

    pub(super) fn create<K: Kind>(&self) -> Answer {
        let (object, dry_run) = (self.parse::<K>(K::KIND)?, self.dry_run()?);
        let surroundings = self.engine.config.surroundings();
        self.write(|store| objects::create(store, &surroundings, self.scope(), object, dry_run))
    }

    pub(super) fn replace<K: Kind>(&self) -> Answer {
        let (object, dry_run) = (self.parse::<K>(K::KIND)?, self.dry_run()?);
        let surroundings = self.engine.config.surroundings();
        self.write(|store| objects::replace(store, &surroundings, self.scope(), self.name(), object, dry_run))
    }

    pub(super) fn delete<K: Stored>(&self) -> Answer {
        let dry_run = self.dry_run()?;
        self.write(|store| objects::delete::<K>(store, self.scope(), self.name(), dry_run))
    }

    /// Unlike other objects, a revision is gone at once.
    pub(super) fn delete_revision(&self) -> Answer {
        let dry_run = self.dry_run()?;
        self.write(|store| revisions::delete(store, self.scope(), self.name(), dry_run))
    }

    pub(super) fn get_policy<K: Guarded>(&self) -> Answer {
        let version = self.number("options.requestedPolicyVersion")?;
        self.read(|store| iam::get::<K>(store, self.scope(), self.name(), version))
    }

    pub(super) fn set_policy<K: Guarded>(&self) -> Answer {
        let request: SetIamPolicyRequest = self.parse("SetIamPolicyRequest")?;
        self.write(|store| iam::set::<K>(store, self.scope(), self.name(), request))
    }

    pub(super) fn test_permissions(&self) -> Answer {
        let request: TestIamPermissionsRequest = self.parse("TestIamPermissionsRequest")?;
        let who = self.target.who(self.engine);
        self.read(|store| {
            let policy = iam::policy_of(store, self.scope(), self.target.collection(), self.name());
            Ok(iam::test(request, who, policy))
        })
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
    pub(super) fn read<T: Serialize>(&self, work: impl FnOnce(&mut Store) -> Result<T, ApiError>) -> Answer {
        json(&self.engine.with_store(work)?)
    }

    /// A write: the store first, with what it has changed, then the work over time.
    pub(super) fn write<T: Serialize>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<Written<T>, ApiError>,
    ) -> Answer {
        let (written, change) = self.engine.with_store(|store| {
            let written = work(store)?;
            self.engine.publish(store, &written.subject);
            let change = store.change_of(&written.subject);
            Ok((written, change))
        })?;
        for subject in written.drive {
            reconcile::start(self.engine, subject);
        }
        Ok(Answered { change, ..json(&written.answer)? })
    }

    /// The body as an object of the API.
    pub(super) fn parse<T: DeserializeOwned>(&self, schema: &'static str) -> Result<T, ApiError> {
        json::parse(self.body, schema, &self.engine.config.future_fields)
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

    fn list_query(&self) -> Result<ListQuery, ApiError> {
        Ok(ListQuery {
            limit: self.number("limit")?.and_then(|limit| usize::try_from(limit).ok()),
            token: self.text("continue").map(str::to_owned),
            labels: self.text("labelSelector").map(str::to_owned),
            // (From gcloud's source, which asks for them so. Other field selectors mean nothing.)
            multi_region_only: self
                .text("fieldSelector")
                .is_some_and(|text| text.contains("multiRegionOnly")),
        })
    }
}
