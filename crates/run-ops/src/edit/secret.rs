//! A version of a secret.

use std::fmt;
use std::str::FromStr;

use run_api::ProjectId;

/// The longest name of a secret. (Documented: Secret Manager.)
const NAME_MAX: usize = 255;

/// A version of a secret in Secret Manager, of the same project or of another one.
///
/// Its text is gcloud's: `NAME:VERSION`, `projects/PROJECT/secrets/NAME:VERSION`, or
/// `projects/PROJECT/secrets/NAME/versions/VERSION`. Without a version, one of another project is the latest; one of the same project must say its version.
///
/// ```
/// use run_ops::edit::Secret;
///
/// let token: Secret = "token:3".parse()?;
/// assert_eq!((token.project(), token.name(), token.version()), (None, "token", "3"));
/// let shared: Secret = "projects/123/secrets/token".parse()?;
/// assert_eq!((shared.project(), shared.version()), (Some("123"), "latest"));
/// assert_eq!(shared.to_string(), "projects/123/secrets/token:latest");
/// assert!("token".parse::<Secret>().is_err());
/// # Ok::<(), run_ops::edit::InvalidSecret>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    project: Option<String>,
    name: String,
    version: String,
}

/// A text that names no version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// The version is missing.
    #[error("the secret `{0}` has no version; `{0}:latest` is its latest one")]
    NoVersion(String),
    /// It is not of one of the forms.
    #[error(
        "`{0}` is not a secret in the form NAME:VERSION or projects/PROJECT/secrets/NAME:VERSION, where NAME has \
         letters, digits, hyphens and underscores"
    )]
    Malformed(String),
}

impl Secret {
    /// The project, if it is another one.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// The secret's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version: a number, an alias or `latest`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let malformed = || InvalidSecret::Malformed(text.chars().take(300).collect());
        let (project, rest) = match text.strip_prefix("projects/") {
            Some(rest) => {
                let (project, rest) = rest.split_once("/secrets/").ok_or_else(malformed)?;
                (Some(ProjectId::new(project).map_err(|_| malformed())?.to_string()), rest)
            }
            None => (None, text),
        };
        let (name, version) = match rest.split_once(':') {
            Some((name, version)) => (name, version),
            None if project.is_some() => rest.split_once("/versions/").unwrap_or((rest, "latest")),
            None if is_name(rest) => return Err(InvalidSecret::NoVersion(rest.to_owned())),
            None => return Err(malformed()),
        };
        if !is_name(name) || !is_version(version) {
            return Err(malformed());
        }
        Ok(Self { project, name: name.to_owned(), version: version.to_owned() })
    }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && !text.contains([':', '/', ','])
}

impl TryFrom<&str> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: &str) -> Result<Self, InvalidSecret> {
        text.parse()
    }
}

impl TryFrom<String> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: String) -> Result<Self, InvalidSecret> {
        text.parse()
    }
}

impl TryFrom<&String> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: &String) -> Result<Self, InvalidSecret> {
        text.parse()
    }
}

// What `TryInto` of a value into itself fails with: never.
impl From<std::convert::Infallible> for InvalidSecret {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(project) = &self.project {
            write!(f, "projects/{project}/secrets/")?;
        }
        write!(f, "{}:{}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_secrets() {
        for (text, expected) in [
            ("a:1", Some((None, "a", "1"))),
            ("A_b-9:latest", Some((None, "A_b-9", "latest"))),
            ("projects/12/secrets/a", Some((Some("12"), "a", "latest"))),
            ("projects/12/secrets/a:4", Some((Some("12"), "a", "4"))),
            ("projects/my-project/secrets/a/versions/4", Some((Some("my-project"), "a", "4"))),
            ("a", None),
            ("a:", None),
            (":1", None),
            ("a:1:2", None),
            ("a b:1", None),
            ("projects/12/a:1", None),
            ("projects/../secrets/a:1", None),
            ("projects/12/secrets/:1", None),
            ("", None),
        ] {
            let parsed = text.parse::<Secret>().ok();
            let parts = parsed.as_ref().map(|s| (s.project(), s.name(), s.version()));
            assert_eq!(parts, expected, "{text}");
            if let Some(secret) = parsed {
                assert_eq!(secret.to_string().parse(), Ok(secret));
            }
        }
    }
}
