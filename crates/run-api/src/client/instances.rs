//! Instances.

use super::call::DRY_RUN;
use super::{Client, ListOptions};
use crate::types::{Instance, ListInstancesResponse, StartInstanceRequest, Status, StopInstanceRequest};
use crate::{InstanceRef, Location, Result};

impl Client {
    /// Reads an instance.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_instance(&self, instance: &InstanceRef) -> Result<Instance> {
        self.call_on("get_instance", instance, |api, ids| async move {
            api.get_instance(ids.project, ids.name, None).await
        })
        .await
    }

    /// Lists the instances of one region, newest first: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_instances(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListInstancesResponse> {
        let page = options.page(None);
        self.call_in("list_instances", location, |api, project| async move {
            api.list_instances(
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

    /// Creates an instance. The answer is the object as stored; it becomes ready later.
    ///
    /// # Errors
    /// [`is_already_exists`](crate::Error::is_already_exists) if the name is taken,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn create_instance(&self, location: &Location, instance: &Instance) -> Result<Instance> {
        self.send_new_instance(location, instance, None).await
    }

    /// Asks the server to check and default a new instance without storing it.
    ///
    /// # Errors
    /// As [`create_instance`](Self::create_instance).
    pub async fn create_instance_dry_run(
        &self,
        location: &Location,
        instance: &Instance,
    ) -> Result<Instance> {
        self.send_new_instance(location, instance, Some(DRY_RUN)).await
    }

    async fn send_new_instance(
        &self,
        location: &Location,
        instance: &Instance,
        dry: Option<&str>,
    ) -> Result<Instance> {
        let metadata = instance.metadata.as_ref();
        self.call_for_new::<Instance, _, _, _>(
            "create_instance",
            location,
            metadata,
            |api, project| async move { api.create_instance(project, dry, instance).await },
        )
        .await
    }

    /// Replaces an instance with a whole object: what the object does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a
    /// change made since; without one it does not check.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the version is stale,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn replace_instance(&self, instance: &InstanceRef, body: &Instance) -> Result<Instance> {
        self.send_instance(instance, body, None).await
    }

    /// Asks the server to check and default a replacement without storing it.
    ///
    /// # Errors
    /// As [`replace_instance`](Self::replace_instance).
    pub async fn replace_instance_dry_run(
        &self,
        instance: &InstanceRef,
        body: &Instance,
    ) -> Result<Instance> {
        self.send_instance(instance, body, Some(DRY_RUN)).await
    }

    async fn send_instance(
        &self,
        instance: &InstanceRef,
        body: &Instance,
        dry: Option<&str>,
    ) -> Result<Instance> {
        self.call_on("replace_instance", instance, |api, ids| async move {
            api.replace_instance(ids.project, ids.name, dry, body).await
        })
        .await
    }

    /// Starts the deletion of an instance. It goes on after the answer.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_instance(&self, instance: &InstanceRef) -> Result<Status> {
        self.remove_instance(instance, None).await
    }

    /// Asks the server whether it would delete an instance, without doing so.
    ///
    /// # Errors
    /// As [`delete_instance`](Self::delete_instance).
    pub async fn delete_instance_dry_run(&self, instance: &InstanceRef) -> Result<Status> {
        self.remove_instance(instance, Some(DRY_RUN)).await
    }

    async fn remove_instance(&self, instance: &InstanceRef, dry: Option<&str>) -> Result<Status> {
        self.call_on("delete_instance", instance, |api, ids| async move {
            api.delete_instance(ids.project, ids.name, None, dry, None, None).await
        })
        .await
    }

    /// Starts an instance.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn start_instance(&self, instance: &InstanceRef) -> Result<Instance> {
        self.send_start(instance, StartInstanceRequest::default()).await
    }

    /// Asks the server whether it would start an instance, without doing so.
    ///
    /// # Errors
    /// As [`start_instance`](Self::start_instance).
    pub async fn start_instance_dry_run(&self, instance: &InstanceRef) -> Result<Instance> {
        self.send_start(instance, StartInstanceRequest { dry_run: Some(DRY_RUN.to_owned()) }).await
    }

    async fn send_start(&self, instance: &InstanceRef, body: StartInstanceRequest) -> Result<Instance> {
        self.call_on("start_instance", instance, |api, ids| async move {
            api.start_instance(ids.project, ids.name, &body).await
        })
        .await
    }

    /// Stops an instance.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn stop_instance(&self, instance: &InstanceRef) -> Result<Instance> {
        self.send_stop(instance, StopInstanceRequest::default()).await
    }

    /// Asks the server whether it would stop an instance, without doing so.
    ///
    /// # Errors
    /// As [`stop_instance`](Self::stop_instance).
    pub async fn stop_instance_dry_run(&self, instance: &InstanceRef) -> Result<Instance> {
        self.send_stop(instance, StopInstanceRequest { dry_run: Some(DRY_RUN.to_owned()) }).await
    }

    async fn send_stop(&self, instance: &InstanceRef, body: StopInstanceRequest) -> Result<Instance> {
        self.call_on("stop_instance", instance, |api, ids| async move {
            api.stop_instance(ids.project, ids.name, &body).await
        })
        .await
    }
}
