//! Locations.

use run_api::types::{ListLocationsResponse, Location};

use super::error::ApiError;
use crate::regions;

/// One page of the regions; the token is the number of regions before it.
pub(crate) fn list(
    project: &str,
    size: Option<usize>,
    token: Option<&str>,
) -> Result<ListLocationsResponse, ApiError> {
    let start: usize = match token.filter(|token| !token.is_empty()) {
        Some(token) => token.parse().map_err(|_| ApiError::invalid("The page token is invalid."))?,
        None => 0,
    };
    let size = size.filter(|size| *size > 0).unwrap_or(regions::ALL.len());
    let end = start.saturating_add(size).min(regions::ALL.len());
    let locations = regions::ALL.get(start..end).unwrap_or_default().iter().map(|region| Location {
        name: Some(format!("projects/{project}/locations/{}", region.name)),
        location_id: Some(region.name.to_owned()),
        display_name: Some(region.place.to_owned()),
        ..Location::default()
    });
    Ok(ListLocationsResponse {
        locations: locations.collect(),
        next_page_token: (end < regions::ALL.len()).then(|| end.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let first = list("p", Some(40), None).unwrap();
        let second = list("p", Some(40), first.next_page_token.as_deref()).unwrap();
        assert_eq!((first.locations.len(), second.locations.len()), (40, 8));
        assert_eq!(second.next_page_token, None);
        assert!(list("p", None, Some("x")).is_err());
        assert!(list("p", None, Some("999")).unwrap().locations.is_empty());
    }
}
