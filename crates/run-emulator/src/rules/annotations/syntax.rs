//! What the values of annotations look like.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::rules::dependencies;
use crate::rules::names::is_label;

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Syntax {
    /// Any text.
    Anything,
    /// The server's own: clients that read, edit and replace send it back.
    Owned,
    /// `true` or `false`. gcloud writes `True` and `False`, which the server changes.
    Boolean,
    /// A whole number from zero.
    Count,
    /// A whole number from 0 to 100.
    Percent,
    /// A whole number of hours, at least one.
    Hours,
    /// One of a few.
    OneOf(&'static [&'static str]),
    /// A JSON object whose values are texts.
    Texts,
    /// A JSON list of texts.
    ListOfTexts,
    /// Which container waits for which.
    Dependencies,
    /// `PROJECT:REGION:INSTANCE`, with commas.
    CloudSqlInstances,
    /// `ALIAS:projects/PROJECT/secrets/SECRET`, with commas.
    SecretAliases,
    /// The name of a key in Cloud KMS.
    Key,
    /// The name of a connector.
    Connector,
    /// A JSON list with one network interface.
    NetworkInterfaces,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => f.write_str("any text"),
            Self::Owned => f.write_str("the server's own"),
            Self::Boolean => f.write_str("a boolean"),
            Self::Count => f.write_str("a whole number from 0"),
            Self::Percent => f.write_str("a whole number from 0 to 100"),
            Self::Hours => f.write_str("a whole number of hours from 1"),
            Self::OneOf(choices) => write!(f, "one of {}", choices.join(", ")),
            Self::Texts => f.write_str("a JSON object of texts"),
            Self::ListOfTexts => f.write_str("a JSON list of texts"),
            Self::Dependencies => f.write_str("a JSON object of lists of container names"),
            Self::CloudSqlInstances => f.write_str("PROJECT:REGION:INSTANCE, separated by commas"),
            Self::SecretAliases => f.write_str("ALIAS:projects/PROJECT/secrets/SECRET, separated by commas"),
            Self::Key => f.write_str("projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"),
            Self::Connector => f.write_str("a name, or projects/PROJECT/locations/LOCATION/connectors/NAME"),
            Self::NetworkInterfaces => f.write_str("a JSON list of one network interface"),
        }
    }
}

impl Syntax {
    /// What is wrong with a value that is not empty.
    ///
    /// (Seen: the text for booleans. Seen for v2: those of network interfaces, and that the other forms are insisted on
    /// where the table of annotations says so. The other texts are inferred from that of booleans.)
    pub(in crate::rules) fn problem(self, key: &str, value: &str) -> Option<String> {
        if self == Self::NetworkInterfaces
            && let Some(wrong) = wrong_interfaces(value)
        {
            return Some(wrong.to_owned());
        }
        if self.fits(value) {
            return None;
        }
        Some(format!("Invalid value {value}. Annotation {key} must be {self}"))
    }

    fn fits(self, value: &str) -> bool {
        match self {
            Self::Anything | Self::Owned => true,
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Count => value.parse::<u32>().is_ok(),
            Self::Percent => value.parse::<u32>().is_ok_and(|percent| percent <= 100),
            Self::Hours => value.parse::<u32>().is_ok_and(|hours| hours > 0),
            Self::OneOf(choices) => choices.contains(&value),
            Self::Texts => serde_json::from_str::<BTreeMap<String, String>>(value).is_ok(),
            Self::ListOfTexts => serde_json::from_str::<Vec<String>>(value).is_ok(),
            Self::Dependencies => dependencies::read(value).is_some(),
            Self::CloudSqlInstances => value.split(',').all(is_instance),
            Self::SecretAliases => value.split(',').all(is_alias),
            Self::Key => is_path(value, &["projects", "locations", "keyRings", "cryptoKeys"]),
            Self::Connector => is_label(value) || is_path(value, &["projects", "locations", "connectors"]),
            Self::NetworkInterfaces => serde_json::from_str::<Vec<BTreeMap<String, Value>>>(value).is_ok(),
        }
    }
}

