//! Revisions.

use super::call::DRY_RUN;
use super::list::Page;
use super::{Client, FieldMask, ListOptions, Partial};
use crate::types::{ListRevisionsResponse, Revision, Status};
use crate::{Location, ProjectId, Result, RevisionRef};

impl Client {
    /// Reads a revision.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_revision(&self, revision: &RevisionRef) -> Result<Revision> {
        self.read_revision(revision, None).await
    }

    /// Reads some fields of a revision.
    ///
    /// # Errors
    /// As [`get_revision`](Self::get_revision).
    pub async fn get_revision_fields(
        &self,
        revision: &RevisionRef,
        fields: &FieldMask,
    ) -> Result<Partial<Revision>> {
        self.read_revision(revision, Some(fields.as_str())).await.map(Partial::new)
    }

    async fn read_revision(&self, revision: &RevisionRef, fields: Option<&str>) -> Result<Revision> {
        self.call_on("get_revision", revision, |api, ids| async move {
            api.get_revision(ids.project, ids.name, fields).await
        })
        .await
    }

    /// Lists the revisions of one region, newest first: one page, whose `metadata.continue` names the next.
    /// Those of one service have the label `serving.knative.dev/service`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_revisions(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListRevisionsResponse> {
        self.revisions_page(location, options.page(None)).await
    }

    /// Lists some fields of the revisions of one region.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_revisions_fields(
        &self,
        location: &Location,
        options: &ListOptions,
        fields: &FieldMask,
    ) -> Result<Partial<ListRevisionsResponse>> {
        self.revisions_page(location, options.page(Some(fields))).await.map(Partial::new)
    }

    async fn revisions_page(&self, location: &Location, page: Page<'_>) -> Result<ListRevisionsResponse> {
        self.call_in("list_revisions", location, |api, project| async move {
            api.list_revisions(
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

    /// Lists the revisions of all regions. `unreachable` names the regions that are missing from the answer.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_revisions_in_all_regions(
        &self,
        project: &ProjectId,
        options: &ListOptions,
    ) -> Result<ListRevisionsResponse> {
        let page = options.page(None);
        self.call_in_all_regions("list_revisions", project, |api, project| async move {
            api.list_revisions(project, page.token, None, None, None, page.labels, page.limit, None, None)
                .await
        })
        .await
    }

    /// Deletes a revision.
    ///
    /// # Errors
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) while it serves or is the service's
    /// latest, [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_revision(&self, revision: &RevisionRef) -> Result<Status> {
        self.remove_revision(revision, None).await
    }

    /// Asks the server whether it would delete a revision, without doing so.
    ///
    /// # Errors
    /// As [`delete_revision`](Self::delete_revision).
    pub async fn delete_revision_dry_run(&self, revision: &RevisionRef) -> Result<Status> {
        self.remove_revision(revision, Some(DRY_RUN)).await
    }

    async fn remove_revision(&self, revision: &RevisionRef, dry: Option<&str>) -> Result<Status> {
        self.call_on("delete_revision", revision, |api, ids| async move {
            api.delete_revision(ids.project, ids.name, None, dry, None, None).await
        })
        .await
    }
}
