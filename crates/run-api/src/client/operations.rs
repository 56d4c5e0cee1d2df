//! Long-running operations.

use std::time::Duration;

use super::Client;
use super::list::capped;
use crate::types::{ListOperationsResponse, Operation, WaitOperationRequest};
use crate::{Location, OperationRef, Result};

impl Client {
    /// Reads an operation.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_operation(&self, operation: &OperationRef) -> Result<Operation> {
        self.call_on("get_operation", operation, |api, ids| async move {
            api.get_operation(ids.project, ids.region, ids.name, None).await
        })
        .await
    }

    /// Lists the operations of one region: one page of at most `page_size`, whose `nextPageToken` names the
    /// next. The filter is the API's, for example `done=false`.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_operations(
        &self,
        location: &Location,
        filter: Option<&str>,
        page_size: Option<u32>,
        page_token: Option<&str>,
    ) -> Result<ListOperationsResponse> {
        let region = location.region.as_str();
        self.call_in("list_operations", location, |api, project| async move {
            api.list_operations(project, region, None, filter, capped(page_size), page_token, None).await
        })
        .await
    }

    /// Waits on the server until an operation is done, at most `timeout`, and answers its latest state: look
    /// at `done`. A timeout that is not shorter than the client's own
    /// ([`request_timeout`](crate::ClientBuilder::request_timeout)) ends in an error instead.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that id, or nothing to say about it yet.
    pub async fn wait_operation(&self, operation: &OperationRef, timeout: Duration) -> Result<Operation> {
        let body = WaitOperationRequest { timeout: Some(seconds(timeout)) };
        self.call_on("wait_operation", operation, |api, ids| async move {
            api.wait_operation(ids.project, ids.region, ids.name, &body).await
        })
        .await
    }

    /// Deletes the record of an operation. What it does goes on.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_operation(&self, operation: &OperationRef) -> Result<()> {
        self.call_on("delete_operation", operation, |api, ids| async move {
            api.delete_operation(ids.project, ids.region, ids.name).await
        })
        .await
        .map(|_empty| ())
    }
}

/// A duration in the JSON form of `google.protobuf.Duration`.
fn seconds(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos => format!("{}.{nanos:09}s", duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        for (millis, text) in [(0, "0s"), (10_000, "10s"), (1_500, "1.500000000s"), (5, "0.005000000s")] {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
        }
    }
}
