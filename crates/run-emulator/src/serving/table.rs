//! Which host leads to which revisions.

use run_api::known;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_api::types::{Policy, TrafficTarget};

use super::hello;
use super::plan::is_sticky;
use super::server::Server;
use super::servers::Servers;
use crate::access;
use crate::images::Catalogue;
use crate::store::{Key, Store};
use crate::urls::Hosts;

/// The routes of all services by host, without port.
pub(crate) struct Table {
    routes: RwLock<Routes>,
    lot: Lot,
}

#[derive(Default)]
struct Routes {
    by_host: HashMap<String, Arc<Route>>,
    hosts_of: BTreeMap<Key, Vec<(String, Arc<Route>)>>,
}

/// Where one host leads.
pub(crate) struct Route {
    /// Whether everybody may send requests.
    pub(crate) public: bool,
    /// Who may, otherwise.
    pub(crate) policy: Arc<Policy>,
    targets: Vec<Target>,
}

/// A revision that a host leads to.
#[derive(Clone)]
pub(crate) struct Target {
    /// The sum of the weights up to its own.
    up_to: u32,
    pub(crate) revision: String,
    /// Whether clients stay with it.
    pub(crate) sticky: bool,
    pub(crate) backend: Backend,
}

/// What answers for a revision.
#[derive(Clone)]
pub(crate) enum Backend {
    /// Always this.
    Hello(Bytes),
    /// A program.
    Program(Arc<Server>),
}

impl Route {
    /// A revision: the one that the client was sent to before if it stays with it, else one by the shares of the
    /// traffic.
    fn pick(&self, earlier: Option<&str>, lot: &Lot) -> Option<&Target> {
        let stays = |target: &&Target| target.sticky && Some(target.revision.as_str()) == earlier;
        if let Some(target) = self.targets.iter().find(stays) {
            return Some(target);
        }
        let at = lot.below(self.targets.last()?.up_to);
        self.targets.iter().find(|target| at < target.up_to)
    }
}

impl Table {
    /// A table without routes. With a seed, the same requests in the same order go to the same revisions.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { routes: RwLock::default(), lot: Lot::new(seed) }
    }

    /// The route of a host.
    pub(crate) fn route(&self, host: &str) -> Option<Arc<Route>> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner).by_host.get(host).cloned()
    }

    /// A revision for a request that comes on a route; none if no revision can serve.
    pub(crate) fn pick(&self, route: &Route, earlier: Option<&str>) -> Option<Target> {
        route.pick(earlier, &self.lot).cloned()
    }

    /// Makes the routes of a service what its status and policy say; none if it is gone.
    pub(crate) fn publish(&self, store: &Store, images: &Catalogue, servers: &Servers, service: &Key) {
        let fresh = routes(store, images, servers, service);
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        for (host, route) in routes.hosts_of.remove(service).unwrap_or_default() {
            // Long names are cut, so that the host may be another service's by now.
            if routes.by_host.get(&host).is_some_and(|current| Arc::ptr_eq(current, &route)) {
                routes.by_host.remove(&host);
            }
        }
        if !fresh.is_empty() {
            routes.hosts_of.insert(service.clone(), fresh.clone());
            routes.by_host.extend(fresh);
        }
    }
}

/// Draws numbers, the same ones again for the same seed.
struct Lot(Mutex<StdRng>);

impl Lot {
    fn new(seed: Option<u64>) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed.unwrap_or_else(rand::random))))
    }

    /// A number from 0 to below the limit, which must not be 0.
    fn below(&self, limit: u32) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..limit)
    }
}

