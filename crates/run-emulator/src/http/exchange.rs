//! One request to the API and its answer, faults included.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::call::Answer;
use super::dispatch::{self, Resolved, Target};
use super::faulty::{self, After, Before};
use super::host::Host;
use super::{gzip, methods, respond};
use crate::access::Who;
use crate::api::iam;
use crate::body;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::faults::{FaultKind, Read};
use crate::log::LoggedRequest;

/// Answers a request, or says that its connection is to be reset.
pub(super) async fn answer(engine: &Arc<Engine>, host: &Host, request: Request<Incoming>) -> After {
    let mut entry = LoggedRequest::of(&request);
    let (parts, body) = request.into_parts();
    let legacy = parts.headers.get("x-goog-api-format-version").is_some_and(|version| version == "1");
    let begun = Instant::now();
    let mut retry_after = None;
    let mut struck = None;
    let result = match resolved(engine, host, &parts, body).await {
        Err(refusal) => Err(refusal),
        Ok((Resolved::Nowhere(page), _)) => Ok(page),
        Ok((Resolved::Method(target), body)) => {
            let name = target.object(&body);
            entry.operation = Some(target.method.operation);
            entry.region = target.scope.region.map(|region| region.name);
            entry.resource = Some(resource(&target, &name));
            struck = engine.faults.strike(target.method, &target.scope, &name);
            entry.fault = struck.as_ref().map(|(label, _)| label.clone());
            if struck.as_ref().is_some_and(|(_, kind)| kind.hangs()) {
                engine.log(entry.clone());
            }
            let before = match &struck {
                Some((_, kind)) => faulty::before(kind, target.method.operation, &name).await,
                None => Before::Continue,
            };
            match before {
                Before::Reset => {
                    entry.duration = begun.elapsed();
                    engine.log(entry);
                    return After::Reset;
                }
                Before::Refuse(refusal, seconds) => {
                    retry_after = seconds;
                    Err(refusal)
                }
                Before::Stale => {
                    match read_of(&target, &name).and_then(|read| engine.snapshots.recall(&read)) {
                        Some(past) => past,
                        None => carry_out(engine, &target, &name, &body, &mut entry).await,
                    }
                }
                Before::Continue => carry_out(engine, &target, &name, &body, &mut entry).await,
            }
        }
    };
    let mut answer = result.unwrap_or_else(|error| respond::error(&error, legacy));
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let answer = gzip::compress(answer, &parts.headers);
    entry.status = answer.status().as_u16();
    entry.duration = begun.elapsed();
    finish(engine, entry, struck.map(|(_, kind)| kind), answer).await
}

async fn finish(
    engine: &Engine,
    mut entry: LoggedRequest,
    fault: Option<FaultKind>,
    answer: Response<Bytes>,
) -> After {
    let Some(fault) = fault else {
        engine.log(entry);
        return After::Answer(body::whole(answer));
    };
    if fault == FaultKind::ResetAfter {
        entry.status = 0;
    }
    if !fault.hangs() {
        engine.log(entry);
    }
    faulty::after(&fault, answer).await
}

async fn resolved(
    engine: &Engine,
    host: &Host,
    parts: &Parts,
    body: Incoming,
) -> Result<(Resolved, Bytes), ApiError> {
    let body = body::read(body).await?;
    Ok((dispatch::resolve(engine, host, parts)?, body))
}

/// What a request is about, as logs show it.
fn resource(target: &Target, name: &str) -> String {
    let collection = target.collection();
    if name.is_empty() { collection.to_owned() } else { format!("{collection}/{name}") }
}

/// Carries a request out, and notes what it has changed.
async fn carry_out(
    engine: &Arc<Engine>,
    target: &Target,
    name: &str,
    body: &[u8],
    entry: &mut LoggedRequest,
) -> Result<Response<Bytes>, ApiError> {
    let who = target.who(engine);
    let of = if target.has_name { name } else { "" };
    if who != Who::Anybody {
        engine.with_store(|store| iam::authorize(store, who, target.method, &target.scope, of))?;
    }
    remember(engine, target, name);
    let answered = answered(engine, target, body).await?;
    entry.change = answered.change;
    Ok(answered.response)
}

/// Answers a request; one that waits for an operation is asked again whenever something has changed.
async fn answered(engine: &Arc<Engine>, target: &Target, body: &[u8]) -> Answer {
    let start = Instant::now();
    loop {
        // Listening begins before the look, so that no change falls in between.
        let mut changed = pin!(engine.changed());
        changed.as_mut().enable();
        let answer = methods::answer(engine, target, body)?;
        let Some(timeout) = answer.unfinished else { return Ok(answer) };
        if tokio::time::timeout_at(start + timeout, changed).await.is_err() {
            return Ok(answer);
        }
    }
}

/// Keeps what an object is before a write, if a read may have to be stale.
fn remember(engine: &Arc<Engine>, target: &Target, name: &str) {
    let operation = target.method.operation.as_str();
    let writes = ["create_", "replace_", "delete_", "set_"].iter().any(|verb| operation.starts_with(verb));
    if !writes || !engine.faults.remembers() {
        return;
    }
    let Some(read) = read_of(target, name) else { return };
    let earlier = Target {
        method: read.operation.method(),
        scope: target.scope.clone(),
        name: name.to_owned(),
        has_name: true,
        query: Default::default(),
        mask: None,
        headers: Default::default(),
    };
    let answer = methods::answer(engine, &earlier, b"").map(|answered| answered.response);
    engine.snapshots.remember(read, answer);
}

/// The read of the object that a request is about, or of its policy.
fn read_of(target: &Target, name: &str) -> Option<Read> {
    let operation = target.method.operation.as_str().trim_end_matches("_in_location");
    let (_, what) = operation.split_once('_')?;
    let operation = format!("get_{what}").parse().ok()?;
    let region = target.scope.region_name();
    (!name.is_empty()).then(|| Read {
        operation,
        project: target.scope.project,
        region,
        name: name.to_owned(),
    })
}
