//! The identity token that forwarded requests carry, renewed before it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::header::HeaderValue;
use run_api::Credentials;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::terminal::Failure;

/// Identity tokens are good for an hour.
const LIFE: Duration = Duration::from_secs(45 * 60);

/// Where the token comes from.
enum Source {
    Nobody,
    Fixed(HeaderValue),
    Credentials { credentials: Credentials, audience: String },
}

/// The token, as long as it is good.
pub(super) struct Tokens {
    source: Source,
    current: Mutex<Option<(HeaderValue, Instant)>>,
    given_up: AtomicBool,
}

impl Tokens {
    /// Requests go as they are.
    pub(super) fn none() -> Self {
        Self::from(Source::Nobody)
    }

    /// Always the same.
    pub(super) fn fixed(token: &str) -> Result<Self, Failure> {
        header(token)
            .map(|token| Self::from(Source::Fixed(token)))
            .ok_or_else(|| Failure::usage("--token has characters that no token has"))
    }

    /// What the credential gets for the service.
    pub(super) fn of(credentials: Credentials, audience: String) -> Self {
        Self::from(Source::Credentials { credentials, audience })
    }

    fn from(source: Source) -> Self {
        Self { source, current: Mutex::new(None), given_up: AtomicBool::new(false) }
    }

    /// From now on requests go as they are.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// The header to send; none if requests go as they are.
    pub(super) async fn get(&self) -> Result<Option<HeaderValue>, run_api::Error> {
        let (credentials, audience) = match &self.source {
            _ if self.given_up.load(Ordering::Relaxed) => return Ok(None),
            Source::Nobody => return Ok(None),
            Source::Fixed(token) => return Ok(Some(token.clone())),
            Source::Credentials { credentials, audience } => (credentials, audience),
        };
        // Whoever comes while a token is asked for waits for it.
        let mut current = self.current.lock().await;
        if let Some((token, _)) = current.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(Some(token.clone()));
        }
        let token = credentials.identity_token(audience).await?;
        let token = header(&token);
        *current = token.clone().map(|token| (token, Instant::now() + LIFE));
        Ok(token)
    }

    /// The service does not take the token: the next request gets a new one.
    pub(super) async fn refused(&self) {
        *self.current.lock().await = None;
    }
}

fn header(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {}", token.trim())).ok()?;
    header.set_sensitive(true);
    (!token.trim().is_empty()).then_some(header)
}
