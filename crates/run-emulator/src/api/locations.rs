//! Locations.

use run_api::types::{ListLocationsResponse, Location};

use super::error::ApiError;
use super::numbered::{self, PageQuery};
use crate::regions;

/// The regions, a page of them.
pub(crate) fn list(project: &str, query: PageQuery<'_>) -> Result<ListLocationsResponse, ApiError> {
    let locations = regions::ALL.iter().map(|region| Location {
        name: Some(format!("projects/{project}/locations/{}", region.name)),
        location_id: Some(region.name.to_owned()),
        display_name: Some(region.place.to_owned()),
        ..Location::default()
    });
    let (locations, next_page_token) = numbered::page(locations, query)?;
    Ok(ListLocationsResponse { locations, next_page_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let page = |token| list("p", PageQuery { size: Some(40), token }).unwrap();
        let first = page(None);
        let second = page(first.next_page_token.as_deref());
        assert_eq!((first.locations.len(), second.locations.len()), (40, 8));
        assert_eq!(second.next_page_token, None);
    }
}
