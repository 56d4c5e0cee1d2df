//! What the emulator tells of its work: requests, and objects that change over time.

mod change;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use run_api::methods::Operation;
use serde::{Serialize, Serializer};

pub use change::{ConditionChange, ObjectChange};

/// A request to the API. (Requests to services are not kept.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRequest {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The operation; none if it was no method of the API.
    pub operation: Option<Operation>,
    /// The region that it was for; none if it was for all of them.
    pub region: Option<&'static str>,
    /// The object that it was about, for example `services/hello`; the collection alone for a list.
    pub resource: Option<String>,
    /// The fault that struck it.
    pub fault: Option<String>,
    /// The status of the answer; 0 if a fault kept it back.
    pub status: u16,
    /// The time until the answer began; in JSON as a number of milliseconds.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// What a write has changed in the object: exactly what this request did, whatever others do at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ObjectChange>,
}

impl LoggedRequest {
    /// A request of which nothing is known yet but its method and path.
    pub(crate) fn of<B>(request: &http::Request<B>) -> Self {
        Self {
            method: request.method().to_string(),
            // A client that wants a tunnel names a host, and no path.
            path: match request.uri().path() {
                "" => request.uri().to_string(),
                path => path.to_owned(),
            },
            operation: None,
            region: None,
            resource: None,
            fault: None,
            status: 0,
            duration: Duration::ZERO,
            change: None,
        }
    }
}

fn refused<S: Serializer>(why: &str, serializer: S) -> Result<S::Ok, S::Error> {
    std::collections::BTreeMap::from([("reason", why)]).serialize(serializer)
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1000.0)
}

/// Something that the emulator has to tell.
///
/// In JSON an object with the field `kind`; as text a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[non_exhaustive]
pub enum LogEntry {
    /// A request was answered.
    Request(LoggedRequest),
    /// An object has changed by itself, some time after a write.
    Change(ObjectChange),
    /// Connections cannot be accepted for the moment, and why: too many files are open, as a rule.
    #[serde(serialize_with = "refused")]
    Refused(String),
}

impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => request.fmt(f),
            Self::Change(change) => change.fmt(f),
            Self::Refused(why) => write!(f, "connections cannot be accepted: {why}"),
        }
    }
}

impl fmt::Display for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, status, .. } = self;
        match status {
            0 => write!(f, "{method} {path} unanswered")?,
            _ => write!(f, "{method} {path} {status}")?,
        }
        write!(f, " {:.1}ms", self.duration.as_secs_f64() * 1000.0)?;
        if let Some(operation) = self.operation {
            write!(f, " {operation}")?;
        }
        if let Some(resource) = &self.resource {
            write!(f, " {resource}")?;
        }
        if let Some(region) = self.region {
            write!(f, " in {region}")?;
        }
        if let Some(fault) = &self.fault {
            write!(f, ", struck by {fault}")?;
        }
        match &self.change {
            Some(change) => write!(f, ": {}", change.what()),
            None => Ok(()),
        }
    }
}

type Tell = dyn Fn(&LogEntry) + Send + Sync;

/// Who is told.
#[derive(Clone, Default)]
pub(crate) struct Listener(Option<Arc<Tell>>);

impl Listener {
    pub(crate) fn new(listener: impl Fn(&LogEntry) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Whether there is somebody.
    pub(crate) fn listens(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn tell(&self, entry: impl FnOnce() -> LogEntry) {
        if let Some(listener) = &self.0 {
            listener(&entry());
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.listens() { "Listener" } else { "Nobody" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> LoggedRequest {
        LoggedRequest {
            method: "PUT".to_owned(),
            path: "/apis/x".to_owned(),
            operation: Some(Operation::ReplaceService),
            region: Some("us-central1"),
            resource: Some("services/hello".to_owned()),
            fault: None,
            status: 200,
            duration: Duration::from_micros(1250),
            change: None,
        }
    }

    #[test]
    fn a_line_for_each_request() {
        let line = LogEntry::Request(request()).to_string();
        assert_eq!(line, "PUT /apis/x 200 1.2ms replace_service services/hello in us-central1");
        let strange = LoggedRequest {
            operation: None,
            region: None,
            resource: None,
            fault: Some("reset-before".to_owned()),
            status: 0,
            ..request()
        };
        assert_eq!(strange.to_string(), "PUT /apis/x unanswered 1.2ms, struck by reset-before");
    }

    #[test]
    fn an_object_for_each_request() {
        let json = serde_json::to_value(LogEntry::Request(request())).unwrap();
        assert_eq!(json["kind"], "request");
        assert_eq!(json["milliseconds"], 1.25);
        assert_eq!(json["resource"], "services/hello");
        assert_eq!(json.get("change"), None);
    }
}
