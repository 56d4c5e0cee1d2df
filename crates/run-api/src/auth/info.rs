//! What the token endpoint says of an access token.

use std::time::Duration;

use http::header::AUTHORIZATION;
use serde_json::Value;

use super::credentials::{Credentials, Origin, Source};
use super::file::CredentialFile;
use super::post::{self, Refusal};
use super::workforce;
use crate::error::ErrorKind;
use crate::{Error, Result};

/// Tells what a token of Google's is good for.
/// (Source: <https://developers.google.com/identity/protocols/oauth2>)
const TOKEN_INFO: &str = "https://oauth2.googleapis.com/tokeninfo";

/// What the token endpoint says of an access token; the token itself is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Whom the token stands for: the address of an account, or the name of a workforce user. Not every token tells it.
    pub principal: Option<String>,
    /// How long the token is still good.
    pub expires_in: Option<Duration>,
    /// What it is good for.
    pub scopes: Vec<String>,
}

impl Credentials {
    /// Asks the token endpoint about the access token that requests carry now; none without a credential.
    ///
    /// The token goes in the body of a request to `oauth2.googleapis.com`, or of a workforce user to the address that the
    /// credentials file names for this.
    ///
    /// # Errors
    /// If no token can be had, or the endpoint does not answer or does not know the token.
    pub async fn token_info(&self) -> Result<Option<TokenInfo>> {
        let given = self.clone().resolve(false)?;
        let headers = given.headers().await?;
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(|header| header.strip_prefix("Bearer ")) else { return Ok(None) };
        let file = match &given.0 {
            Source::Google(_, Origin::ApplicationDefault) => CredentialFile::find()?,
            _ => None,
        };
        let file = file.filter(|file| file.kind() == workforce::KIND);
        let asked = match &file {
            Some(file) => {
                let url = file.text("token_info_url").ok_or_else(|| file.lacks("token_info_url"))?;
                let fields =
                    [("token", token), ("token_type_hint", "urn:ietf:params:oauth:token-type:access_token")];
                post::form(url, &fields, workforce::client(file)).await
            }
            None => post::form(TOKEN_INFO, &[("access_token", token)], None).await,
        };
        asked.and_then(|answer| read(&answer)).map(Some).map_err(|refusal| {
            let error = Error::new(
                ErrorKind::Credentials,
                format!("nothing is told about the token: {}", refusal.message),
            );
            match refusal.cause {
                Some(cause) => error.with_source(cause),
                None => error,
            }
        })
    }
}

/// Reads the answer of either endpoint. The one writes numbers as text.
fn read(answer: &Value) -> std::result::Result<TokenInfo, Refusal> {
    if answer.get("active") == Some(&Value::Bool(false)) {
        return Err(Refusal::lasting("it is not valid any more"));
    }
    let text = |key: &str| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let seconds = |key: &str| {
        let value = answer.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let left = seconds("expires_in").map(Duration::from_secs);
    let left = left.or_else(|| Some(Duration::from_secs(seconds("exp")?).saturating_sub(now)));
    Ok(TokenInfo {
        principal: text("email").or_else(|| text("username")).map(str::to_owned),
        expires_in: left,
        scopes: text("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_of_both_endpoints() {
        let google = json!({"email": "a@b", "expires_in": "120", "scope": "x y", "azp": "1"});
        let info = read(&google).unwrap();
        assert_eq!(info.principal.as_deref(), Some("a@b"));
        assert_eq!((info.expires_in, info.scopes.len()), (Some(Duration::from_secs(120)), 2));
        let sts = json!({"active": true, "username": "principal://x/subject/me", "exp": 1});
        let info = read(&sts).unwrap();
        assert_eq!(info.principal.as_deref(), Some("principal://x/subject/me"));
        assert_eq!(info.expires_in, Some(Duration::ZERO));
        assert_eq!(read(&json!({})).unwrap(), TokenInfo::default());
        assert!(read(&json!({"active": false})).is_err());
    }
}
