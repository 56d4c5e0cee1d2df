//! What no real API has: faults, delays and requests of a running emulator, under `/__emulator/`.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::body::{self, Body, whole};
use crate::config::Delays;
use crate::engine::Engine;
use crate::environment::Environment;
use crate::faults::{Fault, Scenario};

/// Everything below is the emulator's own.
pub(super) const PATH: &str = "/__emulator/";

type Outcome = Result<Value, (StatusCode, String)>;

/// Answers a request to the emulator itself.
pub(super) async fn answer(engine: &Arc<Engine>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match body::read(body).await {
        Ok(body) => carry_out(engine, &parts.method, parts.uri.path(), &body),
        Err(error) => Err((StatusCode::BAD_REQUEST, error.message)),
    };
    let (status, value) = match outcome {
        Ok(value) => (StatusCode::OK, value),
        Err((status, message)) => (status, json!({"error": {"code": status.as_u16(), "message": message}})),
    };
    let mut response = Response::new(Bytes::from(format!("{value:#}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    whole(response)
}

fn carry_out(engine: &Engine, method: &Method, path: &str, body: &[u8]) -> Outcome {
    let parts: Vec<&str> = path.trim_start_matches(PATH).split('/').collect();
    let outcome = match (method.as_str(), &parts[..]) {
        ("GET", ["faults"]) => to_value(&engine.faults.active()),
        ("POST", ["faults"]) => add(engine, body),
        ("DELETE", ["faults"]) => {
            engine.faults.clear();
            Ok(json!({}))
        }
        ("DELETE", ["faults", id]) => remove(engine, id),
        ("GET", ["scenarios"]) => Ok(Scenario::all()
            .iter()
            .map(|one| json!({"name": one.name(), "about": one.about(), "thread": one.thread()}))
            .collect()),
        ("POST", ["scenarios", name]) => play(engine, name),
        ("GET", ["delays"]) => to_value(&engine.config.delays()),
        ("PUT", ["delays"]) => {
            let delays: Delays = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
            engine.config.set_delays(delays);
            to_value(&delays)
        }
        ("GET", ["environment"]) => to_value(&engine.config.surroundings().environment),
        ("PUT", ["environment"]) => {
            let environment: Environment =
                serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
            engine.config.set_environment(environment);
            to_value(&engine.config.surroundings().environment)
        }
        ("GET", ["requests"]) => to_value(&engine.requests()),
        _ => Err((StatusCode::NOT_FOUND, format!("the emulator has nothing at {method} {path}; {KNOWN}"))),
    };
    engine.tell();
    outcome
}

const KNOWN: &str = "there are /__emulator/faults, scenarios, delays, environment, requests, and watch";

fn bad(message: impl Into<String>) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, message.into())
}

fn to_value<T: serde::Serialize>(value: &T) -> Outcome {
    serde_json::to_value(value).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn add(engine: &Engine, body: &[u8]) -> Outcome {
    let text = std::str::from_utf8(body).map_err(|_| bad("the body is not UTF-8"))?;
    let faults = Fault::list_from_json(text).map_err(|error| bad(error.to_string()))?;
    let ids: Vec<u64> = faults.into_iter().map(|fault| engine.faults.add(fault)).collect();
    Ok(json!({"ids": ids}))
}

fn remove(engine: &Engine, id: &str) -> Outcome {
    let removed = id.parse().is_ok_and(|id| engine.faults.remove(id));
    if removed { Ok(json!({})) } else { Err((StatusCode::NOT_FOUND, format!("there is no fault {id}"))) }
}

fn play(engine: &Engine, name: &str) -> Outcome {
    let scenario = Scenario::by_name(name)
        .ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no scenario {name}")))?;
    engine.config.set_delays(scenario.delays(engine.config.delays()));
    engine.config.set_environment(scenario.environment(engine.config.surroundings().environment.clone()));
    let ids: Vec<u64> = scenario.faults().into_iter().map(|fault| engine.faults.add(fault)).collect();
    Ok(json!({"ids": ids}))
}
