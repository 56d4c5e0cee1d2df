//! Who may use the API, the admin paths and the page: programs of this machine, and the emulator's own page.
//!
//! A web page of anybody's can make a browser send requests to loopback, and with a name that resolves to loopback it
//! could even read the answers. What a browser says of a request (`Host`, `Origin`, `Sec-Fetch-Site`) tells them apart
//! from a program's; none of it can be set by a page. Services are not guarded: they talk to each other across
//! origins, as they do at Google.
//! (Sources: <https://fetch.spec.whatwg.org/#origin-header>, <https://w3c.github.io/webappsec-fetch-metadata/>.)

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Method, Request, Version, header};

use crate::error::ApiError;
use crate::regions;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// How much of a header a refusal repeats.
const LONGEST: usize = 100;

/// The authority that a request is for. An absolute-form target (a client that takes this for its proxy) names it itself.
/// (Source: RFC 9112, 3.2: a request without `Host`, or with two, is to be refused.)
pub(super) fn authority<B>(request: &Request<B>) -> Result<String, ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(ApiError::invalid("The request has more than one Host header."));
    }
    if host.is_none() && request.version() == Version::HTTP_11 {
        return Err(ApiError::invalid("The request has no Host header."));
    }
    if let Some(authority) = request.uri().authority() {
        return Ok(authority.as_str().to_owned());
    }
    let text = host.map_or(Ok(""), |host| host.to_str());
    text.map(str::to_owned).map_err(|_| ApiError::invalid("The Host header is not valid."))
}

/// Refuses a request for the API, an admin path or the page that a program or the emulator's page would not send.
pub(super) fn check<B>(
    authority: &str,
    allowed_hosts: &[String],
    request: &Request<B>,
) -> Result<(), ApiError> {
    let headers = request.headers();
    let (host, _) = split(authority);
    if !is_served(&host, allowed_hosts) {
        let host = shown(&host);
        return Err(forbidden(&format!(
            "This emulator does not serve the host '{host}', since any name can be made to lead here. If this one is \
             yours, start it with `--allow-host {host}` (`EmulatorBuilder::allow_host`)."
        )));
    }
    let foreign = headers.get_all(header::ORIGIN).iter().find(|origin| !is_own(origin.as_bytes(), authority));
    if let Some(origin) = foreign {
        let origin = shown(&String::from_utf8_lossy(origin.as_bytes()));
        return Err(forbidden(&format!(
            "A page of the origin '{origin}' may not use this emulator: only its own page may, and programs, which send \
             no Origin."
        )));
    }
    let from_elsewhere = headers.get_all(SITE).iter().any(|site| site != "same-origin" && site != "none");
    if from_elsewhere && !opens_the_page(request) {
        return Err(forbidden(
            "A page of another site may not use this emulator (Sec-Fetch-Site): only its own page may, and programs, \
             which do not send that header.",
        ));
    }
    let by_browser = headers.contains_key(header::ORIGIN) || headers.contains_key(SITE);
    if by_browser && has_body(headers) && !is_json(headers) {
        let message = "A browser's request has to have the content type application/json.";
        return Err(ApiError::with_code(415, Some("INVALID_ARGUMENT"), message));
    }
    Ok(())
}

/// A link that leads to the page, or an address that was typed. The page cannot be framed.
fn opens_the_page<B>(request: &Request<B>) -> bool {
    let says = |name: HeaderName, what: &str| request.headers().get(name).is_some_and(|value| value == what);
    request.method() == Method::GET
        && request.uri().path() == "/"
        && says(MODE, "navigate")
        && says(DESTINATION, "document")
}

fn has_body(headers: &HeaderMap) -> bool {
    let empty = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    !empty || headers.contains_key(header::TRANSFER_ENCODING)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Whether an origin is the scheme and the authority that its request came to.
fn is_own(origin: &[u8], authority: &str) -> bool {
    let Some(origin) = std::str::from_utf8(origin).ok().and_then(|origin| origin.strip_prefix("http://"))
    else {
        return false;
    };
    split(origin) == split(authority)
}

/// The host in lower case, without a dot at its end, and the port.
fn split(authority: &str) -> (String, &str) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    };
    let port = if port.is_empty() { "80" } else { port };
    (host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(), port)
}

/// Whether a name cannot be one that somebody else has made to lead here: an address, a name without a dot (`localhost`,
/// a container's neighbour), each with a region before it, Google's, or one that was allowed.
fn is_served(host: &str, allowed: &[String]) -> bool {
    let is_ours = |host: &str| {
        is_address(host)
            || is_single_label(host)
            || allowed.iter().any(|name| name.eq_ignore_ascii_case(host))
    };
    let behind_region =
        || regions::of_prefix(host).and_then(|region| host.strip_prefix(region.name)?.strip_prefix('-'));
    // No host at all is HTTP/1.0's, which no browser speaks.
    host.is_empty()
        || is_ours(host)
        || host.ends_with(".googleapis.com")
        || behind_region().is_some_and(is_ours)
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4())
        || host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()))
}

