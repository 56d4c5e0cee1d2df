//! What strikes one request.

use std::time::Duration;

use run_emulator::FaultKind;

use super::BYSTANDER;
use super::raw::{self, Request};

/// What strikes a request. Where nothing else is said, the request is carried out.
#[derive(Clone, Debug)]
pub enum Strike {
    /// Nobody listens. (Done by who keeps the request from coming here.)
    Refused,
    /// A fault of the emulator's.
    Emulated(FaultKind),
    /// The connection is reset instead of an answer.
    Lost {
        /// Whether the request is carried out.
        applied: bool,
    },
    /// Half of the answer comes.
    Cut,
    /// Somebody else answers, whether the request was carried out or not.
    Instead {
        /// What the answer is.
        impostor: Impostor,
        /// Whether the request is carried out.
        applied: bool,
    },
    /// The request is delivered twice, and one of the two answers comes back.
    Twice {
        /// Whether it is the second one.
        second: bool,
    },
    /// From this request on reads answer with what was before the last write, for so long; for no time at all: this
    /// one read does.
    Stale(Duration),
    /// The body of the answer, with this status, does not end.
    Endless(u16),
    /// The answer is the one to somebody else's request about another service, made at the same time.
    OfAnother,
    /// The answer is that of the request before.
    OfTheOneBefore,
    /// There is no answer, and the request arrives after so long.
    Late(Duration),
}

/// An answer that is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impostor {
    /// A proxy's page, or what else has this status.
    Foreign(u16),
    /// An object of another kind.
    WrongKind,
    /// An error envelope in a 200.
    ErrorInSuccess,
    /// A 200 with an object that has nothing in it.
    EmptyObject,
    /// A refusal in the API's words.
    Api(u16),
    /// A 200 whose chunks are none.
    BrokenChunks,
    /// A 200 that says that it is compressed, and is not.
    BrokenGzip,
}

const JSON: &str = "content-type: application/json; charset=UTF-8";
const PAGE: &str = "<!DOCTYPE html><title>Access Policy</title><p>Ask your administrator.";

impl Impostor {
    pub(super) fn answer(self) -> Vec<u8> {
        match self {
            Self::Foreign(101) => {
                b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                    .to_vec()
            }
            Self::Foreign(204) => b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec(),
            Self::Foreign(302) => raw::answer("302 Found", &["location: http://login.example/"], PAGE),
            Self::Foreign(status) => {
                raw::answer(&format!("{status} Odd"), &["content-type: text/html"], PAGE)
            }
            Self::WrongKind => raw::answer(
                "200 OK",
                &[JSON],
                r#"{"apiVersion":"serving.knative.dev/v1","kind":"Route","metadata":{"name":"other","uid":"0f0f","generation":1,"resourceVersion":"AAX"},"status":{}}"#,
            ),
            Self::ErrorInSuccess => raw::answer(
                "200 OK",
                &[JSON],
                r#"{"error":{"code":403,"message":"Permission denied.","status":"PERMISSION_DENIED"}}"#,
            ),
            Self::Api(status) => {
                let body = format!(r#"{{"error":{{"code":{status},"message":"No."}}}}"#);
                raw::answer(&format!("{status} No"), &[JSON], &body)
            }
            Self::EmptyObject => raw::answer("200 OK", &[JSON], "{}"),
            Self::BrokenChunks => format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\n{JSON}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
            )
            .into_bytes(),
            Self::BrokenGzip => {
                raw::answer("200 OK", &[JSON, "content-encoding: gzip"], "{\"not\":\"gzip\"}")
            }
        }
    }
}

/// The beginning of an answer that does not end.
pub(super) fn endless(status: u16) -> Vec<u8> {
    let start = r#"{"metadata":{"annotations":{"endless":""#;
    format!(
        "HTTP/1.1 {status} Odd\r\nconnection: close\r\n{JSON}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{start}\r\n",
        start.len()
    )
    .into_bytes()
}

/// The request whose answer comes instead, or that answer.
pub(super) fn of_another(request: &Request) -> Result<Request, Vec<u8>> {
    let last = request.last_segment();
    let (parent, is_collection) =
        (request.path().rsplit_once('/').map_or("", |(parent, _)| parent), !last.contains(':'));
    match request.method.as_str() {
        // A list of somebody else's is empty.
        "GET" if request.target.contains("labelSelector") => {
            Ok(request.get(format!("{}?labelSelector=none%3Dnone", request.path())))
        }
        "GET" | "PUT" => {
            let verb = last.split_once(':').map_or(String::new(), |(_, verb)| format!(":{verb}"));
            let query =
                request.target.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
            let query = if request.method == "GET" { query } else { String::new() };
            Ok(request.get(format!("{parent}/{BYSTANDER}{verb}{query}")))
        }
        "POST" if last.ends_with(":setIamPolicy") => {
            Ok(request.get(format!("{parent}/{BYSTANDER}:getIamPolicy")))
        }
        "POST" if is_collection => Ok(request.get(format!("{}/{BYSTANDER}", request.path()))),
        _ => Err(raw::answer(
            "200 OK",
            &[JSON],
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"bystander","group":"serving.knative.dev","kind":"services","uid":"0f0f"}}"#,
        )),
    }
}
