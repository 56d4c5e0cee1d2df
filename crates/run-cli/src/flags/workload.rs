//! What services, jobs and worker pools have alike: containers, and what surrounds them.

use clap::Args;
use run_api::{Location, Workload};
use run_ops::edit::Edit;

use super::container::{ContainerFlags, Scoped};
use super::metadata::MetadataFlags;
use super::network::NetworkFlags;
use super::read::list;
use super::runtime::RuntimeFlags;
use super::volumes::VolumeFlags;
use crate::terminal::Failure;

/// The flags that change containers: the main one, and those that are named.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ContainersFlags {
    #[command(flatten)]
    main: ContainerFlags,

    /// What follows is about the container with this name; may be repeated. Flags of containers stand behind it then
    #[arg(long = "container", value_name = "NAME", help_heading = "A container")]
    containers: Vec<String>,

    /// Without these containers
    #[arg(long, value_name = "NAME,...", help_heading = "A container")]
    remove_containers: Vec<String>,

    /// What stands behind each `--container`; the command line fills it in.
    #[arg(skip)]
    pub(crate) scoped: Vec<Scoped>,
}

impl ContainersFlags {
    /// The changes that they are; what follows is about the main container again.
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        for name in list("--remove-containers", &self.remove_containers)? {
            edit = edit.remove_container(name);
        }
        edit = self.main.edit(edit)?;
        for scoped in &self.scoped {
            edit = scoped.flags.edit(edit.container(&scoped.name))?;
        }
        Ok(edit.main_container())
    }

    /// The first flag that only what serves requests can have.
    pub(super) fn of_requests(&self) -> Option<&'static str> {
        self.all().find_map(ContainerFlags::of_requests)
    }

    /// Whether a flag names an image.
    pub(super) fn name_an_image(&self) -> bool {
        self.all().any(|flags| flags.image.is_some())
    }

    fn all(&self) -> impl Iterator<Item = &ContainerFlags> {
        std::iter::once(&self.main).chain(self.scoped.iter().map(|scoped| &scoped.flags))
    }
}

/// The flags about what surrounds the containers.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct SurroundingFlags {
    #[command(flatten)]
    runtime: RuntimeFlags,

    #[command(flatten)]
    network: NetworkFlags,

    #[command(flatten)]
    volumes: VolumeFlags,

    #[command(flatten)]
    metadata: MetadataFlags,
}

impl SurroundingFlags {
    /// The changes that they are. `location` completes short names.
    pub(super) fn edit<W: Workload>(&self, edit: Edit<W>, location: &Location) -> Result<Edit<W>, Failure> {
        let edit = self.volumes.edit(edit)?;
        let edit = self.network.edit(self.runtime.edit(edit), location)?;
        self.metadata.edit(edit)
    }
}
