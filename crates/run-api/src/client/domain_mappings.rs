//! Domain mappings. The API has them as a preview, and they can not be replaced: delete and create again.

use super::call::DRY_RUN;
use super::{Client, ListOptions};
use crate::types::{DomainMapping, ListDomainMappingsResponse, Status};
use crate::{DomainMappingRef, Location, Result};

impl Client {
    /// Reads a domain mapping.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_domain_mapping(&self, domain_mapping: &DomainMappingRef) -> Result<DomainMapping> {
        self.call_on("get_domain_mapping", domain_mapping, |api, ids| async move {
            api.get_domain_mapping(ids.project, ids.name, None).await
        })
        .await
    }

    /// Lists the domain mappings of one region: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_domain_mappings(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListDomainMappingsResponse> {
        let page = options.page(None);
        self.call_in("list_domain_mappings", location, |api, project| async move {
            api.list_domain_mappings(
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

    /// Creates a domain mapping. Its name is the domain, which must be one of
    /// [`list_authorized_domains`](Self::list_authorized_domains) or below one. The DNS records to set up appear
    /// in its status later.
    ///
    /// # Errors
    /// [`is_already_exists`](crate::Error::is_already_exists) if the name is taken,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn create_domain_mapping(
        &self,
        location: &Location,
        domain_mapping: &DomainMapping,
    ) -> Result<DomainMapping> {
        self.send_new_domain_mapping(location, domain_mapping, None).await
    }

    /// Asks the server to check and default a new domain mapping without storing it.
    ///
    /// # Errors
    /// As [`create_domain_mapping`](Self::create_domain_mapping).
    pub async fn create_domain_mapping_dry_run(
        &self,
        location: &Location,
        domain_mapping: &DomainMapping,
    ) -> Result<DomainMapping> {
        self.send_new_domain_mapping(location, domain_mapping, Some(DRY_RUN)).await
    }

    async fn send_new_domain_mapping(
        &self,
        location: &Location,
        domain_mapping: &DomainMapping,
        dry: Option<&str>,
    ) -> Result<DomainMapping> {
        let metadata = domain_mapping.metadata.as_ref();
        self.call_for_new::<DomainMapping, _, _, _>(
            "create_domain_mapping",
            location,
            metadata,
            |api, project| async move { api.create_domain_mapping(project, dry, domain_mapping).await },
        )
        .await
    }

    /// Deletes a domain mapping.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_domain_mapping(&self, domain_mapping: &DomainMappingRef) -> Result<Status> {
        self.remove_domain_mapping(domain_mapping, None).await
    }

    /// Asks the server whether it would delete a domain mapping, without doing so.
    ///
    /// # Errors
    /// As [`delete_domain_mapping`](Self::delete_domain_mapping).
    pub async fn delete_domain_mapping_dry_run(&self, domain_mapping: &DomainMappingRef) -> Result<Status> {
        self.remove_domain_mapping(domain_mapping, Some(DRY_RUN)).await
    }

    async fn remove_domain_mapping(
        &self,
        domain_mapping: &DomainMappingRef,
        dry: Option<&str>,
    ) -> Result<Status> {
        self.call_on("delete_domain_mapping", domain_mapping, |api, ids| async move {
            api.delete_domain_mapping(ids.project, ids.name, None, dry, None, None).await
        })
        .await
    }
}
