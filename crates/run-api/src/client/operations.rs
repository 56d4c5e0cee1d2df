//! Long-running operations, and locations.

use std::collections::HashSet;
use std::time::Duration;

use super::call::Call;
use super::core::Client;
use super::list::{capped, repeated};
use crate::types::{Empty, ListLocationsResponse, ListOperationsResponse, Operation, WaitOperationRequest};
use crate::{Location, OperationRef, ProjectId, Result, methods, types};

impl Client {
    /// Reads an operation.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_operation(&self, operation: &OperationRef) -> Result<Operation> {
        self.send(Call::on(methods::Operation::GetOperation, operation)).await
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
        let call = Call::within(methods::Operation::ListOperations, location);
        let call = call.query("filter", filter).query("pageSize", capped(page_size));
        self.send(call.query("pageToken", page_token)).await
    }

    /// Waits on the server until an operation is done, at most `timeout`, and answers its latest state: look
    /// at `done`. A timeout that is not shorter than the client's own
    /// ([`request_timeout`](crate::ClientBuilder::request_timeout)) ends in an error instead.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that id, or nothing to say about it yet.
    pub async fn wait_operation(&self, operation: &OperationRef, timeout: Duration) -> Result<Operation> {
        let body = WaitOperationRequest { timeout: Some(seconds(timeout)) };
        self.send(Call::on(methods::Operation::WaitOperation, operation).body(&body)).await
    }

    /// Deletes the record of an operation. What it does goes on.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn delete_operation(&self, operation: &OperationRef) -> Result<()> {
        let call = Call::on(methods::Operation::DeleteOperation, operation);
        self.send(call).await.map(|_: Empty| ())
    }

    /// Lists the regions that a project can use: one page of at most `page_size`, whose `nextPageToken` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_locations(
        &self,
        project: &ProjectId,
        page_size: Option<u32>,
        page_token: Option<&str>,
    ) -> Result<ListLocationsResponse> {
        let call = Call::across(methods::Operation::ListLocations, project);
        self.send(call.query("pageSize", capped(page_size)).query("pageToken", page_token)).await
    }

    /// Lists all regions that a project can use, in pages of at most `page_size`.
    ///
    /// # Errors
    /// As every request, or if a page leads to one that there was already.
    pub async fn list_all_locations(
        &self,
        project: &ProjectId,
        page_size: Option<u32>,
    ) -> Result<Vec<types::LocationInfo>> {
        let (mut locations, mut seen, mut token) = (Vec::new(), HashSet::new(), None);
        loop {
            let page = self.list_locations(project, page_size, token.as_deref()).await?;
            locations.extend(page.locations);
            token = page.next_page_token.filter(|token| !token.is_empty());
            match &token {
                None => return Ok(locations),
                Some(token) if !seen.insert(token.clone()) => return Err(repeated()),
                Some(_) => {}
            }
        }
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
