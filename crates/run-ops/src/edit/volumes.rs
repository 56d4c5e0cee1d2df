//! Volumes of the template, and where containers mount them.

use run_api::Workload;
use run_api::types::{Container, Volume, VolumeMount};

use super::list::Edit;
use super::secrets::prune_aliases;

impl<W: Workload> Edit<W> {
    /// Adds a volume, in place of one of the same name: template `volumes[]`. (gcloud: `--add-volume`)
    ///
    /// [`edit::volume`](super::volume) makes volumes of every type.
    #[must_use]
    pub fn volume(self, volume: Volume) -> Self {
        self.with(move |workload| {
            let volumes = workload.pod_mut().volumes;
            match volumes.iter_mut().find(|present| present.name == volume.name) {
                Some(present) => present.clone_from(&volume),
                None => volumes.push(volume.clone()),
            }
            Ok(())
        })
    }

    /// Takes a volume away, and the mounts of it. (gcloud: `--remove-volume`, which leaves the mounts)
    #[must_use]
    pub fn remove_volume(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.without_volumes(move |volume| volume.name.as_ref() == Some(&name))
    }

    /// Takes all volumes away, and all mounts of them. (gcloud: `--clear-volumes`, which leaves the mounts)
    #[must_use]
    pub fn clear_volumes(self) -> Self {
        self.without_volumes(|_| true)
    }

    fn without_volumes(self, is_it: impl Fn(&Volume) -> bool + Send + Sync + 'static) -> Self {
        self.with(move |workload| {
            let found: Vec<Volume> = workload
                .pod()
                .map(|pod| pod.volumes.iter().filter(|volume| is_it(volume)).cloned().collect())
                .unwrap_or_default();
            if found.is_empty() {
                return Ok(());
            }
            prune_aliases(workload, |workload| {
                let pod = workload.pod_mut();
                pod.volumes.retain(|volume| !is_it(volume));
                let is_mount = |mount: &VolumeMount| {
                    found.iter().any(|volume| volume.name.is_some() && volume.name == mount.name)
                };
                for container in pod.containers {
                    container.volume_mounts.retain(|mount| !is_mount(mount));
                }
                Ok(())
            })
        })
    }

    /// Mounts a volume in the container, in place of what was mounted at the path: `volumeMounts[]`. (gcloud:
    /// `--add-volume-mount`)
    #[must_use]
    pub fn mount(self, path: impl Into<String>, volume: impl Into<String>) -> Self {
        let (path, volume) = (path.into(), volume.into());
        self.on_container("volumeMounts", move |container| {
            match container.volume_mounts.iter_mut().find(|mount| is_at(mount, &path)) {
                Some(mount) => mount.name = Some(volume.clone()),
                None => container.volume_mounts.push(VolumeMount {
                    name: Some(volume.clone()),
                    mount_path: Some(path.clone()),
                    ..VolumeMount::default()
                }),
            }
            Ok(())
        })
    }

    /// Takes away what is mounted at the path in the container; the volume stays. (gcloud: `--remove-volume-mount`)
    #[must_use]
    pub fn remove_mount(self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.on_present_container(move |container: &mut Container| {
            container.volume_mounts.retain(|mount| !is_at(mount, &path));
        })
    }

    /// Takes all mounts of the container away; the volumes stay. (gcloud: `--clear-volume-mounts`)
    #[must_use]
    pub fn clear_mounts(self) -> Self {
        self.on_present_container(|container: &mut Container| container.volume_mounts.clear())
    }
}

fn is_at(mount: &VolumeMount, path: &str) -> bool {
    mount
        .mount_path
        .as_deref()
        .is_some_and(|present| present.trim_end_matches('/') == path.trim_end_matches('/'))
}
