//! Resolving `*.localhost` without asking the system.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::endpoint::is_loopback_host;

/// A resolver for reqwest that answers `localhost`, `*.localhost` (RFC 6761) and gcloud's `{region}-localhost`
/// with 127.0.0.1 and leaves every other name to the system, since not every system knows them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopbackResolver;

impl Resolve for LoopbackResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Port 0 is replaced by the URL's.
            if is_loopback_host(name.as_str()) {
                let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}
