//! Routes: how a service shares its traffic among its revisions.

use super::{Client, ListOptions};
use crate::types::{ListRoutesResponse, Route};
use crate::{Location, Result, RouteRef};

impl Client {
    /// Reads a route.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) if there is none of that name.
    pub async fn get_route(&self, route: &RouteRef) -> Result<Route> {
        self.call_on("get_route", route, |api, ids| async move {
            api.get_route(ids.project, ids.name, None).await
        })
        .await
    }

    /// Lists the routes of one region, newest first: one page, whose `metadata.continue` names the next.
    ///
    /// # Errors
    /// As every request.
    pub async fn list_routes(
        &self,
        location: &Location,
        options: &ListOptions,
    ) -> Result<ListRoutesResponse> {
        let page = options.page(None);
        self.call_in("list_routes", location, |api, project| async move {
            api.list_routes(project, page.token, None, page.fields, None, page.labels, page.limit, None, None)
                .await
        })
        .await
    }
}
