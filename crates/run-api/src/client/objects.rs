//! What can be done with the objects of every kind.

use super::call::Call;
use super::core::Client;
use super::doubt;
use super::fields::{FieldMask, Partial};
use super::options::WriteOptions;
use crate::types::{Policy, SetIamPolicyRequest, Status, TestIamPermissionsRequest};
use crate::{Creatable, Deletable, Guarded, Location, Replaceable, Resource, ResourceRef, Result};

/// The policy version that carries conditions; a reader that asks for less gets none and would delete them.
/// (Source: <https://cloud.google.com/iam/docs/policies#versions>)
const POLICY_VERSION: i32 = 3;

impl Client {
    /// Reads an object. The reference says of which kind.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name; without permission to read, the API
    /// says [`is_permission_denied`](crate::Error::is_permission_denied) whether there is one or not.
    pub async fn get<K: Resource>(&self, object: &ResourceRef<K>) -> Result<K> {
        let name = Some(object.name.as_ref());
        self.send_doubting(Call::on(K::GET, object), |found| doubt::of_object::<K>(found, name)).await
    }

    /// Reads some fields of an object.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn example(client: &run_api::Client) -> Result<(), run_api::Error> {
    /// let fields = run_api::FieldMask::new("metadata/generation,status/observedGeneration")?;
    /// let service = client.get_fields(&client.service("hello")?, &fields).await?;
    /// let settled = service.read(|service| {
    ///     use run_api::Resource;
    ///     service.generation() == service.observed_generation()
    /// });
    /// # Ok(()) }
    /// ```
    pub async fn get_fields<K: Resource>(
        &self,
        object: &ResourceRef<K>,
        fields: &FieldMask,
    ) -> Result<Partial<K>> {
        self.send(Call::on(K::GET, object).query("fields", Some(fields))).await.map(Partial::new)
    }

    /// Creates an object. The answer is the object as stored; it becomes ready later.
    ///
    /// # Errors
    /// [`is_already_exists`](crate::Error::is_already_exists) if the name is taken,
    /// [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    ///
    /// ```no_run
    /// # async fn example(client: &run_api::Client, job: run_api::types::Job) -> Result<(), run_api::Error> {
    /// let checked = client.create(&client.location()?, &job, &run_api::WriteOptions::dry_run()).await?;
    /// # Ok(()) }
    /// ```
    pub async fn create<K: Creatable>(
        &self,
        location: &Location,
        object: &K,
        options: &WriteOptions,
    ) -> Result<K> {
        let call = Call::of_new(K::CREATE, location, object).body(object).write(options);
        self.send_doubting(call, |made| doubt::of_tried::<K>(made, object.name(), options)).await
    }

    /// Replaces an object with a whole one: what it does not hold is removed.
    ///
    /// With the `metadata.resourceVersion` of the object that was read, the server refuses to overwrite a change made
    /// since; without one it does not check.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the version is stale,
    /// [`is_already_exists`](crate::Error::is_already_exists) if the template names a revision that exists with other
    /// content, [`is_invalid_argument`](crate::Error::is_invalid_argument) with the refused fields.
    pub async fn replace<K: Replaceable>(
        &self,
        object: &ResourceRef<K>,
        body: &K,
        options: &WriteOptions,
    ) -> Result<K> {
        let (call, name) = (Call::on(K::REPLACE, object).body(body).write(options), object.name.as_ref());
        self.send_doubting(call, |made| doubt::of_tried::<K>(made, Some(name), options)).await
    }

    /// Starts the deletion of an object and of what belongs to it. It goes on after the answer: the object is gone when
    /// reading it says not found.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete<K: Deletable>(
        &self,
        object: &ResourceRef<K>,
        options: &WriteOptions,
    ) -> Result<Status> {
        self.send(Call::on(K::DELETE, object).write(options)).await
    }

    /// Reads the IAM policy of an object, conditions included. An object that never had one has an empty policy with an
    /// etag.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such object.
    pub async fn get_iam_policy<K: Guarded>(&self, object: &ResourceRef<K>) -> Result<Policy> {
        let call = Call::on(K::GET_IAM_POLICY, object).globally();
        let call = call.query("options.requestedPolicyVersion", Some(POLICY_VERSION));
        self.send_doubting(call, doubt::of_policy).await
    }

    /// Replaces the IAM policy of an object. With the etag of the policy that was read, the server refuses to overwrite
    /// a change made since; without one it does not check. run-ops' `grant_invoker` does the whole read-modify-write.
    ///
    /// # Errors
    /// [`is_conflict`](crate::Error::is_conflict) if the etag is stale,
    /// [`is_failed_precondition`](crate::Error::is_failed_precondition) if an organisation policy forbids a member.
    pub async fn set_iam_policy<K: Guarded>(
        &self,
        object: &ResourceRef<K>,
        policy: Policy,
    ) -> Result<Policy> {
        let body = SetIamPolicyRequest { policy: Some(policy), ..SetIamPolicyRequest::default() };
        let call = Call::on(K::SET_IAM_POLICY, object).globally().body(&body);
        self.send_doubting(call, doubt::of_policy).await
    }

    /// Of the given permissions, those that the caller has on an object. The question itself needs none, and the object
    /// need not exist.
    ///
    /// # Errors
    /// As every request.
    pub async fn test_iam_permissions<K: Guarded>(
        &self,
        object: &ResourceRef<K>,
        permissions: &[&str],
    ) -> Result<Vec<String>> {
        let permissions = permissions.iter().map(|&permission| permission.to_owned()).collect();
        let call = Call::on(K::TEST_IAM_PERMISSIONS, object).body(&TestIamPermissionsRequest { permissions });
        let answer: crate::types::TestIamPermissionsResponse = self.send(call).await?;
        Ok(answer.permissions)
    }
}