fn routes(store: &Store, images: &Catalogue, servers: &Servers, service: &Key) -> Vec<(String, Arc<Route>)> {
    let Some(record) = store.services.get(service) else { return Vec::new() };
    let none = BTreeMap::new();
    let annotations = record.object.metadata.as_ref().map_or(&none, |metadata| &metadata.annotations);
    if !is_reachable(annotations) {
        return Vec::new();
    }
    let public = access::is_public(&record.policy, annotations);
    let policy = Arc::new(record.policy.clone());
    let traffic = record.object.status.as_ref().map_or(&[][..], |status| &status.traffic);
    let target = |target: &TrafficTarget, up_to: u32| {
        let name = target.revision_name.as_deref()?;
        let revision = store.revisions.get(&service.sibling(name))?;
        let backend = match servers.of(service, name) {
            Some(server) => Backend::Program(server),
            None => Backend::Hello(hello::answer(store, revision, images)?),
        };
        let sticky = is_sticky(revision);
        Some(Target { up_to, revision: name.to_owned(), sticky, backend })
    };
    let mut targets = Vec::new();
    let mut sum = 0;
    for part in traffic {
        let percent = u32::try_from(part.percent.unwrap_or(0)).unwrap_or(0);
        if percent > 0
            && let Some(target) = target(part, sum + percent)
        {
            sum += percent;
            targets.push(target);
        }
    }
    let hosts = Hosts::of(service);
    let main = Arc::new(Route { public, policy: policy.clone(), targets });
    let mut routes: Vec<_> = hosts.all(None).map(|host| (host, main.clone())).collect();
    for part in traffic {
        if let Some(tag) = &part.tag {
            let targets = target(part, 1).into_iter().collect();
            let route = Arc::new(Route { public, policy: policy.clone(), targets });
            routes.extend(hosts.all(Some(tag)).map(|host| (host, route.clone())));
        }
    }
    routes
}

/// Whether requests from outside come to a service at all. All requests here come from outside. (Documented, as is
/// the answer: 404.)
fn is_reachable(annotations: &BTreeMap<String, String>) -> bool {
    let value = |key| annotations.get(key).map(String::as_str);
    value(known::annotations::INGRESS).is_none_or(|ingress| ingress == "all")
        && value(known::annotations::DEFAULT_URL_DISABLED) != Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(revision: &str, up_to: u32) -> Target {
        let backend = Backend::Hello(Bytes::new());
        Target { up_to, revision: revision.to_owned(), sticky: revision == "sticky", backend }
    }

    fn picked(route: &Route, earlier: Option<&str>, lot: &Lot) -> String {
        route.pick(earlier, lot).unwrap().revision.clone()
    }

    #[test]
    fn the_split_follows_the_weights() {
        let route = Route {
            public: true,
            policy: Arc::default(),
            targets: vec![target("often", 90), target("rare", 100)],
        };
        let lot = Lot::new(None);
        let rare = (0..10_000).filter(|_| picked(&route, None, &lot) == "rare").count();
        // Six standard deviations around 1000 of 10000 (sigma = 30).
        assert!((820..=1180).contains(&rare), "{rare}");
        assert!(
            Route { public: true, policy: Arc::default(), targets: Vec::new() }.pick(None, &lot).is_none()
        );
    }

    #[test]
    fn a_seed_repeats_the_split() {
        let route =
            Route { public: true, policy: Arc::default(), targets: vec![target("a", 50), target("b", 100)] };
        let picks = |seed| {
            let lot = Lot::new(Some(seed));
            (0..64).map(|_| picked(&route, None, &lot)).collect::<Vec<_>>()
        };
        assert_eq!(picks(1), picks(1));
        assert_ne!(picks(1), picks(2));
    }

    #[test]
    fn a_client_stays_with_a_sticky_revision_only() {
        let route = Route {
            public: true,
            policy: Arc::default(),
            targets: vec![target("sticky", 1), target("often", 100_000)],
        };
        let lot = Lot::new(Some(1));
        for _ in 0..50 {
            assert_eq!(picked(&route, Some("sticky"), &lot), "sticky");
            assert_eq!(picked(&route, Some("gone"), &lot), "often");
        }
        let other = Route {
            public: true,
            policy: Arc::default(),
            targets: vec![target("often", 1), target("sticky", 100_000)],
        };
        assert_eq!(picked(&other, Some("often"), &lot), "sticky");
    }

    #[test]
    fn which_services_are_reachable() {
        for (key, value, expected) in [
            ("ingress", "all", true),
            ("ingress", "internal", false),
            ("ingress", "internal-and-cloud-load-balancing", false),
            ("default-url-disabled", "true", false),
            ("default-url-disabled", "false", true),
        ] {
            let annotations = BTreeMap::from([(format!("run.googleapis.com/{key}"), value.to_owned())]);
            assert_eq!(is_reachable(&annotations), expected, "{key} {value}");
        }
    }
}
