//! Session affinity: a cookie by which a client comes back to the same revision.
//!
//! (Documented: the annotation and that it is a cookie that lasts 30 days. Its name is remembered from real answers;
//! its value is opaque there.)

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};

const COOKIE: &str = "GAESA";
const LASTS_SECONDS: u32 = 30 * 24 * 3600;

/// The revision that a client was sent to before.
pub(super) fn earlier(request: &HeaderMap) -> Option<String> {
    let cookies = request.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        let value = (name == COOKIE).then(|| URL_SAFE_NO_PAD.decode(value).ok())??;
        String::from_utf8(value).ok()
    })
}

/// Tells a client to come back to a revision.
pub(super) fn remember(answer: &mut HeaderMap, revision: &str) {
    let value = URL_SAFE_NO_PAD.encode(revision);
    let cookie = format!("{COOKIE}={value}; Max-Age={LASTS_SECONDS}; Path=/; HttpOnly");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        answer.append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_says_where_it_was() {
        let mut answer = HeaderMap::new();
        remember(&mut answer, "hello-00001-abc");
        let cookie = answer[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let request =
            |cookies: &str| HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(cookies).unwrap())]);
        assert_eq!(earlier(&request(&format!("a=b; {cookie}"))).as_deref(), Some("hello-00001-abc"));
        for other in ["", "a=b", "GAESA", "GAESA=%%%", "GAESA=_w"] {
            assert_eq!(earlier(&request(other)), None, "{other}");
        }
    }
}
