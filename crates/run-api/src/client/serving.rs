//! Services and what belongs to them: revisions, configurations, routes, domain mappings.

use super::call::Call;
use super::core::Client;
use super::list::capped;
use super::options::{ListOptions, WriteOptions};
use crate::methods::Operation;
use crate::types::{
    Configuration, DomainMapping, ListAuthorizedDomainsResponse, Revision, Route, Service, Status,
};
use crate::{
    ConfigurationRef, DomainMappingRef, List, Location, ProjectId, Result, RevisionRef, RouteRef, ServiceRef,
};

impl Client {
    /// Reads a service; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_service(&self, service: &ServiceRef) -> Result<Service> {
        self.get(service).await
    }

    /// Lists a page of the services of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_services(&self, location: &Location, options: &ListOptions) -> Result<List<Service>> {
        self.list(location, options).await
    }

    /// Creates a service. The answer is the object as stored; it becomes ready later.
    ///
    /// # Errors
    /// As [`create`](Self::create), which has options.
    pub async fn create_service(&self, location: &Location, service: &Service) -> Result<Service> {
        self.create(location, service, &WriteOptions::default()).await
    }

    /// Replaces a service with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a change made
    /// since; without one it does not check. run-ops' `update_service` does the
    /// whole read-modify-write.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), which has options.
    pub async fn replace_service(&self, service: &ServiceRef, body: &Service) -> Result<Service> {
        self.replace(service, body, &WriteOptions::default()).await
    }

    /// Starts the deletion of a service and all its revisions. It goes on after the answer: the service is gone when
    /// reading it says not found.
    ///
    /// # Errors
    /// As [`delete`](Self::delete), which has options.
    pub async fn delete_service(&self, service: &ServiceRef) -> Result<Status> {
        self.delete(service, &WriteOptions::default()).await
    }

    /// Reads a revision; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_revision(&self, revision: &RevisionRef) -> Result<Revision> {
        self.get(revision).await
    }

    /// Lists a page of the revisions of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions. Those of one service have the label `serving.knative.dev/service`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_revisions(&self, location: &Location, options: &ListOptions) -> Result<List<Revision>> {
        self.list(location, options).await
    }

    /// Deletes a revision.
    ///
    /// # Errors
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) while it serves or is the service's latest;
    /// else as [`delete`](Self::delete), which has options.
    pub async fn delete_revision(&self, revision: &RevisionRef) -> Result<Status> {
        self.delete(revision, &WriteOptions::default()).await
    }

    /// Reads a configuration; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_configuration(&self, configuration: &ConfigurationRef) -> Result<Configuration> {
        self.get(configuration).await
    }

    /// Lists a page of the configurations of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_configurations(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<List<Configuration>> {
        self.list(location, options).await
    }

    /// Reads a route; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_route(&self, route: &RouteRef) -> Result<Route> {
        self.get(route).await
    }

    /// Lists a page of the routes of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_routes(&self, location: &Location, options: &ListOptions) -> Result<List<Route>> {
        self.list(location, options).await
    }

    /// Reads a domain mapping; [`get_fields`](Self::get_fields) reads some fields.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_domain_mapping(&self, domain_mapping: &DomainMappingRef) -> Result<DomainMapping> {
        self.get(domain_mapping).await
    }

    /// Lists a page of the domain mappings of one region, newest first; [`pages`](Self::pages) and [`list_all`](Self::list_all) list them
    /// all, and [`list`](Self::list) also in all regions.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_domain_mappings(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<List<DomainMapping>> {
        self.list(location, options).await
    }

    /// Creates a domain mapping. Its name is the domain, which must be one of
    /// [`list_authorized_domains`](Self::list_authorized_domains) or below one. The DNS records to set up appear in its
    /// status later.
    ///
    /// # Errors
    /// As [`create`](Self::create), which has options.
    pub async fn create_domain_mapping(
        &self,
        location: &Location,
        domain_mapping: &DomainMapping,
    ) -> Result<DomainMapping> {
        self.create(location, domain_mapping, &WriteOptions::default()).await
    }

    /// Deletes a domain mapping.
    ///
    /// # Errors
    /// As [`delete`](Self::delete), which has options.
    pub async fn delete_domain_mapping(&self, domain_mapping: &DomainMappingRef) -> Result<Status> {
        self.delete(domain_mapping, &WriteOptions::default()).await
    }

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
        let call = Call::across(Operation::ListAuthorizedDomainsInProject, project);
        self.send(call.query("pageSize", capped(page_size)).query("pageToken", page_token)).await
    }
}
