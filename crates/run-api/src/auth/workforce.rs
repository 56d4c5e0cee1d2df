//! Workforce users: credentials that `gcloud auth application-default login` writes for people whose identity is another
//! provider's. google-cloud-auth does not know them.
//! (Source: <https://cloud.google.com/iam/docs/workforce-obtaining-short-lived-credentials>)

use std::fmt;
use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use http::Extensions;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::file::CredentialFile;
use super::post::{self, Refusal};
use crate::{Error, Result};

/// The kind of such a file.
pub(super) const KIND: &str = "external_account_authorized_user";

/// Who pays for a request, and whose quotas count.
pub(crate) const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// So long before its end a token is renewed: requests take their time as well.
const EARLY: Duration = Duration::from_secs(225);
/// If the endpoint does not say how long a token is good.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// A token is asked for again after this time at the latest, whatever its issuer says of it.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a token is asked for, and how long to wait before the second time; twice as long before the third.
const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(250);

/// A workforce user's credential: a refresh token, for which the token service gives access tokens.
pub(super) struct Workforce {
    token_url: String,
    client: Option<(String, String)>,
    quota_project: Option<HeaderValue>,
    universe: Option<String>,
    state: Mutex<State>,
}

struct State {
    /// A new one may come with each access token.
    refresh_token: String,
    token: Option<Token>,
}

struct Token {
    header: HeaderValue,
    renew_at: Instant,
}

impl fmt::Debug for Workforce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workforce").field("token_url", &self.token_url).finish_non_exhaustive()
    }
}

impl Workforce {
    /// The credential of a file.
    pub(super) fn of(file: &CredentialFile) -> Result<Self> {
        let needed = |key: &str| file.text(key).map(str::to_owned).ok_or_else(|| file.lacks(key));
        let quota_project = std::env::var("GOOGLE_CLOUD_QUOTA_PROJECT").ok().filter(|name| !name.is_empty());
        let quota_project = quota_project.or_else(|| file.quota_project().map(str::to_owned));
        let quota_project = quota_project.map(HeaderValue::try_from).transpose();
        Ok(Self {
            token_url: needed("token_url")?,
            client: client(file).map(|(id, secret)| (id.to_owned(), secret.to_owned())),
            quota_project: quota_project.map_err(|_| Error::invalid_input("the quota project is no name"))?,
            universe: file.text("universe_domain").map(str::to_owned),
            state: Mutex::new(State { refresh_token: needed("refresh_token")?, token: None }),
        })
    }

    /// The header for a request: that of the token at hand, or of a new one.
    async fn header(&self) -> Result<HeaderValue, Refusal> {
        // Whoever comes while a token is asked for waits for it.
        let mut state = self.state.lock().await;
        if let Some(token) = state.token.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.header.clone());
        }
        let answer = self.refreshed(&state.refresh_token).await?;
        let now = Instant::now();
        let (header, life) = access_token(&answer)?;
        if let Some(next) = answer.get("refresh_token").and_then(Value::as_str) {
            state.refresh_token = next.to_owned();
        }
        state.token = Some(Token { header: header.clone(), renew_at: now + life.saturating_sub(EARLY) });
        Ok(header)
    }

    async fn refreshed(&self, refresh_token: &str) -> Result<Value, Refusal> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let client = self.client.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str()));
        let mut delay = FIRST_DELAY;
        for _ in 1..ATTEMPTS {
            match post::form(&self.token_url, &fields, client).await {
                Err(refusal) if refusal.transient => sleep(delay).await,
                answer => return answer,
            }
            delay *= 2;
        }
        post::form(&self.token_url, &fields, client).await
    }
}

/// The name and the secret with which the file's program shows who it is.
pub(super) fn client(file: &CredentialFile) -> Option<post::Client<'_>> {
    Some((file.text("client_id")?, file.text("client_secret")?))
}

/// The token of an answer as a header, and how long it is good.
fn access_token(answer: &Value) -> Result<(HeaderValue, Duration), Refusal> {
    let token = answer.get("access_token").and_then(Value::as_str).unwrap_or_default();
    let header = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| !token.is_empty());
    let mut header = header.ok_or_else(|| Refusal::lasting("the answer has no usable access token"))?;
    header.set_sensitive(true);
    let life = answer.get("expires_in").and_then(Value::as_u64).map_or(USUAL_LIFE, Duration::from_secs);
    let life = life.min(LONGEST_LIFE);
    Ok((header, life))
}

