//! Every method of the API as data, and the match of a request to its method.
//!
//! ```
//! use run_api::methods::{self, Verb};
//!
//! let path = "/apis/serving.knative.dev/v1/namespaces/my-project/services/hello";
//! let (method, parameters) = methods::matching(Verb::Get, path).expect("a method of the API");
//! assert_eq!(method.id, "run.namespaces.services.get");
//! assert_eq!(parameters, [("namespace", "my-project".to_owned()), ("service", "hello".to_owned())]);
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

pub use crate::generated::methods::Operation;

impl Operation {
    /// The operation's row in the table of methods.
    #[must_use]
    pub fn method(self) -> &'static Method {
        // The enumeration is written in the order of the table; a test holds it.
        &all()[self as usize]
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl AsRef<str> for Operation {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Operation {
    fn eq(&self, name: &str) -> bool {
        self.as_str() == name
    }
}

impl PartialEq<&str> for Operation {
    fn eq(&self, name: &&str) -> bool {
        self.as_str() == *name
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, UnknownOperation> {
        by_operation(name).map(|method| method.operation).ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}

/// There is no operation of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the API has no operation `{0}`")]
pub struct UnknownOperation(String);

/// An HTTP method that the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Verb {
    /// The verb with this HTTP name (upper case).
    #[must_use]
    pub fn from_http(name: &str) -> Option<Self> {
        Some(match name {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// The HTTP name, upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// One method of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The id in Google's discovery document, for example `run.namespaces.services.get`.
    pub id: &'static str,
    /// The operation, as this crate names it.
    pub operation: Operation,
    /// The HTTP method.
    pub verb: Verb,
    /// The path template, with a leading `/` and parameters in braces.
    pub path: &'static str,
    /// The query parameters that belong to this method (those of all methods, such as `alt`, are left out).
    pub query: &'static [&'static str],
    /// The schema of the request body, if there is one.
    pub request: Option<&'static str>,
    /// The schema of the answer.
    pub response: &'static str,
}

/// Every method of the API, in the order of their ids.
#[must_use]
pub fn all() -> &'static [Method] {
    crate::generated::methods::METHODS
}

/// The method with this operation name, for example `get_service`.
#[must_use]
pub fn by_operation(operation: &str) -> Option<&'static Method> {
    all().iter().find(|method| method.operation == operation)
}

/// The method that a request is for, and its path parameters in the order of the template.
///
/// `path` is the raw path of the request, without the query. Parameters come back percent-decoded; one that
/// is empty, or that decodes to something with a `/` or to no UTF-8, matches nothing.
#[must_use]
pub fn matching(verb: Verb, path: &str) -> Option<(&'static Method, Vec<(&'static str, String)>)> {
    all()
        .iter()
        .filter(|method| method.verb == verb)
        .find_map(|method| Some((method, parameters(method.path, path)?)))
}

fn parameters(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    let mut given = path.split('/');
    for want in template.split('/') {
        let have = given.next()?;
        match want.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            None if want == have => {}
            None => return None,
            Some((name, custom_verb)) => {
                let value = have.strip_suffix(custom_verb)?;
                // Old project ids may have their organisation's domain in front: `example.com:my-project`.
                if value.contains(':') && !matches!(name, "namespace" | "project") {
                    return None;
                }
                found.push((name, decode(value)?));
            }
        }
    }
    given.next().is_none().then_some(found)
}

fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.contains('/')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_matches_itself() {
        for method in all() {
            let path = method.path.replace(['{', '}'], "");
            let (found, parameters) = matching(method.verb, &path).expect(method.id);
            assert_eq!(found.id, method.id, "{path}");
            assert!(parameters.iter().all(|(name, value)| name == value), "{parameters:?}");
        }
    }

    #[test]
    fn every_operation_knows_its_method() {
        for method in all() {
            let name = method.operation.as_str();
            assert_eq!(method.operation.method(), method, "{name}");
            assert_eq!(name.parse(), Ok(method.operation));
        }
        let error = "get_servic".parse::<Operation>().unwrap_err();
        assert_eq!(error.to_string(), "the API has no operation `get_servic`");
    }

    #[test]
    fn custom_verbs_are_told_from_names() {
        let path = "/v1/projects/p/locations/r/services/s";
        let id = |verb, path: &str| matching(verb, path).map(|(method, _)| method.id);
        assert_eq!(id(Verb::Get, path), Some("run.projects.locations.services.get"));
        assert_eq!(
            id(Verb::Get, &format!("{path}:getIamPolicy")),
            Some("run.projects.locations.services.getIamPolicy")
        );
        assert_eq!(id(Verb::Get, &format!("{path}:unheardOf")), None);
        assert_eq!(id(Verb::Get, &format!("{path}/")), None);
        assert_eq!(id(Verb::Get, &format!("{path}/more")), None);
    }

    #[test]
    fn projects_may_have_a_domain() {
        let path = "/v1/projects/example.com:p/locations/r/services/s:getIamPolicy";
        let (method, parameters) = matching(Verb::Get, path).unwrap();
        assert_eq!(method.operation, "get_service_iam_policy");
        assert_eq!(parameters[0], ("project", "example.com:p".to_owned()));
        assert!(matching(Verb::Get, "/v1/projects/p/locations/r:x/services/s").is_none());
    }

    #[test]
    fn parameters_are_decoded_and_never_hold_a_slash() {
        let service = |name: &str| {
            matching(Verb::Get, &format!("/apis/serving.knative.dev/v1/namespaces/p/services/{name}"))
                .map(|(_, parameters)| parameters[1].1.clone())
        };
        assert_eq!(service("%68ello").as_deref(), Some("hello"));
        for bad in ["", "a%2Fb", "%", "%4", "%zz", "%ff"] {
            assert_eq!(service(bad), None, "{bad}");
        }
    }
}
