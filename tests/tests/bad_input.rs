//! Bad input and bad weather: one clear error that says what and what to do, and nothing half-changed.

use std::time::Duration;

use run_api::{Client, Endpoint};
use run_ops::remedy::{EndpointFault, Remedy};
use run_ops::retry::NeverRetry;
use run_ops::{ErrorKind, Ops, ServiceEdit, TrafficShares};
use run_tests::{World, client_of, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_missing_service() {
    let world = World::start().await;
    let nobody = world.service("nobody");
    let edit = |service: &mut run_api::types::Service| {
        service.set_env("A", "1");
        Ok(())
    };
    for error in [
        world.ops.update_service(&nobody, edit).await.unwrap_err(),
        world.ops.allow_public_access(&nobody).await.unwrap_err(),
        world.ops.delete_service(&nobody, soon()).await.unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
        assert!(error.to_string().contains("does not exist"), "{error}");
        assert_eq!(error.remedies(), [Remedy::CheckName { may_be_hidden: false }]);
    }
}

#[tokio::test]
async fn impossible_splits_change_nothing() {
    let world = World::start().await;
    world.create_ready("hello").await;
    let hello = world.service("hello");
    let before = world.client.get_service(&hello).await.unwrap();

    let too_much = "hello-00001-abc=60,LATEST=41".parse::<TrafficShares>().unwrap_err();
    assert_eq!(too_much.to_string(), "101 % of the traffic is assigned, which is more than 100 %");
    for (shares, message) in [
        ("LATEST=90", "assign the other 10 %, too"),
        ("hello-99999-zzz=10", "it has no revision `hello-99999-zzz`"),
    ] {
        let error = world.ops.split_traffic(&hello, &shares.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(message), "{error}");
    }
    let after = world.client.get_service(&hello).await.unwrap();
    assert_eq!(before.metadata.unwrap().resource_version, after.metadata.unwrap().resource_version);
}

#[tokio::test]
async fn names_that_are_none() {
    let world = World::start().await;
    for bad in ["Hello", "..", ".", "", "a/b", "hello:setIamPolicy", "hello%2F", "hello?x=1"] {
        let error = world.client.service(bad).unwrap_err();
        assert!(error.to_string().starts_with("service name `"), "{error}");
    }
    assert_eq!(world.emulator.requests().len(), 0, "nothing was sent");
}

#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client_of(&format!("http://{free}"));
    let hello = client.service("hello").unwrap();
    let error = Ops::new(client).retry_policy(NeverRetry).service_exists(&hello).await.unwrap_err();
    assert!(error.to_string().contains(&format!("no connection to http://{free}")), "{error}");
    assert_eq!(error.remedies(), [Remedy::CheckEndpoint(EndpointFault::Silent)]);
}

#[tokio::test]
async fn a_body_that_is_not_json() {
    for (status, body) in [("200 OK", "<html>hello</html>"), ("404 Not Found", "<html>not here</html>")] {
        let url = answering(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
        .await;
        let client = Client::builder()
            .endpoint(Endpoint::fixed(&url).unwrap())
            .project("p")
            .region("us-central1")
            .request_timeout(Duration::from_secs(5))
            .build()
            .unwrap();
        let hello = client.service("hello").unwrap();
        let error = Ops::new(client).retry_policy(NeverRetry).service_exists(&hello).await.unwrap_err();
        assert!(!error.is_not_found(), "a foreign 404 is no answer to the question: {error}");
        assert!(error.to_string().contains(body), "{error}");
        assert_eq!(error.remedies(), [Remedy::CheckEndpoint(EndpointFault::Foreign)]);
    }
}

/// A server that answers every request with the same bytes.
async fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}
