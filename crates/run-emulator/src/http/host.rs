//! What the host of a request says.

use crate::regions::{self, Region};

/// Whom a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A service's own address, without port, in lower case.
    DataPlane(String),
    /// The API's host of a region.
    Regional(&'static Region),
    /// The API's host without a region.
    Global,
    /// Cloud Resource Manager's, of which gcloud asks one question.
    ResourceManager,
    /// A host that could be the API's host of a region, if there were such a region.
    Nowhere,
    /// Any other name of this machine: the API, with a default region.
    Plain,
}

/// Decides by the authority of a request.
///
/// `{region}-…` is a region's host (`us-central1-run.googleapis.com`, and `us-central1-localhost` as gcloud makes
/// it of an override), and so is `run.{region}.rep.googleapis.com`.
pub(super) fn classify(authority: &str) -> Host {
    let host = without_port(authority).trim_end_matches('.').to_ascii_lowercase();
    if let Some(region) = regions::of_prefix(&host).filter(|_| !host.ends_with(".localhost")) {
        return Host::Regional(region);
    }
    if let Some(region) = host.strip_prefix("run.").and_then(|rest| rest.strip_suffix(".rep.googleapis.com"))
    {
        return regions::find(region).map_or(Host::Nowhere, Host::Regional);
    }
    match host.as_str() {
        "run.googleapis.com" => Host::Global,
        "cloudresourcemanager.googleapis.com" => Host::ResourceManager,
        _ if host.ends_with("-run.googleapis.com") => Host::Nowhere,
        _ if host.ends_with(".localhost") => Host::DataPlane(host),
        _ => Host::Plain,
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let regional = |name| Host::Regional(regions::find(name).unwrap());
        for (authority, expected) in [
            ("us-central1-run.googleapis.com", regional("us-central1")),
            ("us-central1-run.googleapis.com:443", regional("us-central1")),
            ("europe-west12-localhost:8080", regional("europe-west12")),
            ("run.us-east1.rep.googleapis.com", regional("us-east1")),
            ("run.moon.rep.googleapis.com", Host::Nowhere),
            ("moon-run.googleapis.com", Host::Nowhere),
            ("run.googleapis.com", Host::Global),
            ("127.0.0.1:8787", Host::Plain),
            ("[::1]:8787", Host::Plain),
            ("localhost", Host::Plain),
            ("", Host::Plain),
            (":", Host::Plain),
            ("ä-ö", Host::Plain),
            ("run.googleapis.com.", Host::Global),
            ("cloudresourcemanager.googleapis.com:80", Host::ResourceManager),
            ("Hello-abc-uc.localhost:1", Host::DataPlane("hello-abc-uc.localhost".to_owned())),
            (
                "us-central1-svc-abc-uc.localhost:1",
                Host::DataPlane("us-central1-svc-abc-uc.localhost".to_owned()),
            ),
        ] {
            assert_eq!(classify(authority), expected, "{authority}");
        }
    }
}
