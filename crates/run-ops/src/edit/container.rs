//! Changes of one container: what it runs.

use run_api::Workload;
use run_api::types::Container;

use super::list::Edit;
use super::place::{text, texts};

impl<W: Workload> Edit<W> {
    /// The container's image: `image`. (gcloud: `--image`)
    #[must_use]
    pub fn image(self, image: impl Into<String>) -> Self {
        let image = image.into();
        self.on_container("image", move |container| {
            container.image = Some(image.clone());
            Ok(())
        })
    }

    /// The entry point in place of the image's: `command`. None of it means the image's own. (gcloud: `--command`)
    #[must_use]
    pub fn command<T: Into<String>>(self, command: impl IntoIterator<Item = T>) -> Self {
        self.list("command", texts(command), |container| &mut container.command)
    }

    /// The arguments in place of the image's: `args`. None of them means the image's own. (gcloud: `--args`)
    #[must_use]
    pub fn args<T: Into<String>>(self, args: impl IntoIterator<Item = T>) -> Self {
        self.list("args", texts(args), |container| &mut container.args)
    }

    fn list(
        self,
        name: &'static str,
        values: Vec<String>,
        field: impl Fn(&mut Container) -> &mut Vec<String> + Send + Sync + 'static,
    ) -> Self {
        if values.is_empty() {
            return self.on_present_container(move |container| field(container).clear());
        }
        self.on_container(name, move |container| {
            field(container).clone_from(&values);
            Ok(())
        })
    }

    /// The working directory in place of the image's, or none for the image's: `workingDir`. (gcloud: `--workdir`)
    #[must_use]
    pub fn working_dir<'a>(self, directory: impl Into<Option<&'a str>>) -> Self {
        let Some(directory) = text(directory) else {
            return self.on_present_container(|container| container.working_dir = None);
        };
        self.on_container("workingDir", move |container| {
            container.working_dir = Some(directory.clone());
            Ok(())
        })
    }
}
