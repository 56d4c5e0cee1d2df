//! Pages of the lists whose token is a number, that of the entries before the page: locations, authorized domains,
//! operations.

use run_api::types::{AuthorizedDomain, ListAuthorizedDomainsResponse, ListLocationsResponse, LocationInfo};

use crate::error::ApiError;
use crate::regions;

/// What a list request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageQuery<'a> {
    pub(crate) size: Option<usize>,
    pub(crate) token: Option<&'a str>,
}

/// One page, and the token of the next.
pub(crate) fn page<T>(
    entries: impl Iterator<Item = T>,
    query: PageQuery<'_>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let start: usize = match query.token.filter(|token| !token.is_empty()) {
        Some(token) => token.parse().map_err(|_| ApiError::invalid("The page token is invalid."))?,
        None => 0,
    };
    let size = query.size.filter(|size| *size > 0).unwrap_or(usize::MAX);
    let mut rest = entries.skip(start);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = rest.next().map(|_| (start.saturating_add(page.len())).to_string());
    Ok((page, next))
}

/// The regions, a page of them.
pub(crate) fn locations(project: &str, query: PageQuery<'_>) -> Result<ListLocationsResponse, ApiError> {
    let locations = regions::ALL.iter().map(|region| LocationInfo {
        name: Some(format!("projects/{project}/locations/{}", region.name)),
        location_id: Some(region.name.to_owned()),
        display_name: Some(region.place.to_owned()),
        ..LocationInfo::default()
    });
    let (locations, next_page_token) = page(locations, query)?;
    Ok(ListLocationsResponse { locations, next_page_token })
}

/// The domains that may be mapped, a page of them.
pub(crate) fn authorized_domains(
    domains: &[String],
    project: &str,
    query: PageQuery<'_>,
) -> Result<ListAuthorizedDomainsResponse, ApiError> {
    let domains = domains.iter().map(|id| AuthorizedDomain {
        id: Some(id.clone()),
        name: Some(format!("projects/{project}/authorizedDomains/{id}")),
    });
    let (domains, next_page_token) = page(domains, query)?;
    Ok(ListAuthorizedDomainsResponse { domains, next_page_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_regions_come_in_pages() {
        let page = |token| locations("p", PageQuery { size: Some(40), token }).unwrap();
        let first = page(None);
        let second = page(first.next_page_token.as_deref());
        assert_eq!((first.locations.len(), second.locations.len()), (40, 8));
        assert_eq!(second.next_page_token, None);
    }

    #[test]
    fn pages_follow_each_other() {
        let of = |size, token| page(0..5, PageQuery { size, token }).unwrap();
        assert_eq!(of(None, None), (vec![0, 1, 2, 3, 4], None));
        assert_eq!(of(Some(0), Some("")), (vec![0, 1, 2, 3, 4], None), "0 is none");
        let (first, next) = of(Some(3), None);
        assert_eq!((first, next.as_deref()), (vec![0, 1, 2], Some("3")));
        assert_eq!(of(Some(3), Some("3")), (vec![3, 4], None));
        assert_eq!(of(Some(2), Some("3")), (vec![3, 4], None), "nothing comes after a full page");
        assert_eq!(of(Some(2), Some("99")), (vec![], None));
        assert!(page(0..5, PageQuery { size: None, token: Some("x") }).is_err());
    }
}
