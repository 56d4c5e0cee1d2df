//! Changes of the sorts that most edits are.

use run_api::Workload;
use run_api::types::Container;

use super::error::{InvalidEdit, Problem};
use super::list::Edit;
use super::place::{Level, container_path};

impl<W: Workload> Edit<W> {
    /// A change of the container in scope, which is added if it is missing. The change gets the container's place
    /// for its errors.
    pub(super) fn on_container(
        self,
        field: &'static str,
        change: impl Fn(&mut Container) -> Result<(), Problem> + Send + Sync + 'static,
    ) -> Self {
        let scope = self.scope.clone();
        self.with(move |workload| {
            let containers = workload.pod_mut().containers;
            let index = scope.find_or_add(containers);
            change(&mut containers[index])
                .map_err(|problem| InvalidEdit::new(container_path::<W>(index, field), problem))
        })
    }

    /// A change that takes something away from the container in scope, if there is one.
    pub(super) fn on_present_container(
        self,
        change: impl Fn(&mut Container) + Send + Sync + 'static,
    ) -> Self {
        let scope = self.scope.clone();
        self.with(move |workload| {
            if let Some(index) = workload.pod().and_then(|pod| scope.find(pod.containers)) {
                change(&mut workload.pod_mut().containers[index]);
            }
            Ok(())
        })
    }

    /// Sets an annotation, or takes it away.
    pub(super) fn set_annotation(self, level: Level, key: &'static str, value: Option<String>) -> Self {
        self.with(move |workload| {
            level.annotate(workload, key, value.as_deref());
            Ok(())
        })
    }

    /// Sets an annotation that is true or false, or takes it away.
    pub(super) fn set_switch(self, level: Level, key: &'static str, value: Option<bool>) -> Self {
        self.with(move |workload| {
            level.switch(workload, key, value);
            Ok(())
        })
    }

    /// Sets an annotation that switches off what is on by default.
    pub(super) fn set_disabled(self, level: Level, key: &'static str, disabled: bool) -> Self {
        self.with(move |workload| {
            level.disable(workload, key, disabled);
            Ok(())
        })
    }
}
