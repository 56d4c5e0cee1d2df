//! Volumes, and where containers mount them.

use clap::Args;
use run_api::Workload;
use run_api::types::Volume;
use run_ops::edit::{Edit, Secret, volume};

use super::read::{list, pairs, wrong};
use crate::terminal::Failure;

/// The flags about volumes, which all containers can mount.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Volumes")]
pub(crate) struct VolumeFlags {
    /// A volume, for example `name=cache,type=in-memory,size-limit=256Mi`; may be repeated
    ///
    /// Types and their keys: in-memory and ephemeral-disk (size-limit); cloud-storage (bucket, readonly, mount-options with
    /// `;` between them); nfs (location=SERVER:/PATH, readonly); secret (secret, version, path); cloudsql (instances with `;`
    /// between them). With mount-path=PATH the main container mounts it, too.
    #[arg(long, value_name = "KEY=VALUE,...")]
    add_volume: Vec<String>,

    /// Without these volumes and their mounts
    #[arg(long, value_name = "VOLUME,...", conflicts_with = "clear_volumes")]
    remove_volume: Vec<String>,

    /// Without any volume
    #[arg(long)]
    clear_volumes: bool,
}

/// The flags about mounts, which belong to a container.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Mounts of a container")]
pub(crate) struct MountFlags {
    /// Mount a volume, for example `volume=cache,mount-path=/cache`; may be repeated
    #[arg(long, value_name = "KEY=VALUE,...")]
    add_volume_mount: Vec<String>,

    /// Without the mounts at these paths
    #[arg(long, value_name = "PATH,...", conflicts_with = "clear_volume_mounts")]
    remove_volume_mount: Vec<String>,

    /// Without any mount
    #[arg(long)]
    clear_volume_mounts: bool,
}

impl VolumeFlags {
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if self.clear_volumes {
            edit = edit.clear_volumes();
        }
        for name in list("--remove-volume", &self.remove_volume)? {
            edit = edit.remove_volume(name);
        }
        for typed in &self.add_volume {
            let mut settings = Settings(pairs(ADD, std::slice::from_ref(typed))?);
            let path = settings.take("mount-path");
            let added = settings.volume()?;
            let name = added.name.clone().unwrap_or_default();
            edit = edit.volume(added);
            if let Some(path) = path {
                edit = edit.main_container().mount(path, name);
            }
        }
        Ok(edit)
    }
}

impl MountFlags {
    pub(super) fn edit<W: Workload>(&self, mut edit: Edit<W>) -> Result<Edit<W>, Failure> {
        if self.clear_volume_mounts {
            edit = edit.clear_mounts();
        }
        for path in list("--remove-volume-mount", &self.remove_volume_mount)? {
            edit = edit.remove_mount(path);
        }
        for typed in &self.add_volume_mount {
            const FLAG: &str = "--add-volume-mount";
            let mut settings = Settings(pairs(FLAG, std::slice::from_ref(typed))?);
            let (volume, path) = (settings.take("volume"), settings.take("mount-path"));
            let (Some(volume), Some(path), true) = (volume, path, settings.0.is_empty()) else {
                return Err(wrong(FLAG, "a mount is volume=VOLUME,mount-path=PATH"));
            };
            edit = edit.mount(path, volume);
        }
        Ok(edit)
    }
}

const ADD: &str = "--add-volume";

/// The keys and values of one flag, which are taken out one after the other.
struct Settings(Vec<(String, String)>);

impl Settings {
    fn take(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    fn need(&mut self, kind: &str, key: &str) -> Result<String, Failure> {
        self.take(key).ok_or_else(|| wrong(ADD, format!("a volume of type {kind} needs {key}=")))
    }

    fn volume(mut self) -> Result<Volume, Failure> {
        let name = self.take("name").ok_or_else(|| wrong(ADD, "a volume needs name="))?;
        let kind = self.take("type").ok_or_else(|| wrong(ADD, "a volume needs type="))?;
        let volume = match kind.as_str() {
            "in-memory" => volume::in_memory(name, self.take("size-limit").as_deref()),
            "ephemeral-disk" => volume::ephemeral_disk(name, self.take("size-limit").as_deref()),
            "cloud-storage" => {
                let bucket = volume::cloud_storage(name, self.need(&kind, "bucket")?);
                let bucket = match self.take("mount-options") {
                    Some(options) => volume::mount_options(bucket, options.split(';')),
                    None => bucket,
                };
                self.read_only(bucket)?
            }
            "nfs" => {
                let location = self.need(&kind, "location")?;
                let (server, path) = location
                    .split_once(":/")
                    .ok_or_else(|| wrong(ADD, format!("location `{location}` is not SERVER:/PATH")))?;
                self.read_only(volume::nfs(name, server, format!("/{path}")))?
            }
            "secret" => {
                let version = self.take("version").unwrap_or_else(|| "latest".to_owned());
                let secret = format!("{}:{version}", self.need(&kind, "secret")?);
                let secret: Secret = secret.parse().map_err(|error| wrong(ADD, error))?;
                let path = self.take("path").unwrap_or_else(|| secret.name().to_owned());
                volume::secret(name, &secret, path)
            }
            "cloudsql" => volume::cloud_sql(name, self.need(&kind, "instances")?.split(';')),
            _ => {
                return Err(wrong(
                    ADD,
                    format!(
                        "there is no type `{kind}` (there are: in-memory, ephemeral-disk, cloud-storage, nfs, secret, cloudsql)"
                    ),
                ));
            }
        };
        match self.0.first() {
            Some((key, _)) => Err(wrong(ADD, format!("a volume of type {kind} has no {key}="))),
            None => Ok(volume),
        }
    }

    fn read_only(&mut self, volume: Volume) -> Result<Volume, Failure> {
        match self.take("readonly").map(|value| value.to_lowercase()).as_deref() {
            None | Some("false") => Ok(volume),
            Some("true") => Ok(volume::read_only(volume)),
            Some(other) => Err(wrong(ADD, format!("readonly is true or false, not `{other}`"))),
        }
    }
}
