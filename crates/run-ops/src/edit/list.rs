//! The list of changes.

use std::fmt;
use std::sync::Arc;

use run_api::{ResourceRef, Workload};

use super::error::InvalidEdit;
use super::place::Scope;
use super::signature::sign;

/// A list of changes to workloads of one kind. See the [module](super).
pub struct Edit<W> {
    steps: Vec<Step<W>>,
    /// What refers to other containers, which may be added by any step.
    last_steps: Vec<Step<W>>,
    pub(super) scope: Scope,
    pub(super) client: Option<(String, String)>,
}

type Step<W> = Arc<dyn Fn(&mut W) -> Result<(), InvalidEdit> + Send + Sync>;

impl<W: Workload> Edit<W> {
    /// No changes, to begin with.
    #[must_use]
    pub fn new() -> Self {
        Self { steps: Vec::new(), last_steps: Vec::new(), scope: Scope::Main, client: None }
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// The first change that cannot be made, with the field; the object is as before then.
    pub fn apply(&self, workload: &mut W) -> Result<(), InvalidEdit> {
        let mut edited = workload.clone();
        for step in self.steps.iter().chain(&self.last_steps) {
            step(&mut edited)?;
        }
        if edited != *workload {
            if let Some((name, version)) = &self.client {
                sign(workload, &mut edited, name, version);
            }
            *workload = edited;
        }
        Ok(())
    }

    /// A new object with these changes, to be created.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn build(&self, reference: &ResourceRef<W>) -> Result<W, InvalidEdit> {
        let mut workload = named(reference);
        self.apply(&mut workload)?;
        Ok(workload)
    }

    /// These changes, and then those of another edit.
    ///
    /// ```
    /// use run_ops::edit;
    ///
    /// let base = edit::service().env("TIER", "test").memory("512Mi");
    /// let mut service = run_api::types::Service::default();
    /// base.then(edit::service().env("TIER", "production")).apply(&mut service)?;
    /// # Ok::<(), run_ops::edit::InvalidEdit>(())
    /// ```
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.steps.extend(next.steps);
        self.last_steps.extend(next.last_steps);
        self.client = next.client.or(self.client);
        self.scope = next.scope;
        self
    }

    /// Whether there are no changes in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.last_steps.is_empty()
    }

    /// A change of your own.
    ///
    /// ```
    /// use run_ops::edit;
    ///
    /// let quick = edit::service().with(|service| {
    ///     let spec = service.spec.get_or_insert_default();
    ///     spec.template.get_or_insert_default().spec.get_or_insert_default().timeout_seconds = Some(5);
    ///     Ok(())
    /// });
    /// assert!(!quick.is_empty());
    /// ```
    #[must_use]
    pub fn with(
        mut self,
        change: impl Fn(&mut W) -> Result<(), InvalidEdit> + Send + Sync + 'static,
    ) -> Self {
        self.steps.push(Arc::new(change));
        self
    }

    /// A change that is made after all others.
    pub(super) fn at_last(
        mut self,
        change: impl Fn(&mut W) -> Result<(), InvalidEdit> + Send + Sync + 'static,
    ) -> Self {
        self.last_steps.push(Arc::new(change));
        self
    }
}

/// An object with nothing but its name.
pub(crate) fn named<W: Workload>(reference: &ResourceRef<W>) -> W {
    let mut workload = W::default();
    workload.set_type();
    let metadata = workload.metadata_mut().get_or_insert_default();
    metadata.name = Some(reference.name.to_string());
    metadata.namespace = Some(reference.project().to_string());
    workload
}

impl<W: Workload> Default for Edit<W> {
    fn default() -> Self {
        Self::new()
    }
}

// Derived, it would ask the same of the workload.
impl<W> Clone for Edit<W> {
    fn clone(&self) -> Self {
        Self {
            steps: self.steps.clone(),
            last_steps: self.last_steps.clone(),
            scope: self.scope.clone(),
            client: self.client.clone(),
        }
    }
}

impl<W: Workload> fmt::Debug for Edit<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secrets.
        let changes = self.steps.len() + self.last_steps.len();
        f.debug_struct("Edit").field("kind", &W::KIND).field("changes", &changes).finish_non_exhaustive()
    }
}
