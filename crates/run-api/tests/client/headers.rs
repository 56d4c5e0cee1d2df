//! What requests carry, and who never gets a credential.

use std::io;
use std::sync::{Arc, Mutex};

use google_cloud_auth::credentials::{CacheableResource, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap, HeaderValue, header};
use run_api::{Client, ClientBuilder, Credentials, Endpoint, ErrorKind, ServiceRef};
use tracing_subscriber::fmt::MakeWriter;

use super::server::{ANYTHING, Answer, Server};

const TOKEN: &str = "ya29.very-secret";

pub(crate) fn hello() -> ServiceRef {
    ServiceRef::new("my-project", "us-central1", "hello").expect("a valid name")
}

fn token() -> Credentials {
    Credentials::access_token(TOKEN).expect("a token")
}

fn builder(url: &str) -> ClientBuilder {
    Client::builder().endpoint(Endpoint::fixed(url).expect("a URL")).ignore_environment()
}

#[tokio::test]
async fn a_request_has_these_headers_and_no_others() {
    let server = Server::start(Answer::json(200, ANYTHING)).await;
    server.client().get_service(&hello()).await.unwrap();
    let mut headers = server.only_request().headers;
    headers.sort();
    let agent = format!("run-api/{}", env!("CARGO_PKG_VERSION"));
    let expected = [
        ("accept", "application/json"),
        ("host", "us-central1-run.googleapis.com"),
        ("user-agent", agent.as_str()),
        ("x-goog-api-format-version", "2"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn compressed_answers_are_asked_for_and_read() {
    use std::io::Write;

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(ANYTHING.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let head =
        format!("HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let server = Server::start(Answer::Bytes([head.as_bytes(), &packed].concat())).await;
    let seen = Arc::<Mutex<Vec<u8>>>::default();
    let look = seen.clone();
    let client = builder(&server.url()).gzip(true).observe(move |exchange| {
        look.lock().unwrap().extend(exchange.answer.as_ref().unwrap().1);
    });
    let service = client.build().unwrap().get_service(&hello()).await.unwrap();
    assert_eq!(run_api::Resource::uid(&service), Some("u"));
    assert_eq!(String::from_utf8(seen.lock().unwrap().clone()).unwrap(), ANYTHING);
    let request = server.only_request();
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert!(request.header("user-agent").unwrap().ends_with(" (gzip)"), "{request:?}");
    // What breaks off is no object.
    let head = "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    let server = Server::start(Answer::Bytes([head.as_bytes(), &packed[..packed.len() / 2]].concat())).await;
    let error = builder(&server.url()).gzip(true).build().unwrap().get_service(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
}

#[tokio::test]
async fn the_programs_product_comes_first_in_the_user_agent() {
    let server = Server::start(Answer::json(200, ANYTHING)).await;
    let client = builder(&server.url()).user_agent("my-tool/2.0").build().unwrap();
    client.get_service(&hello()).await.unwrap();
    let agent = server.only_request().header("user-agent").unwrap().to_owned();
    assert_eq!(agent, format!("my-tool/2.0 run-api/{}", env!("CARGO_PKG_VERSION")));

    let error = builder(&server.url()).user_agent("a\r\nb").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_trusted_endpoint_gets_the_token_and_its_own_host_name() {
    let server = Server::start(Answer::json(200, ANYTHING)).await;
    let client = builder(&server.url()).credentials(token()).trust_endpoint().build().unwrap();
    client.get_service(&hello()).await.unwrap();
    let request = server.only_request();
    assert_eq!(request.header("authorization"), Some("Bearer ya29.very-secret"));
    assert_eq!(request.header("host"), Some(server.address.to_string().as_str()));
}

#[tokio::test]
async fn no_token_goes_where_it_does_not_belong() {
    let server = Server::start(Answer::json(200, ANYTHING)).await;
    // Not even to this machine, nor to hosts that only look like Google's.
    for url in [server.url().as_str(), "https://run.example.com", "https://run.googleapis.com.example.com"] {
        let error = builder(url).credentials(token()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted, "{url}");
        assert!(error.to_string().contains("is not a host of Google's"), "{error}");
    }
    // Nor in the clear, trusted or not.
    let error =
        builder("http://run.googleapis.com").credentials(token()).trust_endpoint().build().unwrap_err();
    assert!(error.to_string().contains("over plain http"), "{error}");
    // An endpoint on this machine needs none, so none is looked for.
    builder(&server.url()).build().unwrap().get_service(&hello()).await.unwrap();
    assert_eq!(server.only_request().header("authorization"), None);
}

#[tokio::test]
async fn redirects_are_errors_and_not_followed() {
    let elsewhere = Server::start(Answer::json(200, ANYTHING)).await;
    for status in [301, 302, 307, 308] {
        let server = Server::start(Answer::with(status, &[("location", &elsewhere.url())], "")).await;
        let client = builder(&server.url()).credentials(token()).trust_endpoint().build().unwrap();
        let error = client.get_service(&hello()).await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::Server, Some(status)));
        assert!(error.is_foreign_answer() && !error.is_retryable(), "{error}");
    }
    assert!(elsewhere.received().is_empty());
}

/// A credential that says which universe it belongs to.
#[derive(Debug)]
struct OfUniverse(&'static str);

impl CredentialsProvider for OfUniverse {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let data = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(TOKEN))]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        Some(self.0.to_owned())
    }
}

#[tokio::test]
async fn a_credential_stays_in_its_universe() {
    let credentials = Credentials::google(OfUniverse("example.com").into());
    let client = Client::builder().endpoint(Endpoint::google()).credentials(credentials).build().unwrap();
    let error = client.get_service(&hello()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    assert_eq!(
        error.to_string(),
        "get_service projects/my-project/locations/us-central1/services/hello: the credential belongs to the \
         universe example.com, and https://run.googleapis.com is not in it"
    );
}

/// Everything that is logged in this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_token_is_in_no_log_and_no_error() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let mut shown = String::new();
    for answer in [Answer::json(200, ANYTHING), Answer::json(401, "{}"), Answer::Reset] {
        let server = Server::start(answer).await;
        let client = builder(&server.url()).credentials(token()).trust_endpoint().build().unwrap();
        let result = client.get_service(&hello()).await;
        shown.push_str(&format!("{client:?} {:?}\n", Client::builder().credentials(token())));
        if let Err(error) = &result {
            shown.push_str(&format!("{error} {error:?} {error:#?}\n"));
        }
        assert!(server.only_request().header("authorization").is_some());
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("answered") && log.contains("get_service"), "{log}");
    assert!(!log.contains("very-secret"), "{log}");
    assert!(shown.contains("Credentials(access token)") && !shown.contains("very-secret"), "{shown}");
}
