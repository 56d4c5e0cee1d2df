//! Versions of secrets as files: volumes, their items, and where they are mounted.

use run_api::Workload;
use run_api::types::{Container, KeyToPath, SecretVolumeSource, Volume, VolumeMount};
use serde_json::Value;

use super::Problem;

/// What the made-up parts of names consist of; without vowels they are no words that anybody minds.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The paths of all files that a container has from secrets.
pub(super) fn paths(container: &Container, volumes: &[Volume]) -> Vec<String> {
    let mut paths = Vec::new();
    for mount in &container.volume_mounts {
        let volume = volumes.iter().find(|volume| volume.name.is_some() && volume.name == mount.name);
        if let (Some(secret), Some(directory)) = (volume.and_then(|v| v.secret.as_ref()), &mount.mount_path) {
            let directory = directory.trim_end_matches('/');
            paths.extend(files(secret).iter().map(|file| format!("{directory}/{file}")));
        }
    }
    paths
}

/// The files of a volume. Without items it is one, named after the secret. (Documented.)
fn files(secret: &SecretVolumeSource) -> Vec<String> {
    if secret.items.is_empty() {
        return secret.secret_name.iter().cloned().collect();
    }
    secret.items.iter().filter_map(|item| item.path.clone()).collect()
}

/// Writes out the file that a volume without items has.
fn write_out(secret: &mut SecretVolumeSource) {
    if secret.items.is_empty() && secret.secret_name.is_some() {
        let path = secret.secret_name.clone();
        secret.items.push(KeyToPath { key: Some("latest".to_owned()), path, ..KeyToPath::default() });
    }
}

fn split(path: &str) -> Option<(&str, &str)> {
    let (directory, file) = path.rsplit_once('/')?;
    (directory.starts_with('/') && directory.len() > 1 && !file.is_empty()).then_some((directory, file))
}

fn is_at(mount: &VolumeMount, directory: &str) -> bool {
    mount.mount_path.as_deref().is_some_and(|path| path.trim_end_matches('/') == directory)
}

/// Puts a version of a secret into a file.
pub(super) fn set<W: Workload>(
    workload: &mut W,
    index: usize,
    path: &str,
    secret: &str,
    version: &str,
) -> Result<(), Problem> {
    let Some((directory, file)) = split(path) else {
        return Err(Problem::FilePath(path.trim_start_matches("./").to_owned()));
    };
    let pod = workload.pod_mut();
    let Some(mount) = pod.containers[index].volume_mounts.iter().position(|mount| is_at(mount, directory))
    else {
        let volume_name = unused_name(secret, directory, pod.volumes);
        let item = item(file, version);
        let source = SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            items: vec![item],
            ..SecretVolumeSource::default()
        };
        pod.volumes.push(Volume {
            name: Some(volume_name.clone()),
            secret: Some(source),
            ..Volume::default()
        });
        pod.containers[index].volume_mounts.push(VolumeMount {
            name: Some(volume_name),
            mount_path: Some(directory.to_owned()),
            ..VolumeMount::default()
        });
        return Ok(());
    };
    let name = pod.containers[index].volume_mounts[mount].name.clone();
    let present = pod.volumes.iter().find(|volume| volume.name.is_some() && volume.name == name);
    let Some(present) = present.and_then(|volume| volume.secret.as_ref()) else {
        return Err(Problem::MountIsOther(directory.to_owned()));
    };
    let same_secret = present.secret_name.as_deref() == Some(secret);
    if !same_secret && files(present).iter().any(|other| other != file) {
        return Err(Problem::DirectoryTaken(directory.to_owned()));
    }
    let has = |item: &KeyToPath| item.path.as_deref() == Some(file) && item.key.as_deref() == Some(version);
    let implied = present.items.is_empty() && file == secret && version == "latest";
    if same_secret && (implied || present.items.iter().any(has)) {
        return Ok(());
    }
    let at = own_volume(workload, index, mount, secret);
    let pod = workload.pod_mut();
    let Some(source) = at.and_then(|at| pod.volumes[at].secret.as_mut()) else { return Ok(()) };
    write_out(source);
    source.secret_name = Some(secret.to_owned());
    match source.items.iter_mut().find(|item| item.path.as_deref() == Some(file)) {
        Some(item) => item.key = Some(version.to_owned()),
        None if same_secret => source.items.push(item(file, version)),
        None => source.items = vec![item(file, version)],
    }
    Ok(())
}