/// The project may have a domain, and with it another colon.
fn is_instance(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split(':').collect();
    matches!(parts.len(), 3 | 4) && parts.iter().all(|part| !part.is_empty())
}

fn is_alias(text: &str) -> bool {
    let Some((alias, path)) = text.trim().split_once(':') else { return false };
    !alias.is_empty() && is_path(path, &["projects", "secrets"])
}

/// Whether a path has these collections, with a name in each.
fn is_path(path: &str, collections: &[&str]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let (pairs, rest) = parts.as_chunks::<2>();
    rest.is_empty()
        && pairs.len() == collections.len()
        && pairs.iter().zip(collections).all(|([given, name], wanted)| given == wanted && !name.is_empty())
}

/// (Seen for v2.)
fn wrong_interfaces(value: &str) -> Option<&'static str> {
    let list: Vec<BTreeMap<String, Value>> = serde_json::from_str(value).ok()?;
    let named = |one: &BTreeMap<String, Value>, field: &str| {
        one.get(field).and_then(Value::as_str).is_some_and(|name| !name.is_empty())
    };
    match &list[..] {
        [one] if !named(one, "network") && !named(one, "subnetwork") => {
            Some("at least one of network or subnetwork should not be empty.")
        }
        [] | [_] => None,
        _ => Some("only 1 network interface is allowed."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the API refuses was tried on the newer API, which has the same server behind it: a connector `c`
    /// is not refused here, since the older one takes names.
    #[test]
    fn values() {
        use Syntax::*;
        for (syntax, good, bad) in [
            (Anything, &["x", "because"][..], &[][..]),
            (Owned, &["[\"http://x\"]"], &[]),
            (Boolean, &["true", "false"], &["1", "True", "yes"]),
            (Count, &["0", "7"], &["-1", "1.5", "many", "4294967296"]),
            (Percent, &["0", "100"], &["101", "-1", "20%"]),
            (Hours, &["1", "720"], &["0", "1.5", "1h"]),
            (OneOf(&["a", "b"]), &["a"], &["c", "A"]),
            (Texts, &["{}", "{\"a\":\"b\"}"], &["[]", "{\"a\":1}", "{"]),
            (ListOfTexts, &["[]", "[\"a\"]"], &["{}", "[1]", "a"]),
            (Dependencies, &["{}", "{\"a\":[\"b\"]}", "{a: [b]}"], &["{a: b}", "nonsense"]),
            (
                CloudSqlInstances,
                &["p:r:i", "p:r:i,p:r:j", "example.com:p:r:i", "p:r:i, p:r:j"],
                &["bad", "p:r", "p::i", "p:r:i,"],
            ),
            (
                SecretAliases,
                &["a:projects/1/secrets/s", "a:projects/1/secrets/s,b:projects/2/secrets/t"],
                &[
                    "a",
                    "a:s",
                    "a:projects/1/secrets/",
                    ":projects/1/secrets/s",
                    "a:projects/1/secrets/s/versions/1",
                ],
            ),
            (Key, &["projects/p/locations/l/keyRings/r/cryptoKeys/k"], &["bad", "projects/p/keyRings/r"]),
            (Connector, &["c", "projects/p/locations/l/connectors/c"], &["projects/p/connectors/c", "C d"]),
            (
                NetworkInterfaces,
                &["[]", "[{\"network\":\"n\"}]", "[{\"subnetwork\":\"s\",\"tags\":[]}]"],
                &[
                    "[{}]",
                    "[{\"network\":\"a\"},{\"network\":\"b\"}]",
                    "{}",
                    "[{\"network\":\"\"}]",
                    "default",
                ],
            ),
        ] {
            for value in good {
                assert_eq!(syntax.problem("k", value), None, "{syntax}");
            }
            for value in bad {
                assert!(syntax.problem("k", value).is_some(), "{syntax}: {value}");
            }
        }
    }
}
