//! Locations.

use super::Client;
use super::list::capped;
use crate::types::ListLocationsResponse;
use crate::{ProjectId, Result};

impl Client {
    /// Lists the regions that a project can use: one page of at most `page_size`, whose `nextPageToken` names
    /// the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_locations(
        &self,
        project: &ProjectId,
        page_size: Option<u32>,
        page_token: Option<&str>,
    ) -> Result<ListLocationsResponse> {
        self.call_in_all_regions("list_locations", project, |api, project| async move {
            api.list_locations(project, None, None, None, capped(page_size), page_token).await
        })
        .await
    }
}
