//! Services.

use super::call::DRY_RUN;
use super::list::Page;
use super::{Client, FieldMask, ListOptions, Partial};
use crate::types::{ListServicesResponse, Service, Status};
use crate::{Location, ProjectId, Result, ServiceRef};

const ALL_REGIONS: &str = "-";

impl Client {
    /// Reads a service.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name; without permission to read,
    /// the API says [`is_permission_denied`](crate::Error::is_permission_denied) whether there is one or not.
    pub async fn get_service(&self, service: &ServiceRef) -> Result<Service> {
        self.read_service(service, None).await
    }

    /// Reads some fields of a service.
    ///
    /// # Errors
    /// As [`get_service`](Self::get_service).
    pub async fn get_service_fields(
        &self,
        service: &ServiceRef,
        fields: &FieldMask,
    ) -> Result<Partial<Service>> {
        self.read_service(service, Some(fields.as_str())).await.map(Partial::new)
    }

    async fn read_service(&self, service: &ServiceRef, fields: Option<&str>) -> Result<Service> {
        self.call_on("get_service", service, |api, ids| async move {
            api.get_service(ids.project, ids.name, fields).await
        })
        .await
    }

    /// Lists the services of one region, newest first: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_services(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListServicesResponse> {
        self.services_page(location, options.page(None)).await
    }

    /// Lists some fields of the services of one region.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_services_fields(
        &self,
        location: &Location,
        options: &ListOptions,
        fields: &FieldMask,
    ) -> Result<Partial<ListServicesResponse>> {
        self.services_page(location, options.page(Some(fields))).await.map(Partial::new)
    }

    async fn services_page(&self, location: &Location, page: Page<'_>) -> Result<ListServicesResponse> {
        self.call_in("list_services", location, |api, project| async move {
            api.list_services(
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

    /// Lists the services of all regions. `unreachable` names the regions that are missing from the answer.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_services_in_all_regions(
        &self,
        project: &ProjectId,
        options: &ListOptions,
    ) -> Result<ListServicesResponse> {
        let page = options.page(None);
        self.call_in_all_regions("list_services_in_location", project, |api, project| async move {
            api.list_services_in_location(
                project,
                ALL_REGIONS,
                page.token,
                None,
                None,
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

    /// Creates a service. The answer is the object as stored, defaults filled in; it becomes ready later.
    ///
    /// # Errors
    /// [`is_already_exists`](crate::Error::is_already_exists) if the name is taken (or was until a moment ago:
    /// deletion takes a while), [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused
    /// fields.
    pub async fn create_service(&self, location: &Location, service: &Service) -> Result<Service> {
        self.send_new_service(location, service, None).await
    }

    /// Asks the server to check and default a new service without storing it.
    ///
    /// # Errors
    /// As [`create_service`](Self::create_service).
    pub async fn create_service_dry_run(&self, location: &Location, service: &Service) -> Result<Service> {
        self.send_new_service(location, service, Some(DRY_RUN)).await
    }

    async fn send_new_service(
        &self,
        location: &Location,
        service: &Service,
        dry: Option<&str>,
    ) -> Result<Service> {
        let metadata = service.metadata.as_ref();
        self.call_for_new::<Service, _, _, _>(
            "create_service",
            location,
            metadata,
            |api, project| async move { api.create_service(project, dry, service).await },
        )
        .await
    }

    /// Replaces a service with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a
    /// change made since; without one it does not check. run-ops' `update_service` does the whole
    /// read-modify-write.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the version is stale,
    /// [`is_already_exists`](crate::Error::is_already_exists) if the template names a revision that exists with
    /// other content.
    pub async fn replace_service(&self, service: &ServiceRef, body: &Service) -> Result<Service> {
        self.send_service(service, body, None).await
    }

    /// Asks the server to check and default a replacement without storing it.
    ///
    /// # Errors
    /// As [`replace_service`](Self::replace_service).
    pub async fn replace_service_dry_run(&self, service: &ServiceRef, body: &Service) -> Result<Service> {
        self.send_service(service, body, Some(DRY_RUN)).await
    }

    async fn send_service(&self, service: &ServiceRef, body: &Service, dry: Option<&str>) -> Result<Service> {
        self.call_on("replace_service", service, |api, ids| async move {
            api.replace_service(ids.project, ids.name, dry, body).await
        })
        .await
    }

    /// Starts the deletion of a service and all its revisions. It goes on after the answer: the service is gone
    /// when reading it says not found.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_service(&self, service: &ServiceRef) -> Result<Status> {
        self.remove_service(service, None).await
    }

    /// Asks the server whether it would delete a service, without doing so.
    ///
    /// # Errors
    /// As [`delete_service`](Self::delete_service).
    pub async fn delete_service_dry_run(&self, service: &ServiceRef) -> Result<Status> {
        self.remove_service(service, Some(DRY_RUN)).await
    }

    async fn remove_service(&self, service: &ServiceRef, dry: Option<&str>) -> Result<Status> {
        self.call_on("delete_service", service, |api, ids| async move {
            api.delete_service(ids.project, ids.name, None, dry, None, None).await
        })
        .await
    }
}