impl CredentialsProvider for Workforce {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let header = self.header().await.map_err(|refusal| {
            let message = format!("the workforce user's token cannot be renewed: {}", refusal.message);
            match refusal.cause {
                Some(cause) => CredentialsError::new(refusal.transient, message, cause),
                None => CredentialsError::from_msg(refusal.transient, message),
            }
        })?;
        let mut data = HeaderMap::from_iter([(AUTHORIZATION, header)]);
        data.extend(self.quota_project.clone().map(|project| (QUOTA_PROJECT, project)));
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        self.universe.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A token endpoint that gives these answers in turn, and what it was sent.
    async fn endpoint(answers: Vec<(u16, Value)>) -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let received = Arc::<std::sync::Mutex<Vec<String>>>::default();
        let log = received.clone();
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                // The form is the last that is sent, and short.
                while !String::from_utf8_lossy(&request).contains("refresh_token=") {
                    stream.read_buf(&mut request).await.unwrap();
                }
                log.lock().unwrap().push(String::from_utf8(request).unwrap());
                let body = body.to_string();
                let head =
                    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}", body.len());
                stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
            }
        });
        (url, received)
    }

    fn user(token_url: &str) -> Workforce {
        let content = json!({
            "type": KIND, "token_url": token_url, "refresh_token": "first-hunter2", "client_id": "me",
            "client_secret": "secret-hunter2", "quota_project_id": "payer", "universe_domain": "u",
        });
        Workforce::of(&CredentialFile::of(content)).unwrap()
    }

    fn token(life: u64, next: Option<&str>) -> (u16, Value) {
        (200, json!({"access_token": "ya29.x", "expires_in": life, "refresh_token": next}))
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_kept_and_renewed_before_its_end_with_the_newest_refresh_token() {
        let (url, received) = endpoint(vec![token(3600, Some("second-hunter2")), token(3600, None)]).await;
        let user = user(&url);
        for _ in 0..2 {
            let CacheableResource::New { data, .. } = user.headers(Extensions::new()).await.unwrap() else {
                panic!("nothing is cached outside");
            };
            assert_eq!(
                (&data["authorization"], &data["x-goog-user-project"]),
                (&"Bearer ya29.x".parse().unwrap(), &"payer".parse().unwrap())
            );
            assert!(data["authorization"].is_sensitive());
        }
        assert_eq!(received.lock().unwrap().len(), 1);
        tokio::time::advance(Duration::from_secs(3600 - 200)).await;
        user.headers(Extensions::new()).await.unwrap();
        assert_eq!(user.universe_domain().await.as_deref(), Some("u"));
        let received = received.lock().unwrap();
        assert!(received[0].contains("authorization: Basic bWU6c2VjcmV0LWh1bnRlcjI="), "{received:?}");
        assert!(
            received[0].ends_with("grant_type=refresh_token&refresh_token=first-hunter2"),
            "{received:?}"
        );
        assert!(
            received[1].ends_with("grant_type=refresh_token&refresh_token=second-hunter2"),
            "{received:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_told_without_secrets_and_a_bad_moment_is_waited_for() {
        let (url, received) = endpoint(vec![(503, json!({})), (503, json!("x")), token(60, None)]).await;
        user(&url).headers(Extensions::new()).await.unwrap();
        assert_eq!(received.lock().unwrap().len(), 3);

        let refused = json!({"error": "invalid_grant", "error_description": "the token has expired"});
        let (url, received) = endpoint(vec![(400, refused)]).await;
        let user = user(&url);
        let error = user.headers(Extensions::new()).await.unwrap_err();
        assert!(!error.is_transient());
        assert!(
            error.to_string().contains("127.0.0.1 refused it (400): invalid_grant: the token has expired"),
            "{error}"
        );
        assert_eq!(received.lock().unwrap().len(), 1, "it is not asked again");
        let echo = json!({"error": "no such token: first-hunter2"});
        let (url, _) = endpoint(vec![(401, echo)]).await;
        let echoed = self::user(&url).headers(Extensions::new()).await.unwrap_err();
        for text in [error.to_string(), format!("{error:?} {user:?}"), echoed.to_string()] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn answers() {
        let life = |answer: Value| access_token(&answer).map(|(_, life)| life.as_secs()).ok();
        assert_eq!(life(json!({"access_token": "t", "expires_in": 60})), Some(60));
        assert_eq!(life(json!({"access_token": "t"})), Some(3600));
        for bad in [json!({}), json!({"access_token": ""}), json!({"access_token": "a\nb"}), json!([])] {
            assert_eq!(life(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn a_file_that_lacks_something_is_told() {
        let file = CredentialFile::of(json!({"type": KIND, "refresh_token": "hunter2"}));
        let error = Workforce::of(&file).unwrap_err().to_string();
        assert!(error.contains("has no token_url") && !error.contains("hunter2"), "{error}");
    }
}
