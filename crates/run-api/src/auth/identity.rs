//! Identity tokens: who calls a service, for the service's own check of invokers.

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use google_cloud_auth::credentials::{self, service_account, user_account};
use google_cloud_auth::signer::Signer;
use serde_json::{Value, json};

use super::credentials::{Credentials, Impersonated, LONGEST_WAIT, Origin, Source, fetch};
use super::file::CredentialFile;
use super::post::{self, Refusal};
use super::workforce;
use crate::error::ErrorKind;
use crate::{Error, Result};

/// The metadata server to ask instead of Google's, as google-cloud-auth knows it, too.
const METADATA_HOST: &str = "GCE_METADATA_HOST";
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
const IAM_CREDENTIALS: &str = "https://iamcredentials.googleapis.com";
/// As long as Google allows for a signed request.
const LIFE_OF_A_REQUEST: Duration = Duration::from_secs(3600);

impl Credentials {
    /// An identity token for `audience`, the address of the service that is to be called. It is good for an hour.
    ///
    /// Service accounts have one (by key, by impersonation, or from the metadata server), and Google accounts that
    /// `gcloud auth application-default login` logged in, whose tokens name gcloud as the audience; Cloud Run takes them.
    /// Workforce and workload identities have none but by impersonation.
    /// (Source: <https://cloud.google.com/docs/authentication/get-id-token>)
    ///
    /// # Errors
    /// If the credential has no identity token, or none can be had now.
    pub async fn identity_token(&self, audience: &str) -> Result<String> {
        let late = || none(&format!("nothing answered within {} s", LONGEST_WAIT.as_secs()));
        tokio::time::timeout(LONGEST_WAIT, self.identity(audience)).await.map_err(|_| late())?
    }

    async fn identity(&self, audience: &str) -> Result<String> {
        match &self.0 {
            Source::Anonymous => Err(none("there is no credential")),
            Source::Token(_) => Err(none("an access token cannot be made into one")),
            Source::Google(_, Origin::Given) => Err(none("the credential is the program's own")),
            Source::Google(_, Origin::Impersonated(account)) => {
                generated(IAM_CREDENTIALS, account, audience).await
            }
            Source::Automatic | Source::Google(_, Origin::ApplicationDefault) => {
                match CredentialFile::find()? {
                    Some(file) => of_file(&file, audience).await,
                    None => of_metadata_server(audience).await,
                }
            }
        }
    }
}

fn none(why: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("no identity token could be had: {why}"))
}

fn refused(refusal: Refusal) -> Error {
    let error = none(&refusal.message);
    match refusal.cause {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}

async fn of_file(file: &CredentialFile, audience: &str) -> Result<String> {
    match file.kind() {
        "authorized_user" => of_user(file).await,
        "service_account" => of_key(file, audience).await,
        "impersonated_service_account" => generated(IAM_CREDENTIALS, &impersonation(file)?, audience).await,
        workforce::KIND => {
            Err(none("a workforce user has none; act as a service account that may call the service"))
        }
        kind => Err(none(&format!("`{kind}` has none; act as a service account that may call the service"))),
    }
}

/// A user's token comes with each access token.
async fn of_user(file: &CredentialFile) -> Result<String> {
    let needed = |key: &str| file.text(key).ok_or_else(|| file.lacks(key));
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", needed("refresh_token")?),
        ("client_id", needed("client_id")?),
        ("client_secret", needed("client_secret")?),
    ];
    let url = file.text("token_uri").unwrap_or(TOKEN_URL);
    token_in(post::form(url, &fields, None).await, "id_token")
}

/// A request that the key signs. (Source: RFC 7523, and <https://developers.google.com/identity/protocols/oauth2/service-account>)
async fn of_key(file: &CredentialFile, audience: &str) -> Result<String> {
    crate::install_crypto_provider();
    let signer = credentials::Builder::default().build_signer().map_err(|error| none(&error.to_string()))?;
    let url = file.text("token_uri").unwrap_or(TOKEN_URL);
    let email = file.text("client_email").ok_or_else(|| file.lacks("client_email"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = claims(email, url, audience, now);
    let assertion = signed(&signer, file.text("private_key_id"), &claims).await?;
    let fields =
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.as_str())];
    token_in(post::form(url, &fields, None).await, "id_token")
}

fn claims(email: &str, url: &str, audience: &str, now: Duration) -> Value {
    json!({
        "iss": email,
        "aud": url,
        "target_audience": audience,
        "iat": now.as_secs(),
        "exp": (now + LIFE_OF_A_REQUEST).as_secs(),
    })
}

