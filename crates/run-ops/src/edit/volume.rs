//! Volumes of every type, as values.
//!
//! ```
//! use run_ops::edit::{self, volume};
//!
//! edit::service()
//!     .volume(volume::in_memory("scratch", "256Mi"))
//!     .mount("/scratch", "scratch")
//!     .volume(volume::read_only(volume::cloud_storage("assets", "my-bucket")))
//!     .mount("/assets", "assets")
//!     .apply(&mut run_api::types::Service::default())?;
//! # Ok::<(), edit::InvalidEdit>(())
//! ```

use run_api::types::{
    CsiVolumeSource, EmptyDirVolumeSource, KeyToPath, NfsVolumeSource, SecretVolumeSource, Volume,
};

use super::secret::Secret;

/// The storage driver for buckets. (gcloud's source.)
const CLOUD_STORAGE: &str = "gcsfuse.run.googleapis.com";
/// The storage driver for Cloud SQL. (gcloud's source; alpha.)
const CLOUD_SQL: &str = "cloudsql.run.googleapis.com";

/// Scratch space in memory: `emptyDir` with medium `Memory`. Without a size it may take half of the memory limit.
#[must_use]
pub fn in_memory<'a>(name: impl Into<String>, size: impl Into<Option<&'a str>>) -> Volume {
    empty_dir(name.into(), "Memory", size.into())
}

/// Scratch space on a disk that lives as long as the instance: `emptyDir` with medium `Disk`. (In beta.)
#[must_use]
pub fn ephemeral_disk<'a>(name: impl Into<String>, size: impl Into<Option<&'a str>>) -> Volume {
    empty_dir(name.into(), "Disk", size.into())
}

fn empty_dir(name: String, medium: &str, size: Option<&str>) -> Volume {
    let source = EmptyDirVolumeSource {
        medium: Some(medium.to_owned()),
        size_limit: size.map(str::to_owned),
        ..EmptyDirVolumeSource::default()
    };
    Volume { name: Some(name), empty_dir: Some(source), ..Volume::default() }
}

/// A bucket of Cloud Storage: `csi` with the driver `gcsfuse.run.googleapis.com`.
#[must_use]
pub fn cloud_storage(name: impl Into<String>, bucket: impl Into<String>) -> Volume {
    csi(name.into(), CLOUD_STORAGE, "bucketName", bucket.into())
}

/// The same bucket with options for Cloud Storage FUSE, without their hyphens: `mountOptions`.
#[must_use]
pub fn mount_options<T: AsRef<str>>(mut volume: Volume, options: impl IntoIterator<Item = T>) -> Volume {
    let options: Vec<String> = options.into_iter().map(|option| option.as_ref().to_owned()).collect();
    if let Some(source) = &mut volume.csi {
        source.volume_attributes.insert("mountOptions".to_owned(), options.join(","));
    }
    volume
}

/// An export of an NFS server: `nfs`.
#[must_use]
pub fn nfs(name: impl Into<String>, server: impl Into<String>, path: impl Into<String>) -> Volume {
    let source = NfsVolumeSource {
        server: Some(server.into()),
        path: Some(path.into()),
        ..NfsVolumeSource::default()
    };
    Volume { name: Some(name.into()), nfs: Some(source), ..Volume::default() }
}

/// A version of a secret of this project as a file with this name: `secret`.
/// [`Edit::secret_file`](super::Edit::secret_file) adds the mount, and names secrets of other projects.
#[must_use]
pub fn secret(name: impl Into<String>, secret: &Secret, file: impl Into<String>) -> Volume {
    let item =
        KeyToPath { key: Some(secret.version().to_owned()), path: Some(file.into()), ..KeyToPath::default() };
    let source = SecretVolumeSource {
        secret_name: Some(secret.name().to_owned()),
        items: vec![item],
        ..SecretVolumeSource::default()
    };
    Volume { name: Some(name.into()), secret: Some(source), ..Volume::default() }
}

/// Sockets of Cloud SQL instances, each `PROJECT:REGION:INSTANCE`: `csi` with the driver
/// `cloudsql.run.googleapis.com`. (In alpha; [`Edit::add_cloud_sql`](super::Edit::add_cloud_sql) is generally
/// available.)
#[must_use]
pub fn cloud_sql<T: AsRef<str>>(name: impl Into<String>, instances: impl IntoIterator<Item = T>) -> Volume {
    let instances: Vec<String> = instances.into_iter().map(|instance| instance.as_ref().to_owned()).collect();
    csi(name.into(), CLOUD_SQL, "instances", instances.join(","))
}

fn csi(name: String, driver: &str, attribute: &str, value: String) -> Volume {
    let source = CsiVolumeSource {
        driver: Some(driver.to_owned()),
        volume_attributes: [(attribute.to_owned(), value)].into(),
        ..CsiVolumeSource::default()
    };
    Volume { name: Some(name), csi: Some(source), ..Volume::default() }
}

/// The same volume, so that it cannot be written: `csi.readOnly` or `nfs.readOnly`. The others have no such field.
#[must_use]
pub fn read_only(mut volume: Volume) -> Volume {
    if let Some(source) = &mut volume.csi {
        source.read_only = Some(true);
    }
    if let Some(source) = &mut volume.nfs {
        source.read_only = Some(true);
    }
    volume
}
