//! What becomes of headers between a client and a program. Pure.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const TRACE: HeaderName = HeaderName::from_static("x-cloud-trace-context");
/// The one thing that `TE` may say in HTTP/2, and what servers of gRPC want to hear. (RFC 9113, 8.2.2.)
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Headers about one connection, which end with it. (RFC 9110, 7.6.1.)
const OF_A_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The protocol that a client wants to change to, or a program agrees to.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = words(headers).any(|word| word.eq_ignore_ascii_case("upgrade"));
    headers.get(header::UPGRADE).filter(|_| asks).cloned()
}

fn words(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Takes out what is about the connection alone, but for a change of the protocol.
fn end_to_end(headers: &mut HeaderMap) {
    let upgrade = upgrade(headers);
    let named: Vec<HeaderName> = words(headers).filter_map(|word| word.parse().ok()).collect();
    for name in OF_A_CONNECTION.iter().chain(&named) {
        headers.remove(name);
    }
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
}

/// Makes the headers of a client's request those that a program is to see, in the version of HTTP that it speaks.
///
/// (Knative's runtime contract asks for `Forwarded`, `X-Forwarded-For` and `X-Forwarded-Proto`; the trace is
/// documented. What the client says itself comes first, or stays.)
pub(super) fn for_program(
    headers: &mut HeaderMap,
    host: Option<HeaderValue>,
    version: Version,
    client: IpAddr,
    trace: (u128, u64),
) {
    let wants_trailers = headers.get(header::TE).is_some_and(|value| value == TRAILERS);
    if version == Version::HTTP_2 {
        // There is no other protocol to change to, and the host is in the target.
        headers.remove(header::UPGRADE);
        headers.remove(header::HOST);
    }
    end_to_end(headers);
    if version == Version::HTTP_2 && wants_trailers {
        headers.insert(header::TE, TRAILERS);
    }
    if let Some(host) = host.filter(|_| version != Version::HTTP_2) {
        headers.insert(header::HOST, host);
    }
    join_cookies(headers);
    add(headers, FORWARDED_FOR, &client.to_string());
    let node = if client.is_ipv6() { format!("\"[{client}]\"") } else { client.to_string() };
    add(headers, header::FORWARDED, &format!("for={node};proto=http"));
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    if !headers.contains_key(TRACE) {
        let (trace, span) = trace;
        if let Ok(value) = HeaderValue::try_from(format!("{trace:032x}/{span};o=1")) {
            headers.insert(TRACE, value);
        }
    }
}

/// HTTP/2 may send each cookie by itself, which HTTP/1 does not know. (RFC 9113, 8.2.3.)
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(all) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, all);
    }
}

/// Puts a value after those that are there.
fn add(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    let earlier = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok());
    let all = earlier.chain([value]).collect::<Vec<_>>().join(", ");
    if let Ok(all) = HeaderValue::try_from(all) {
        headers.insert(name, all);
    }
}

/// Makes the headers of a program's answer those that the client is to see.
///
/// (Documented: what sets a cookie is private.)
pub(super) fn for_client(headers: &mut HeaderMap, status: StatusCode) {
    end_to_end(headers);
    if status != StatusCode::SWITCHING_PROTOCOLS {
        headers.remove(header::CONNECTION);
        headers.remove(header::UPGRADE);
    }
    if headers.contains_key(header::SET_COOKIE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let mut all: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        all.sort();
        all
    }

    #[test]
    fn a_request_says_whom_it_is_for_and_keeps_its_own() {
        let mut all = headers(&[
            ("host", "proxy"),
            ("connection", "keep-alive, X-Mine"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "ignored"),
            ("x-mine", "1"),
            ("x-other", "2"),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-proto", "gopher"),
        ]);
        let host = Some(HeaderValue::from_static("hello"));
        for_program(&mut all, host, Version::HTTP_11, [127, 0, 0, 1].into(), (0xab, 7));
        assert_eq!(
            shown(&all),
            [
                "forwarded: for=127.0.0.1;proto=http",
                "host: hello",
                "x-cloud-trace-context: 000000000000000000000000000000ab/7;o=1",
                "x-forwarded-for: 9.9.9.9, 127.0.0.1",
                "x-forwarded-proto: http",
                "x-other: 2",
            ]
        );
    }

    #[test]
    fn an_address_of_six_is_quoted_and_a_trace_stays() {
        let mut all = headers(&[("x-cloud-trace-context", "mine"), ("forwarded", "for=9.9.9.9")]);
        for_program(&mut all, None, Version::HTTP_11, std::net::Ipv6Addr::LOCALHOST.into(), (1, 1));
        assert_eq!(all["forwarded"], "for=9.9.9.9, for=\"[::1]\";proto=http");
        assert_eq!(all["x-cloud-trace-context"], "mine");
    }

    #[test]
    fn what_http_2_has_of_its_own() {
        let lines = [
            ("host", "hello"),
            ("te", "trailers"),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
        ];
        for (version, expected) in [
            (Version::HTTP_2, ["cookie: a=1; b=2", "te: trailers"].as_slice()),
            (Version::HTTP_11, &["connection: upgrade", "cookie: a=1; b=2", "host: h", "upgrade: websocket"]),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in lines {
                all.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
            }
            for_program(
                &mut all,
                Some(HeaderValue::from_static("h")),
                version,
                [127, 0, 0, 1].into(),
                (1, 1),
            );
            let mut left = shown(&all);
            left.retain(|line| !line.starts_with("forwarded") && !line.starts_with("x-"));
            assert_eq!(left, expected, "{version:?}");
        }
    }

    #[test]
    fn a_change_of_the_protocol_goes_through() {
        let mut all =
            headers(&[("connection", "Upgrade, x-mine"), ("upgrade", "websocket"), ("x-mine", "1")]);
        assert_eq!(upgrade(&all).unwrap(), "websocket");
        for_client(&mut all, StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(shown(&all), ["connection: upgrade", "upgrade: websocket"]);
        for_client(&mut all, StatusCode::OK);
        assert!(all.is_empty());
        assert_eq!(upgrade(&headers(&[("upgrade", "websocket")])), None);
    }

    #[test]
    fn what_sets_a_cookie_is_private() {
        let mut all = headers(&[("set-cookie", "a=b"), ("cache-control", "public, max-age=60")]);
        for_client(&mut all, StatusCode::OK);
        assert_eq!(all["cache-control"], "private");
        let mut all = headers(&[("cache-control", "public")]);
        for_client(&mut all, StatusCode::OK);
        assert_eq!(all["cache-control"], "public");
    }
}