fn is_single_label(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn shown(text: &str) -> String {
    text.chars().take(LONGEST).filter(|char| !char.is_control()).collect()
}

fn forbidden(message: &str) -> ApiError {
    ApiError::with_code(403, None, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = "127.0.0.1:8787";

    fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    /// The status of the refusal; 200 if there is none.
    fn status(method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
        check(AUTHORITY, &[], &request(method, target, headers)).map_or_else(|error| error.code, |()| 200)
    }

    #[test]
    fn hosts() {
        let allowed = ["emulator.example".to_owned(), "Cloud.test".to_owned()];
        for (authority, served) in [
            ("127.0.0.1:8787", true),
            ("10.1.2.3", true),
            ("[::1]:8787", true),
            ("[fe80::1]", true),
            ("localhost", true),
            ("LOCALHOST.:80", true),
            ("emulator:8787", true),
            ("my_service", true),
            ("us-central1-localhost:8787", true),
            ("us-central1-127.0.0.1:8787", true),
            ("us-central1-emulator:8787", true),
            ("run.googleapis.com", true),
            ("us-central1-run.googleapis.com:443", true),
            ("run.us-east1.rep.googleapis.com", true),
            ("emulator.example:8787", true),
            ("us-central1-emulator.example", true),
            ("cloud.test", true),
            ("", true),
            ("evil.example", false),
            ("evil.example:8787", false),
            ("us-central1-evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("us-central1-127.0.0.1.evil.example", false),
            ("sub.emulator.example", false),
            ("googleapis.com.evil.example", false),
            ("evilgoogleapis.com", false),
            ("127.1", false),
            ("::1", false),
            ("[evil.example]", false),
            ("user@localhost", false),
            ("host.docker.internal", false),
        ] {
            let answer = check(authority, &allowed, &request("GET", "/", &[]));
            assert_eq!(answer.is_ok(), served, "{authority}: {answer:?}");
            if let Err(refusal) = answer {
                assert_eq!(refusal.code, 403);
                assert!(refusal.message.contains("--allow-host"), "{refusal:?}");
            }
        }
    }

    #[test]
    fn origins() {
        for (origin, expected) in [
            ("http://127.0.0.1:8787", 200),
            ("https://127.0.0.1:8787", 403),
            ("http://127.0.0.1:8788", 403),
            ("http://127.0.0.1", 403),
            ("http://localhost:8787", 403),
            ("http://evil.example", 403),
            ("http://hello-abc-uc.localhost:8787", 403),
            ("null", 403),
            ("", 403),
        ] {
            assert_eq!(status("GET", "/x", &[("origin", origin)]), expected, "{origin}");
        }
        let two = [("origin", "http://127.0.0.1:8787"), ("origin", "http://evil.example")];
        assert_eq!(status("GET", "/x", &two), 403);
        let own = request("GET", "/x", &[("origin", "http://LocalHost")]);
        assert!(check("localhost:80", &[], &own).is_ok(), "80 is what is meant without a port");
    }

    #[test]
    fn sites() {
        for (site, expected) in
            [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403), ("else", 403)]
        {
            assert_eq!(status("GET", "/x", &[("sec-fetch-site", site)]), expected, "{site}");
        }
    }

    #[test]
    fn a_link_may_lead_to_the_page_and_to_nothing_else() {
        let with = |method: &str, target: &str, mode: &str, destination: &str| {
            let site = ("sec-fetch-site", "cross-site");
            status(method, target, &[site, ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)])
        };
        assert_eq!(with("GET", "/", "navigate", "document"), 200);
        assert_eq!(with("GET", "/?x", "navigate", "document"), 200);
        for (method, target, mode, destination) in [
            ("POST", "/", "navigate", "document"),
            ("GET", "/__emulator/requests", "navigate", "document"),
            ("GET", "/", "navigate", "iframe"),
            ("GET", "/", "no-cors", "image"),
            ("GET", "/", "cors", "empty"),
        ] {
            assert_eq!(
                with(method, target, mode, destination),
                403,
                "{method} {target} {mode} {destination}"
            );
        }
    }

    #[test]
    fn the_content_type_counts_for_browsers_only() {
        let length = ("content-length", "2");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let own = ("origin", "http://127.0.0.1:8787");
        assert_eq!(status("POST", "/x", &[length, form]), 200, "curl -d");
        for kind in ["application/json", "Application/JSON; charset=utf-8"] {
            assert_eq!(status("POST", "/x", &[length, own, ("content-type", kind)]), 200, "{kind}");
        }
        for kind in ["text/plain", "application/json-seq", ""] {
            assert_eq!(status("POST", "/x", &[length, own, ("content-type", kind)]), 415, "{kind}");
        }
        assert_eq!(status("POST", "/x", &[length, own]), 415);
        assert_eq!(status("POST", "/x", &[("transfer-encoding", "chunked"), own]), 415);
        assert_eq!(status("POST", "/x", &[("content-length", "0"), own]), 200);
        assert_eq!(status("POST", "/x", &[length, form, ("sec-fetch-site", "none")]), 415);
    }

    #[test]
    fn exactly_one_host() {
        let of = |version, target: &str, hosts: &[&str]| {
            let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let mut request = request("GET", target, &headers);
            *request.version_mut() = version;
            authority(&request).map_err(|error| error.code)
        };
        assert_eq!(of(Version::HTTP_11, "/", &["a:1"]), Ok("a:1".to_owned()));
        assert_eq!(of(Version::HTTP_11, "http://b/x", &["a:1"]), Ok("b".to_owned()));
        assert_eq!(of(Version::HTTP_10, "/", &[]), Ok(String::new()));
        assert_eq!(of(Version::HTTP_11, "/", &[]), Err(400));
        assert_eq!(of(Version::HTTP_11, "http://b/x", &[]), Err(400));
        assert_eq!(of(Version::HTTP_11, "/", &["a", "a"]), Err(400));
        assert_eq!(of(Version::HTTP_11, "/", &["ä"]), Err(400));
    }
}