async fn signed(signer: &Signer, key: Option<&str>, claims: &Value) -> Result<String> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(key) = key {
        header["kid"] = key.into();
    }
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let content = format!("{}.{}", encoded(&header), encoded(claims));
    let signature = signer.sign(&content).await.map_err(|error| none(&error.to_string()))?;
    Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Whom a file acts as, and who does it.
fn impersonation(file: &CredentialFile) -> Result<Impersonated> {
    let target = file.impersonated().ok_or_else(|| file.lacks("service account to act as"))?.to_owned();
    let source = file.field("source_credentials").cloned().unwrap_or_default();
    crate::install_crypto_provider();
    let built = match source.get("type").and_then(Value::as_str) {
        Some("authorized_user") => user_account::Builder::new(source).build(),
        Some("service_account") => service_account::Builder::new(source).build(),
        _ => return Err(file.lacks("source of which an identity token could be had")),
    };
    let delegates = file.field("delegates").and_then(Value::as_array).into_iter().flatten();
    let delegates = delegates.filter_map(Value::as_str).map(short).collect();
    let source = built.map_err(|error| none(&error.to_string()))?;
    Ok(Impersonated { source, target, delegates })
}

/// Accounts come as `projects/-/serviceAccounts/EMAIL` as well.
fn short(account: &str) -> String {
    account.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What the IAM API makes for a service account.
/// (Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken>)
async fn generated(base: &str, account: &Impersonated, audience: &str) -> Result<String> {
    let Impersonated { source, target, delegates } = account;
    let name = |account: &String| format!("projects/-/serviceAccounts/{}", short(account));
    let delegates: Vec<String> = delegates.iter().map(name).collect();
    let body = json!({"audience": audience, "includeEmail": true, "delegates": delegates});
    let url = format!("{base}/v1/{}:generateIdToken", name(target));
    token_in(post::json(&url, &body, fetch(source).await?).await, "token")
}

async fn of_metadata_server(audience: &str) -> Result<String> {
    let host = env::var(METADATA_HOST).ok().filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
    crate::install_crypto_provider();
    let broken = |error: reqwest::Error| {
        none("there is no credentials file, and no metadata server answers").with_source(error)
    };
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let http = http.build().map_err(broken)?;
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/identity");
    let request = http.get(url).query(&[("audience", audience), ("format", "full")]);
    let mut answer = request.header("Metadata-Flavor", "Google").send().await.map_err(broken)?;
    if !answer.status().is_success() {
        return Err(none(&format!("the metadata server refused it ({})", answer.status().as_u16())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > post::LONGEST_ANSWER {
            return Err(none("the answer of the metadata server does not end"));
        }
    }
    let token = String::from_utf8_lossy(&body).trim().to_owned();
    if token.split('.').count() == 3 {
        Ok(token)
    } else {
        Err(none("what the metadata server answered is no token"))
    }
}

fn token_in(answer: std::result::Result<Value, Refusal>, key: &str) -> Result<String> {
    let answer = answer.map_err(refused)?;
    let token = answer.get(key).and_then(Value::as_str).filter(|token| !token.is_empty());
    token.map(str::to_owned).ok_or_else(|| none("the answer of the token endpoint has none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_no_identity_token_says_why() {
        let token = Credentials::access_token("ya29.hunter2").unwrap();
        for (credentials, why) in
            [(Credentials::anonymous(), "no credential"), (token, "an access token cannot be made into one")]
        {
            let error = credentials.identity_token("https://a").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Credentials);
            assert!(error.to_string().contains(why) && !error.to_string().contains("hunter2"), "{error}");
        }
        for kind in [workforce::KIND, "external_account"] {
            let file = CredentialFile::of(json!({"type": kind, "refresh_token": "hunter2"}));
            let error = of_file(&file, "https://a").await.unwrap_err().to_string();
            assert!(error.contains("act as a service account") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_key_asks_for_one_audience() {
        let claims = claims("sa@p", "https://token", "https://service", Duration::from_secs(10));
        let expected = json!({"iss": "sa@p", "aud": "https://token", "target_audience": "https://service", "iat": 10, "exp": 3610});
        assert_eq!(claims, expected);
    }

    #[test]
    fn delegates_are_named_in_both_forms() {
        assert_eq!(short("projects/-/serviceAccounts/a@b"), "a@b");
        assert_eq!(short("a@b"), "a@b");
    }
}
