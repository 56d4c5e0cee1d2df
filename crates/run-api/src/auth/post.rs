//! Asking a token endpoint, as OAuth 2.0 has it. (Source: RFC 6749, sections 4.1.3 and 5.2)

use std::time::Duration;

use reqwest::{RequestBuilder, Url};
use serde_json::Value;

use crate::endpoint::is_loopback_host;
use crate::tls::install_crypto_provider;

const LONGEST: Duration = Duration::from_secs(8);
/// Tokens are short.
pub(super) const LONGEST_ANSWER: usize = 256 * 1024;

/// Why there is no answer; nothing secret is in it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) message: String,
    /// Whether another try may help.
    pub(super) transient: bool,
    pub(super) cause: Option<reqwest::Error>,
}

impl Refusal {
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        Self { message: message.into(), transient: false, cause: None }
    }
}

/// A client's own name and secret.
pub(super) type Client<'a> = (&'a str, &'a str);

/// Sends a form, and decodes the answer.
pub(super) async fn form(
    url: &str,
    fields: &[(&str, &str)],
    client: Option<Client<'_>>,
) -> Result<Value, Refusal> {
    let (http, url) = open(url)?;
    let request = http.post(url.clone()).form(fields);
    let request = match client {
        Some((id, secret)) => request.basic_auth(id, Some(secret)),
        None => request,
    };
    answer(request, &url, |text| {
        let secrets = fields.iter().map(|(_, value)| *value).chain(client.map(|(_, secret)| secret));
        secrets.filter(|secret| secret.len() > 8).any(|secret| text.contains(secret))
    })
    .await
}

/// Sends JSON with an access token, and decodes the answer.
pub(super) async fn json(
    url: &str,
    body: &Value,
    bearer: reqwest::header::HeaderMap,
) -> Result<Value, Refusal> {
    let (http, url) = open(url)?;
    answer(http.post(url.clone()).headers(bearer).json(body), &url, |_| false).await
}

/// A client for one address, which must be one that secrets may be sent to.
fn open(url: &str) -> Result<(reqwest::Client, Url), Refusal> {
    let parsed =
        Url::parse(url).map_err(|error| Refusal::lasting(format!("`{url}` is no address: {error}")))?;
    let is_here = parsed.host_str().is_some_and(is_loopback_host);
    if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
        return Err(Refusal::lasting(format!("`{url}` is not https, so no secret is sent there")));
    }
    install_crypto_provider();
    let mut http = reqwest::Client::builder().timeout(LONGEST).redirect(reqwest::redirect::Policy::none());
    if is_here {
        http = http.no_proxy();
    }
    let http = http.build().map_err(|error| Refusal {
        message: "no HTTP client".to_owned(),
        transient: false,
        cause: Some(error),
    })?;
    Ok((http, parsed))
}

async fn answer(
    request: RequestBuilder,
    url: &Url,
    is_secret: impl Fn(&str) -> bool,
) -> Result<Value, Refusal> {
    let host = url.host_str().unwrap_or_default();
    let broken = |error: reqwest::Error| Refusal {
        message: format!("{host} did not answer"),
        transient: true,
        cause: Some(error.without_url()),
    };
    let mut answer = request.send().await.map_err(broken)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(Refusal::lasting(format!("the answer of {host} does not end")));
        }
    }
    let value = serde_json::from_slice::<Value>(&body);
    if status.is_success() {
        return value.map_err(|_| Refusal::lasting(format!("the answer of {host} is not JSON")));
    }
    let said = value.ok().and_then(|value| told(&value)).filter(|text| !is_secret(text));
    let said = said.map(|text| format!(": {text}")).unwrap_or_default();
    Err(Refusal {
        message: format!("{host} refused it ({}){said}", status.as_u16()),
        transient: status.is_server_error() || matches!(status.as_u16(), 408 | 429),
        cause: None,
    })
}

/// What an error says: OAuth's two fields, or the message of Google's APIs.
fn told(value: &Value) -> Option<String> {
    let error = value.get("error")?;
    if let Some(message) = error.get("message").and_then(Value::as_str) {
        return Some(message.to_owned());
    }
    let parts = [Some(error), value.get("error_description")];
    let parts: Vec<&str> = parts.into_iter().flatten().filter_map(Value::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_sent_only_where_nobody_reads_along() {
        for url in ["http://sts.googleapis.com/x", "http://10.0.0.1/x", "ftp://localhost/x", "nonsense"] {
            assert!(!open(url).unwrap_err().transient, "{url}");
        }
        for url in ["https://sts.googleapis.com/v1/oauthtoken", "http://127.0.0.1:1/x"] {
            assert!(open(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_errors_say() {
        for (answer, expected) in [
            (
                json!({"error": "invalid_grant", "error_description": "Token expired"}),
                Some("invalid_grant: Token expired"),
            ),
            (json!({"error": "invalid_client"}), Some("invalid_client")),
            (json!({"error": {"code": 403, "message": "Permission denied"}}), Some("Permission denied")),
            (json!({"detail": 1}), None),
            (json!("text"), None),
        ] {
            assert_eq!(told(&answer).as_deref(), expected, "{answer}");
        }
    }
}
