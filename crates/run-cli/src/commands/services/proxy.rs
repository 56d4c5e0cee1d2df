//! `runctl services proxy`: a port of this machine whose requests go to a service, as a caller that may call it.

mod forward;
mod headers;
mod token;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use run_api::Resource;
use run_api::types::Service;
use run_ops::ServiceView;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::forward::Forward;
use self::token::Tokens;
use crate::output::describe;
use crate::session::{Context, Interrupts};
use crate::terminal::{ExitStatus, Failure};

/// So long what was under way may take after the first signal.
const GRACE: Duration = Duration::from_secs(5);

/// What `runctl services proxy` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The service
    service: String,

    /// The port of this machine; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,

    /// Call the revision with this tag, instead of what the traffic says
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,

    /// Call with this identity token, instead of one that the credential gets
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

/// Forwards requests until a signal ends it.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let printer = context.printer;
    let mut interrupts = Interrupts::listen()?;
    let reference = context.service(&arguments.service)?;
    let service = context.client.get_service(&reference).await?;
    let target = address(&service, arguments.tag.as_deref())?;
    // An identity token is about the service, whichever revision answers.
    let audience = service.url().unwrap_or(&target).to_owned();
    let tokens = match &arguments.token {
        Some(token) => Tokens::fixed(token)?,
        None if context.client.endpoint().is_loopback() => Tokens::none(),
        None => Tokens::of(context.settings.credentials.clone(), audience),
    };
    if let Err(error) = tokens.get().await {
        printer.talk(format_args!(
            "warning: {error}; requests go without one, and only a public service takes them"
        ));
        tokens.give_up();
    }
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port))).await;
    let listener = listener.map_err(|error| {
        Failure::new(ExitStatus::Failed, format!("cannot listen on port {}: {error}", arguments.port))
            .hint("choose another one with --port; 0 takes a free one")
    })?;
    let here = listener.local_addr().map_err(|error| Failure::new(ExitStatus::Failed, error.to_string()))?;
    let forward = Arc::new(Forward::new(&target, tokens, printer)?);
    printer.data(format_args!("http://{here}"))?;
    printer.talk(format_args!(
        "requests to it go to {target}, the service [{}]; Ctrl-C ends it",
        arguments.service
    ));
    serve(listener, forward, &mut interrupts).await;
    printer.talk("stopped");
    Ok(())
}

/// The address of a service, or of one of its tags.
fn address(service: &Service, tag: Option<&str>) -> Result<String, Failure> {
    let name = service.name().unwrap_or_default();
    let Some(tag) = tag else {
        return describe::url(service).ok_or_else(|| {
            Failure::new(ExitStatus::Failed, format!("the service `{name}` has no address yet"))
                .hint(format!("`runctl wait {name}` waits until it is ready"))
        });
    };
    let tagged = service.observed_traffic().iter().find(|target| target.tag.as_deref() == Some(tag));
    tagged.and_then(|target| target.url.clone()).ok_or_else(|| {
        Failure::new(
            ExitStatus::NotFound,
            format!("the service `{name}` has no revision with the tag `{tag}`"),
        )
        .hint(format!("`runctl services describe {name}` shows its tags"))
    })
}

/// Serves connections until the first signal, and what is under way a little longer, or until the second.
async fn serve(listener: TcpListener, forward: Arc<Forward>, interrupts: &mut Interrupts) {
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that broke off before it was taken is its maker's affair.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, forward.clone(), stopping.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            () = interrupts.next() => break,
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let end = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        _ = tokio::time::timeout(GRACE, end) => {}
        () = interrupts.next() => {}
    }
}

async fn connection(stream: TcpStream, forward: Arc<Forward>, mut stopping: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let forward = forward.clone();
        async move { Ok::<_, std::convert::Infallible>(forward.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
    // What a connection ends with is seen at both of its ends.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses() {
        let service: Service = serde_json::from_value(json!({
            "metadata": {"name": "app"},
            "status": {"url": "https://app", "traffic": [
                {"revisionName": "app-1", "percent": 100},
                {"revisionName": "app-2", "tag": "next", "url": "https://next---app"},
            ]},
        }))
        .unwrap();
        assert_eq!(address(&service, None).unwrap(), "https://app");
        assert_eq!(address(&service, Some("next")).unwrap(), "https://next---app");
        let missing = address(&service, Some("old")).unwrap_err();
        assert_eq!(missing.status(), ExitStatus::NotFound);
        let young: Service = serde_json::from_value(json!({"metadata": {"name": "app"}})).unwrap();
        assert!(address(&young, None).unwrap_err().hints()[0].contains("runctl wait app"));
    }
}
