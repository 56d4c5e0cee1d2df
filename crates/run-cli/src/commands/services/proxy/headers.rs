//! What becomes of a request's headers on their way. Pure.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Cloud Run takes an identity token from here, too, and leaves `Authorization` to the program.
/// (Source: <https://cloud.google.com/run/docs/authenticating/service-to-service>)
const SECOND_AUTHORIZATION: HeaderName = HeaderName::from_static("x-serverless-authorization");

/// Headers that are about one connection. (Source: RFC 9110, section 7.6.1)
const OF_A_CONNECTION: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes out what is about one connection, and what `Connection` names; a change of protocols goes on.
pub(super) fn pass(headers: &mut HeaderMap) {
    let upgrade = upgrade(headers);
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in OF_A_CONNECTION.iter().chain(&named) {
        headers.remove(name);
    }
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
}

/// The protocol that the connection is to change to, if it is.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let mut words = asked.flat_map(|value| value.split(','));
    words
        .any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
        .then(|| headers.get(header::UPGRADE).cloned())?
}

/// Puts in who calls. A program's own credential stays where it is.
pub(super) fn authenticate(headers: &mut HeaderMap, token: HeaderValue) {
    let place = match headers.contains_key(header::AUTHORIZATION) {
        true => SECOND_AUTHORIZATION,
        false => header::AUTHORIZATION,
    };
    headers.insert(place, token);
}

/// Why a request is not forwarded: any page that a browser shows could use the caller's identity otherwise.
pub(super) fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if !is_here(host) {
        return Some("it is for another host: call this proxy as 127.0.0.1 or localhost");
    }
    // A page's images and scripts come without an origin; browsers say where they come from all the same.
    if text(HeaderName::from_static("sec-fetch-site")) == Some("cross-site")
        && text(HeaderName::from_static("sec-fetch-mode")) != Some("navigate")
    {
        return Some("it comes from a page of another host");
    }
    match text(header::ORIGIN) {
        Some("null") => Some("it comes from a page without an origin"),
        Some(origin) if !is_here(origin.split_once("://").map_or(origin, |(_, host)| host)) => {
            Some("it comes from a page of another host")
        }
        _ => None,
    }
}

/// Whether `HOST[:PORT]` is this machine by a name that no name server can give to another one.
fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name.to_ascii_lowercase().as_str(), "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn what_is_about_a_connection_stays_there() {
        for (given, passed) in [
            (
                headers(&[
                    ("accept", "a"),
                    ("connection", "close, x-mine"),
                    ("x-mine", "1"),
                    ("te", "trailers"),
                ]),
                headers(&[("accept", "a")]),
            ),
            (
                headers(&[
                    ("connection", "keep-alive, Upgrade"),
                    ("upgrade", "websocket"),
                    ("keep-alive", "1"),
                ]),
                headers(&[("connection", "upgrade"), ("upgrade", "websocket")]),
            ),
            (headers(&[("upgrade", "h2c")]), headers(&[])),
        ] {
            let mut result = given.clone();
            pass(&mut result);
            assert_eq!(result, passed, "{given:?}");
        }
    }

    #[test]
    fn a_credential_of_the_program_is_left_to_it() {
        let token = HeaderValue::from_static("Bearer t");
        let mut plain = headers(&[]);
        authenticate(&mut plain, token.clone());
        assert_eq!(plain, headers(&[("authorization", "Bearer t")]));
        let mut own = headers(&[("authorization", "Basic x")]);
        authenticate(&mut own, token);
        assert_eq!(own, headers(&[("authorization", "Basic x"), ("x-serverless-authorization", "Bearer t")]));
    }

    #[test]
    fn pages_of_other_hosts_get_no_identity() {
        for (host, origin, forwarded) in [
            ("127.0.0.1:8080", None, true),
            ("localhost:8080", Some("http://localhost:8080"), true),
            ("[::1]:8080", Some("http://[::1]:3000"), true),
            ("LOCALHOST", None, true),
            ("evil.example:8080", None, false),
            ("", None, false),
            ("localhost.evil.example", None, false),
            ("127.0.0.1:8080", Some("https://evil.example"), false),
            ("127.0.0.1:8080", Some("null"), false),
        ] {
            let mut given = HeaderMap::new();
            given.insert(header::HOST, HeaderValue::from_static(host));
            given.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            assert_eq!(refusal(&given).is_none(), forwarded, "{host} {origin:?}");
        }
        for (site, mode, forwarded) in [
            ("cross-site", "no-cors", false),
            ("cross-site", "cors", false),
            ("cross-site", "navigate", true),
            ("same-origin", "cors", true),
            ("none", "navigate", true),
        ] {
            let host = (header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            let mut given = HeaderMap::from_iter([host]);
            given.insert("sec-fetch-site", HeaderValue::from_static(site));
            given.insert("sec-fetch-mode", HeaderValue::from_static(mode));
            assert_eq!(refusal(&given).is_none(), forwarded, "{site} {mode}");
        }
    }
}
