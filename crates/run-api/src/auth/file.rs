//! The file with application default credentials: which it is, and what it says of itself.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::ErrorKind;
use crate::{Error, Result};

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The file with application default credentials, and what it tells without a request.
/// (Source: <https://google.aip.dev/auth/4110>)
///
/// `Debug` shows where it is and its kind; nothing gives out what is secret in it.
#[derive(Clone)]
pub struct CredentialFile {
    path: PathBuf,
    named_by: Option<&'static str>,
    content: Value,
}

impl CredentialFile {
    /// The file that the variable `GOOGLE_APPLICATION_CREDENTIALS` names, or else the one that
    /// `gcloud auth application-default login` writes; none if there is neither.
    ///
    /// # Errors
    /// If there is a file and it cannot be read, or is not a JSON object.
    pub fn find() -> Result<Option<Self>> {
        Self::find_with(|name| env::var_os(name))
    }

    fn find_with(variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<Self>> {
        if let Some(path) = variable(VARIABLE) {
            return Self::read(PathBuf::from(path), Some(VARIABLE)).map(Some);
        }
        let folder = match cfg!(windows) {
            true => variable("APPDATA").map(PathBuf::from),
            false => variable("HOME").map(|home| PathBuf::from(home).join(".config")),
        };
        let path = folder.map(|folder| folder.join("gcloud/application_default_credentials.json"));
        match path.filter(|path| path.exists()) {
            Some(path) => Self::read(path, None).map(Some),
            None => Ok(None),
        }
    }

    fn read(path: PathBuf, named_by: Option<&'static str>) -> Result<Self> {
        let by = named_by.map(|name| format!(", which {name} names,")).unwrap_or_default();
        let bad = |what: String| {
            Error::new(ErrorKind::Credentials, format!("the credentials file {}{by} {what}", path.display()))
        };
        let text = fs::read_to_string(&path).map_err(|error| bad(format!("cannot be read: {error}")))?;
        // What is wrong is not repeated: it may be a part of a secret.
        match serde_json::from_str::<Value>(&text) {
            Ok(content) if content.is_object() => Ok(Self { path, named_by, content }),
            Ok(_) => Err(bad("is not a JSON object".to_owned())),
            Err(error) => Err(bad(format!("is not JSON (line {}, column {})", error.line(), error.column()))),
        }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The variable that names the file; none if it is where gcloud puts it.
    #[must_use]
    pub fn named_by(&self) -> Option<&'static str> {
        self.named_by
    }

    /// The kind of credential, for example `service_account`; empty if the file does not say it.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// Who it is, as far as the file says it: the address of an account.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        match self.kind() {
            "service_account" => self.text("client_email"),
            "authorized_user" => self.text("account"),
            _ => self.impersonated(),
        }
    }

    /// The service account that the credential acts as.
    pub(super) fn impersonated(&self) -> Option<&str> {
        let url = self.text("service_account_impersonation_url")?;
        url.rsplit('/').next()?.split(':').next().filter(|account| account.contains('@'))
    }

    /// The project that pays for requests and whose quotas count.
    #[must_use]
    pub fn quota_project(&self) -> Option<&str> {
        self.text("quota_project_id")
    }

    /// A field that is text and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.content.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn field(&self, key: &str) -> Option<&Value> {
        self.content.get(key)
    }

    /// The error for a file that lacks something.
    pub(super) fn lacks(&self, what: &str) -> Error {
        let (path, kind) = (self.path.display(), self.kind());
        Error::new(ErrorKind::Credentials, format!("the credentials file {path} (`{kind}`) has no {what}"))
    }

    #[cfg(test)]
    pub(super) fn of(content: Value) -> Self {
        Self { path: PathBuf::from("/test/credentials.json"), named_by: None, content }
    }
}

impl fmt::Debug for CredentialFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialFile")
            .field("path", &self.path)
            .field("named_by", &self.named_by)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_file_says_of_itself() {
        let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken";
        for (content, principal) in [
            (json!({"type": "service_account", "client_email": "a@b"}), Some("a@b")),
            (json!({"type": "authorized_user", "account": "me@x"}), Some("me@x")),
            (json!({"type": "authorized_user", "account": ""}), None),
            (
                json!({"type": "external_account", "service_account_impersonation_url": url}),
                Some("sa@p.iam.gserviceaccount.com"),
            ),
            (json!({"type": "external_account", "audience": "//iam"}), None),
            (json!({"type": 5}), None),
        ] {
            assert_eq!(CredentialFile::of(content.clone()).principal(), principal, "{content}");
        }
        let file = CredentialFile::of(
            json!({"type": "x", "refresh_token": "hunter2", "quota_project_id": "p", "k": {"s": "hunter2"}}),
        );
        assert_eq!(file.quota_project(), Some("p"));
        assert!(!format!("{file:?} {}", file.lacks("y")).contains("hunter2"));
    }

    #[test]
    fn files_that_are_none_are_named_without_what_is_in_them() {
        let folder = env::temp_dir().join(format!("run-api-credentials-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (content, expected) in [
            ("{\"type\": \"hunter2\"", "is not JSON (line 1, column 18)"),
            ("[\"hunter2\"]", "is not a JSON object"),
        ] {
            let path = folder.join("bad.json");
            fs::write(&path, content).unwrap();
            let find =
                CredentialFile::find_with(|name| (name == VARIABLE).then(|| path.clone().into_os_string()));
            let error = find.unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(VARIABLE), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let missing = |name: &str| (name == VARIABLE).then(|| OsString::from("/no/such/file"));
        assert!(CredentialFile::find_with(missing).is_err());
        assert!(CredentialFile::find_with(|_| Some(folder.clone().into_os_string())).is_err());
        assert!(CredentialFile::find_with(|_| None).unwrap().is_none());
        fs::remove_dir_all(&folder).unwrap();
    }
}
