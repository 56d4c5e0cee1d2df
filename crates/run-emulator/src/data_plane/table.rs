//! Which host leads to which revisions.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use run_api::types::TrafficTarget;

use super::hello;
use crate::api::iam;
use crate::images::Catalogue;
use crate::store::{Key, Store};
use crate::urls::Hosts;

/// The routes of all services by host, without port.
#[derive(Default)]
pub(crate) struct Table {
    routes: RwLock<Routes>,
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
    /// The answers of the revisions, each with the sum of the weights up to its own.
    weighted: Vec<(u32, Bytes)>,
}

impl Route {
    /// The answer of a revision, chosen at random by its share of the traffic.
    pub(crate) fn pick(&self) -> Option<Bytes> {
        let (total, _) = self.weighted.last()?;
        let at = rand::random_range(0..*total);
        self.weighted.iter().find(|(up_to, _)| at < *up_to).map(|(_, body)| body.clone())
    }
}

impl Table {
    /// The route of a host.
    pub(crate) fn route(&self, host: &str) -> Option<Arc<Route>> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner).by_host.get(host).cloned()
    }

    /// Makes the routes of a service what its status and policy say; none if it is gone.
    pub(crate) fn publish(&self, store: &Store, images: &Catalogue, service: &Key) {
        let fresh = routes(store, images, service);
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

fn routes(store: &Store, images: &Catalogue, service: &Key) -> Vec<(String, Arc<Route>)> {
    let Some(record) = store.services.get(service) else { return Vec::new() };
    let none = BTreeMap::new();
    let annotations = record.object.metadata.as_ref().map_or(&none, |metadata| &metadata.annotations);
    let public = iam::is_public(&record.policy, annotations);
    let traffic = record.object.status.as_ref().map_or(&[][..], |status| &status.traffic);
    let answer = |target: &TrafficTarget| {
        let revision = store.revisions.get(&service.sibling(target.revision_name.as_deref()?))?;
        hello::answer(store, revision, images)
    };
    let mut weighted = Vec::new();
    let mut sum = 0;
    for target in traffic {
        let percent = u32::try_from(target.percent.unwrap_or(0)).unwrap_or(0);
        if let Some(body) = answer(target).filter(|_| percent > 0) {
            sum += percent;
            weighted.push((sum, body));
        }
    }
    let hosts = Hosts::of(service);
    let main = Arc::new(Route { public, weighted });
    let mut routes: Vec<_> = hosts.all(None).map(|host| (host, main.clone())).collect();
    for target in traffic {
        if let Some(tag) = &target.tag {
            let weighted = answer(target).map(|body| (1, body)).into_iter().collect();
            let route = Arc::new(Route { public, weighted });
            routes.extend(hosts.all(Some(tag)).map(|host| (host, route.clone())));
        }
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_follows_the_weights() {
        let bodies = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
        let route = Route { public: true, weighted: vec![(90, bodies[0].clone()), (100, bodies[1].clone())] };
        let rare = (0..10_000).filter(|_| route.pick().as_ref() == Some(&bodies[1])).count();
        // Six standard deviations around 1000 of 10000 (sigma = 30).
        assert!((820..=1180).contains(&rare), "{rare}");
        assert!(Route { public: true, weighted: Vec::new() }.pick().is_none());
    }
}
