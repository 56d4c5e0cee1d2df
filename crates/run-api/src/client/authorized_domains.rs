//! Authorized domains.

use super::Client;
use super::list::capped;
use crate::types::ListAuthorizedDomainsResponse;
use crate::{ProjectId, Result};

impl Client {
    /// Lists the domains that the caller has verified and may map: one page of at most `page_size`, whose
    /// `nextPageToken` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_authorized_domains(
        &self,
        project: &ProjectId,
        page_size: Option<u32>,
        page_token: Option<&str>,
    ) -> Result<ListAuthorizedDomainsResponse> {
        self.call_in_all_regions("list_authorized_domains", project, |api, project| async move {
            api.list_authorized_domains_in_project(project, None, capped(page_size), page_token).await
        })
        .await
    }
}
