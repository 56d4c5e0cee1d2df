//! What belongs to one container.

use clap::Args;
use run_api::Workload;
use run_ops::edit::Edit;

use super::env::EnvFlags;
use super::probes::ProbeFlags;
use super::read::{OrDefault, list, or_none, switch};
use super::secrets::SecretFlags;
use super::volumes::MountFlags;
use crate::terminal::Failure;

/// The flags of a container: of the main one, or behind `--container NAME` of the one that it names.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "A container")]
pub(crate) struct ContainerFlags {
    /// The image to run
    #[arg(long)]
    pub(crate) image: Option<String>,

    /// The entry point, with commas between its words; empty for the image's own
    #[arg(long, value_name = "WORD,...", allow_hyphen_values = true)]
    command: Vec<String>,

    /// The arguments, with commas between them; empty for the image's own
    #[arg(long, value_name = "ARGUMENT,...", allow_hyphen_values = true)]
    args: Vec<String>,

    /// The folder to start in; empty for the image's own
    #[arg(long, value_name = "PATH")]
    workdir: Option<String>,

    /// The port that the container listens on, or `default`
    #[arg(long)]
    port: Option<OrDefault<u16>>,

    /// Speak HTTP/2 to the container without TLS (--no-use-http2: HTTP/1)
    #[arg(long, overrides_with = "no_use_http2")]
    use_http2: bool,

    #[arg(long, hide = true)]
    no_use_http2: bool,

    /// The CPU limit, for example `1`, `2` or `500m`
    #[arg(long)]
    cpu: Option<String>,

    /// The memory limit, for example `512Mi` or `2Gi`
    #[arg(long)]
    memory: Option<String>,

    /// How many GPUs; 0 for none
    #[arg(long, value_name = "COUNT")]
    gpu: Option<u32>,

    /// Start after these containers
    #[arg(long, value_name = "CONTAINER,...")]
    depends_on: Vec<String>,

    #[command(flatten)]
    env: EnvFlags,

    #[command(flatten)]
    secrets: SecretFlags,

    #[command(flatten)]
    mounts: MountFlags,

    #[command(flatten)]
    probes: ProbeFlags,
}

/// The flags behind one `--container NAME`.
#[derive(Clone, Debug)]
pub(crate) struct Scoped<F = ContainerFlags> {
    pub(crate) name: String,
    pub(crate) flags: F,
}

impl ContainerFlags {
    /// The first flag that only makes sense where requests are served.
    pub(super) fn of_requests(&self) -> Option<&'static str> {
        if self.port.is_some() {
            Some("--port")
        } else if switch(self.use_http2, self.no_use_http2).is_some() {
            Some("--use-http2")
        } else {
            self.probes.of_requests()
        }
    }

    /// The changes to the container that the edit is at.
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if let Some(image) = &self.image {
            edit = edit.image(image);
        }
        if !self.command.is_empty() {
            edit = edit.command(list("--command", &self.command)?);
        }
        if !self.args.is_empty() {
            edit = edit.args(list("--args", &self.args)?);
        }
        if let Some(workdir) = &self.workdir {
            edit = edit.working_dir(or_none(workdir));
        }
        if let Some(port) = self.port {
            edit = edit.port(port.0);
        }
        if let Some(http2) = switch(self.use_http2, self.no_use_http2) {
            edit = edit.http2(http2);
        }
        if let Some(cpu) = &self.cpu {
            edit = edit.cpu(cpu);
        }
        if let Some(memory) = &self.memory {
            edit = edit.memory(memory);
        }
        if let Some(count) = self.gpu {
            edit = edit.gpu(count);
        }
        if !self.depends_on.is_empty() {
            edit = edit.depends_on(list("--depends-on", &self.depends_on)?);
        }
        edit = self.env.edit(edit)?;
        edit = self.secrets.edit(edit)?;
        edit = self.mounts.edit(edit)?;
        self.probes.edit(edit)
    }
}
