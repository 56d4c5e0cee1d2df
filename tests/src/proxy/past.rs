//! What objects were before the last write to them.

use std::collections::BTreeMap;

use super::raw::Request;

/// The answers that reads had, by the last segment of their path.
#[derive(Debug, Default)]
pub(super) struct Past(BTreeMap<String, Vec<u8>>);

const POLICY: &str = ":getIamPolicy";

impl Past {
    /// Notes what a read says before a write.
    pub(super) fn note(&mut self, key: String, answer: Vec<u8>) {
        // What does not exist has no policy either.
        if answer.starts_with(b"HTTP/1.1 404") {
            self.0.insert(format!("{key}{POLICY}"), answer.clone());
        }
        self.0.insert(key, answer);
    }

    /// What this read said before the last write.
    pub(super) fn recall(&self, read: &Request) -> Option<Vec<u8>> {
        if read.method == "GET" { self.0.get(read.last_segment()).cloned() } else { None }
    }
}

/// For a write: the read that tells what it changes, and the key of that.
pub(super) fn look_before(write: &Request) -> Option<(String, Request)> {
    if write.target.contains("dryRun=") {
        return None;
    }
    let (path, last) = (write.path(), write.last_segment());
    match write.method.as_str() {
        "PUT" | "DELETE" => Some((last.to_owned(), write.get(path.to_owned()))),
        "POST" if last.ends_with(":setIamPolicy") => {
            let key = last.replace(":setIamPolicy", POLICY);
            let target = path.replace(":setIamPolicy", POLICY) + "?options.requestedPolicyVersion=3";
            Some((key, write.get(target)))
        }
        "POST" if !last.contains(':') => {
            let object: serde_json::Value = serde_json::from_slice(&write.body).ok()?;
            let name = object["metadata"]["name"].as_str()?;
            Some((name.to_owned(), write.get(format!("{path}/{name}"))))
        }
        _ => None,
    }
}