fn item(file: &str, version: &str) -> KeyToPath {
    KeyToPath { key: Some(version.to_owned()), path: Some(file.to_owned()), ..KeyToPath::default() }
}

/// Takes a file away, and with the last one the mount, and the volume if nothing else mounts it.
pub(super) fn remove<W: Workload>(workload: &mut W, index: usize, path: &str) {
    let Some((directory, file)) = split(path) else { return };
    let Some(pod) = workload.pod() else { return };
    let mounts = &pod.containers[index].volume_mounts;
    let Some(mount) = mounts.iter().position(|mount| is_at(mount, directory)) else { return };
    let name = mounts[mount].name.clone();
    let volume = pod.volumes.iter().find(|volume| volume.name.is_some() && volume.name == name);
    let Some(source) = volume.and_then(|volume| volume.secret.as_ref()) else { return };
    let files = files(source);
    if !files.iter().any(|present| present == file) {
        return;
    }
    if files.iter().any(|present| present != file) {
        let secret = source.secret_name.clone().unwrap_or_default();
        let at = own_volume(workload, index, mount, &secret);
        let pod = workload.pod_mut();
        if let Some(source) = at.and_then(|at| pod.volumes[at].secret.as_mut()) {
            source.items.retain(|item| item.path.as_deref() != Some(file));
        }
        return;
    }
    workload.pod_mut().containers[index].volume_mounts.remove(mount);
    if let Some(name) = name.filter(|name| mounts_of(workload, name) == 0) {
        workload.pod_mut().volumes.retain(|volume| volume.name.as_ref() != Some(&name));
    }
}

/// The volume of a mount; a copy of it if others mount it, too.
fn own_volume<W: Workload>(workload: &mut W, index: usize, mount: usize, secret: &str) -> Option<usize> {
    let shared = {
        let pod = workload.pod()?;
        let name = pod.containers[index].volume_mounts[mount].name.as_deref()?;
        mounts_of(workload, name) > 1
    };
    let pod = workload.pod_mut();
    let mount = &mut pod.containers[index].volume_mounts[mount];
    let at = pod.volumes.iter().position(|volume| volume.name.is_some() && volume.name == mount.name)?;
    if !shared {
        return Some(at);
    }
    let directory = mount.mount_path.as_deref().unwrap_or_default();
    let name = unused_name(secret, directory, pod.volumes);
    mount.name = Some(name.clone());
    let copy = Volume { name: Some(name), ..pod.volumes[at].clone() };
    pod.volumes.push(copy);
    Some(pod.volumes.len() - 1)
}

/// How often a volume is mounted, in parts that the models do not know as well.
pub(super) fn mounts_of<W: Workload>(workload: &W, volume: &str) -> usize {
    fn count(value: &Value, volume: &str) -> usize {
        match value {
            Value::Object(fields) => {
                let mounts = fields.get("volumeMounts").and_then(Value::as_array);
                let named = |mount: &&Value| mount.get("name").and_then(Value::as_str) == Some(volume);
                let here = mounts.map_or(0, |mounts| mounts.iter().filter(named).count());
                here + fields.values().map(|field| count(field, volume)).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(|item| count(item, volume)).sum(),
            _ => 0,
        }
    }
    // An object that cannot be written mounts nothing.
    count(&serde_json::to_value(workload).unwrap_or_default(), volume)
}

/// A name for a volume, with two parts that follow from the secret and the directory, so that an edit that runs again
/// makes the same.
fn unused_name(secret: &str, directory: &str, volumes: &[Volume]) -> String {
    let mut seed = fnv(&[secret, "\n", directory]);
    loop {
        let name = format!("{secret}-{}-{}", part(&mut seed), part(&mut seed));
        if !volumes.iter().any(|volume| volume.name.as_ref() == Some(&name)) {
            return name;
        }
    }
}

fn part(seed: &mut u64) -> String {
    let mut pick = || {
        // A step of Knuth's generator; its upper bits are the good ones.
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(*seed >> 33).unwrap_or_default() % LETTERS.len();
        char::from(LETTERS[at])
    };
    [pick(), pick(), pick()].into_iter().collect()
}

/// FNV-1a, a hash that stays the same.
fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
