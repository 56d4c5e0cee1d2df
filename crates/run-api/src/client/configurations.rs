//! Configurations: what a service makes its revisions from.

use super::{Client, ListOptions};
use crate::types::{Configuration, ListConfigurationsResponse};
use crate::{ConfigurationRef, Location, Result};

impl Client {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_configuration(&self, configuration: &ConfigurationRef) -> Result<Configuration> {
        self.call_on("get_configuration", configuration, |api, ids| async move {
            api.get_configuration(ids.project, ids.name, None).await
        })
        .await
    }

    /// Lists the configurations of one region, newest first: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_configurations(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListConfigurationsResponse> {
        let page = options.page(None);
        self.call_in("list_configurations", location, |api, project| async move {
            api.list_configurations(
                project,
                page.token,
                None,
                page.fields,
                None,
                page.labels,
                page.limit,
                None,
                None,
            )
            .await
        })
        .await
    }
}
