//! Tasks: reading them.

use run_api::types::{ListMeta, Task};

use super::error::ApiError;
use super::list::{self, ListQuery};
use super::scope::Scope;
use crate::store::{Store, index};

pub(crate) fn get(store: &Store, scope: &Scope, name: &str) -> Result<Task, ApiError> {
    let (_, task) = scope
        .find(&store.tasks, name)
        .ok_or_else(|| ApiError::not_found("TASK", name, scope.region_name(), &scope.named))?;
    Ok(task.clone())
}

/// The tasks of the newest execution first, by their index. (Documented: of all kinds, tasks and domain mappings are
/// not listed newest first; the order is inferred.)
pub(crate) fn list(
    store: &Store,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(Vec<Task>, Option<ListMeta>), ApiError> {
    let tasks = scope.all(&store.tasks).map(|(_, task)| task);
    let with_metadata = tasks.filter_map(|task| Some((task, task.metadata.as_ref()?)));
    list::page_with(with_metadata, query, |task| i64::from(index(task)))
}
