//! Volumes, and where they are mounted.

use std::collections::BTreeSet;

use run_api::Quantity;
use run_api::types::Volume;

use super::parts::Parts;
use super::violation::Violations;

/// The built-in volume of Cloud SQL's sockets. (Documented.)
const BUILT_IN: &str = "cloudsql";
/// (Documented.)
const DRIVER: &str = "gcsfuse.run.googleapis.com";
const MEDIA: [&str; 3] = ["", "Memory", "Disk"];
/// (Seen for v2.)
const DISALLOWED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// (Seen for v2: names that stand once, sizes that are quantities, buckets that have a name.)
pub(super) fn sources(parts: &Parts<'_>, found: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (at, volume) in parts.spec.volumes.iter().enumerate() {
        let field = |name: &str| format!("{}.volumes[{at}].{name}", parts.at);
        let name = volume.name.as_deref().unwrap_or_default();
        if name == BUILT_IN {
            found.add(field("name"), format!("'{BUILT_IN}' is reserved."));
        } else if !seen.insert(name) {
            found.add(field("name"), format!("Duplicate volume name '{name}'."));
        }
        source(volume, field, found);
    }
}

fn source(volume: &Volume, field: impl Fn(&str) -> String, found: &mut Violations) {
    if let Some(directory) = &volume.empty_dir {
        let size = directory.size_limit.as_deref().filter(|size| !size.is_empty());
        if let Some(size) = size.filter(|size| size.parse::<Quantity>().is_err()) {
            found.add(field("emptyDir.sizeLimit"), format!("Could not parse Quantity '{size}'."));
        }
        if !MEDIA.contains(&directory.medium.as_deref().unwrap_or_default()) {
            found.add(field("emptyDir.medium"), "must be empty, 'Memory' or 'Disk'");
        }
    }
    if let Some(csi) = &volume.csi {
        if csi.driver.as_deref() != Some(DRIVER) {
            found.add(field("csi.driver"), format!("must be '{DRIVER}'"));
        }
        if csi.volume_attributes.get("bucketName").is_none_or(String::is_empty) {
            found.add(field("csi.volumeAttributes"), "Bucket name must be specified.");
        }
    }
    // (Documented.)
    if volume.config_map.is_some() {
        found.add(field("configMap"), "is not supported");
    }
}

/// (Seen for v2: absolute paths without colons, of volumes that exist, and not of the system.)
pub(super) fn mounts(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        for (at, mount) in container.volume_mounts.iter().enumerate() {
            let field = |name: &str| format!("{path}.volumeMounts[{at}].{name}");
            let target = mount.mount_path.as_deref().unwrap_or_default();
            if !target.starts_with('/') || target.contains(':') {
                found.add(field("mountPath"), format!("'{target}' must be a valid unix absolute path"));
            } else if is_disallowed(target) {
                let text =
                    format!("'{target}' is in one of disallowed mount points: {}", DISALLOWED.join(", "));
                found.add(field("mountPath"), text);
            }
            let name = mount.name.as_deref().unwrap_or_default();
            let volume = parts.spec.volumes.iter().find(|volume| volume.name.as_deref() == Some(name));
            if name != BUILT_IN && volume.is_none() {
                found.add(field("name"), format!("'{name}' was not found in volumes list"));
            }
            let of_secret = volume.is_some_and(|volume| volume.secret.is_some());
            if of_secret && mount.sub_path.as_deref().is_some_and(|path| !path.is_empty()) {
                found.add(field("subPath"), "A mount of a secret cannot have sub_path set.");
            }
        }
    }
}

/// Whether an absolute path leads into the system, once its dots are resolved.
fn is_disallowed(path: &str) -> bool {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.first().is_some_and(|first| DISALLOWED.iter().any(|root| root.strip_prefix('/') == Some(first)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, service};
    use super::*;
    use serde_json::{Value, json};

    fn with(volumes: Value, mount: Value) -> Vec<String> {
        let container = json!({"image": "a/b", "volumeMounts": [mount]});
        refused(&service(
            json!({"spec": {"template": {"spec": {"containers": [container], "volumes": volumes}}}}),
        ))
    }

    #[test]
    fn kinds_of_volumes() {
        for (volume, field) in [
            (json!({"emptyDir": {"medium": "Memory", "sizeLimit": "1.5Gi"}}), None),
            (json!({"emptyDir": {"medium": "Disk", "sizeLimit": ""}}), None),
            (json!({"emptyDir": {"medium": "Tape"}}), Some("emptyDir.medium")),
            (json!({"emptyDir": {"sizeLimit": "wrong"}}), Some("emptyDir.sizeLimit")),
            (json!({"csi": {"driver": DRIVER, "volumeAttributes": {"bucketName": "b"}}}), None),
            (json!({"csi": {"driver": DRIVER}}), Some("csi.volumeAttributes")),
            (
                json!({"csi": {"driver": "other", "volumeAttributes": {"bucketName": "b"}}}),
                Some("csi.driver"),
            ),
            (json!({"nfs": {"server": "s", "path": "/p"}}), None),
            (json!({"configMap": {"name": "c"}}), Some("configMap")),
            (json!({}), None),
        ] {
            let mut named = json!({"name": "v"});
            named.as_object_mut().unwrap().extend(volume.as_object().cloned().unwrap());
            let found = with(json!([named]), json!({"name": "v", "mountPath": "/v"}));
            let expected = field.map(|field| format!("spec.template.spec.volumes[0].{field}"));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{volume}");
        }
        let mount = json!({"name": "data", "mountPath": "/x"});
        let names = json!([{"name": "data"}, {"name": "cloudsql"}, {"name": "data"}]);
        let wrong = [1, 2].map(|at| format!("spec.template.spec.volumes[{at}].name"));
        assert_eq!(with(names, mount), wrong);
    }

    #[test]
    fn mounts_of_volumes() {
        let volumes = json!([{"name": "v", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "s"}}]);
        for (mount, field) in [
            (json!({"name": "cloudsql", "mountPath": "/cloudsql"}), None),
            (json!({"name": "other", "mountPath": "/x"}), Some("name")),
            (json!({"name": "v", "mountPath": "x"}), Some("mountPath")),
            (json!({"name": "v", "mountPath": "/a:b"}), Some("mountPath")),
            (json!({"name": "v", "mountPath": "/data/../proc"}), Some("mountPath")),
            (json!({"name": "v", "mountPath": "/sys/x"}), Some("mountPath")),
            (json!({"name": "v", "mountPath": "/system"}), None),
            (json!({"name": "v", "mountPath": "/v", "subPath": "a"}), None),
            (json!({"name": "s", "mountPath": "/v", "subPath": "a"}), Some("subPath")),
            (json!({"name": "s", "mountPath": "/v", "subPath": ""}), None),
        ] {
            let expected =
                field.map(|field| format!("spec.template.spec.containers[0].volumeMounts[0].{field}"));
            let found = with(volumes.clone(), mount.clone());
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{mount}");
        }
    }
}
