//! Domain mappings, and the domains that may be mapped.

use run_api::types::{
    AuthorizedDomain, DomainMapping, DomainMappingStatus, ListAuthorizedDomainsResponse, ListMeta, Status,
};

use super::changes::{self, Change};
use super::error::ApiError;
use super::list::{self, ListQuery};
use super::numbered::{self, PageQuery};
use super::objects::{self, Kind};
use super::scope::Scope;
use crate::rules;
use crate::store::{Key, Store};

const KIND: Kind =
    Kind { in_messages: "DOMAIN_MAPPING", group: "domains.cloudrun.com", collection: "domainmappings" };

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<DomainMapping, ApiError> {
    Ok(find(store, scope, name)?.1.clone())
}

pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<DomainMapping>, Option<ListMeta>), ApiError> {
    let mappings = scope.all(&store.domain_mappings).map(|(_, mapping)| mapping);
    list::page(mappings.filter_map(|mapping| Some((mapping, mapping.metadata.as_ref()?))), query)
}

fn find<'a>(store: &'a Store, scope: &Scope, name: &str) -> Result<(&'a Key, &'a DomainMapping), ApiError> {
    scope.find(&store.domain_mappings, name).ok_or_else(|| KIND.not_found(scope, name))
}

pub(crate) fn create(
    store: &mut Store,
    scope: &Scope,
    mut mapping: DomainMapping,
    dry_run: bool,
) -> Result<Change<DomainMapping>, ApiError> {
    objects::check_namespace(&store.projects, scope, mapping.metadata.as_ref())?;
    rules::fill_in_domain_mapping(&mut mapping);
    changes::refuse(&rules::check_domain_mapping(&mapping))?;
    let key = changes::free_place(scope, &store.domain_mappings, mapping.metadata.as_ref())?;
    let now = store.clock.tick();
    changes::make(KIND, &mut mapping.metadata, &key, now);
    mapping.status = Some(DomainMappingStatus::default());
    if !dry_run {
        store.domain_mappings.insert(key.clone(), mapping.clone());
    }
    Ok(Change { answer: mapping, key, reconcile: !dry_run })
}

/// Starts a deletion; the object stays readable until the reconciler removes it.
pub(crate) fn delete(
    store: &mut Store,
    scope: &Scope,
    name: &str,
    dry_run: bool,
) -> Result<Change<Status>, ApiError> {
    let key = find(store, scope, name)?.0.clone();
    let now = store.clock.tick();
    let mapping = store.domain_mappings.get_mut(&key).ok_or_else(|| KIND.not_found(scope, name))?;
    let uid = mapping.metadata.as_ref().and_then(|metadata| metadata.uid.clone());
    let conditions = &mut mapping.status.get_or_insert_default().conditions;
    let begins = !dry_run
        && changes::begin_deletion(&mut mapping.metadata, conditions, "Deleting domain mapping.", now);
    Ok(Change { answer: KIND.deleted(name, uid), key, reconcile: begins })
}

/// The domains that may be mapped, a page of them.
pub(crate) fn authorized(
    domains: &[String],
    project: &str,
    query: PageQuery<'_>,
) -> Result<ListAuthorizedDomainsResponse, ApiError> {
    let domains = domains.iter().map(|id| AuthorizedDomain {
        id: Some(id.clone()),
        name: Some(format!("projects/{project}/authorizedDomains/{id}")),
    });
    let (domains, next_page_token) = numbered::page(domains, query)?;
    Ok(ListAuthorizedDomainsResponse { domains, next_page_token })
}
