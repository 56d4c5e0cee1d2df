//! Worker pools: how the instances are split between revisions, and what the server fills in.

use run_api::Resource;
use run_api::types::{InstanceSplit, WorkerPool};

use super::defaults::{self, Defaults};
use super::parts::Parts;
use super::violation::Violations;
use super::{annotations, names};

const KIND: &str = WorkerPool::KIND;

/// Completes a worker pool before it is checked and stored. Doing it twice changes nothing.
///
/// (Inferred from what services get: names, limits, the service account, everything to the latest revision. There
/// is no port, and no limit of instances.)
pub(crate) fn fill_in_worker_pool(pool: &mut WorkerPool, defaults: &Defaults) {
    defaults::or_else(&mut pool.api_version, defaults::RUN_API_VERSION);
    defaults::or_else(&mut pool.kind, KIND);
    let metadata = pool.metadata.get_or_insert_default();
    annotations::normalise(&mut metadata.annotations);
    let spec = pool.spec.get_or_insert_default();
    let template = spec.template.get_or_insert_default();
    let metadata = template.metadata.get_or_insert_default();
    metadata.name = metadata.name.take().filter(|name| !name.is_empty());
    annotations::normalise(&mut metadata.annotations);
    let revision = template.spec.get_or_insert_default();
    defaults::limits_and_probes(&mut revision.containers);
    defaults::or_else(&mut revision.service_account_name, &defaults.service_account);
    for split in &mut spec.instance_splits {
        split.revision_name = split.revision_name.take().filter(|name| !name.is_empty());
        match (&split.revision_name, split.latest_revision) {
            (None, None) => split.latest_revision = Some(true),
            (Some(_), Some(false)) => split.latest_revision = None,
            _ => {}
        }
    }
    if spec.instance_splits.is_empty() {
        let all =
            InstanceSplit { latest_revision: Some(true), percent: Some(100), ..InstanceSplit::default() };
        spec.instance_splits.push(all);
    }
}

/// (Inferred from the rules of traffic.)
pub(super) fn targets(parts: &Parts<'_>, found: &mut Violations) {
    for (at, split) in parts.splits.iter().enumerate() {
        let field = |name: &str| format!("spec.instanceSplits[{at}].{name}");
        if !(0..=100).contains(&split.percent.unwrap_or(0)) {
            found.add(field("percent"), "must be a number between 0 and 100");
        }
        match (split.revision_name.as_deref(), split.latest_revision) {
            (Some(_), Some(true)) => {
                found.add(field("latestRevision"), "may not set revisionName together with latestRevision");
            }
            (None, Some(false)) => {
                found.add(field("revisionName"), "must set revisionName when latestRevision is false");
            }
            (Some(name), _) if !names::is_label(name) => {
                found.add(field("revisionName"), "must be a valid revision name");
            }
            _ => {}
        }
    }
}

/// (Inferred from the rules of traffic.)
pub(super) fn sum(parts: &Parts<'_>, found: &mut Violations) {
    let sum: i64 = parts.splits.iter().map(|split| i64::from(split.percent.unwrap_or(0))).sum();
    if !parts.splits.is_empty() && sum != 100 {
        found.add(
            "spec.instanceSplits",
            format!("The sum of instance split percentages is {sum}, should be 100"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_worker_pool;
    use super::*;
    use serde_json::{Value, json};

    fn pool(spec: Value, annotations: Value) -> WorkerPool {
        let mut whole = json!({
            "metadata": {"name": "pool", "annotations": annotations},
            "spec": {"template": {"spec": {"containers": [{"image": "docker.io/a/b"}]}}},
        });
        whole["spec"].as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
        serde_json::from_value(whole).unwrap()
    }

    fn refused(pool: &WorkerPool) -> Vec<String> {
        check_worker_pool(pool).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_plain_worker_pool_gets_what_it_needs() {
        let defaults = Defaults { service_account: "1-compute@developer.gserviceaccount.com".to_owned() };
        let mut pool = pool(json!({}), json!({}));
        fill_in_worker_pool(&mut pool, &defaults);
        let once = pool.clone();
        fill_in_worker_pool(&mut pool, &defaults);
        assert_eq!(pool, once, "filling in twice changes nothing");
        assert_eq!(check_worker_pool(&pool), []);
        assert_eq!(
            serde_json::to_value(pool.spec).unwrap(),
            json!({
                "template": {
                    "metadata": {},
                    "spec": {
                        "serviceAccountName": "1-compute@developer.gserviceaccount.com",
                        "containers": [{
                            "image": "docker.io/a/b",
                            "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
                        }],
                    },
                },
                "instanceSplits": [{"latestRevision": true, "percent": 100}],
            })
        );
    }

    #[test]
    fn splits() {
        for (splits, fields) in [
            (json!([{"latestRevision": true, "percent": 100}]), vec![]),
            (
                json!([{"revisionName": "pool-1", "percent": 30}, {"latestRevision": true, "percent": 70}]),
                vec![],
            ),
            (json!([{"latestRevision": true, "percent": 99}]), vec!["spec.instanceSplits"]),
            (
                json!([{"latestRevision": true, "percent": 101}, {"revisionName": "a", "percent": -1}]),
                vec!["spec.instanceSplits[0].percent", "spec.instanceSplits[1].percent"],
            ),
            (
                json!([{"latestRevision": true, "revisionName": "a", "percent": 100}]),
                vec!["spec.instanceSplits[0].latestRevision"],
            ),
            (
                json!([{"latestRevision": false, "percent": 50}, {"revisionName": "A", "percent": 50}]),
                vec!["spec.instanceSplits[0].revisionName", "spec.instanceSplits[1].revisionName"],
            ),
        ] {
            assert_eq!(refused(&pool(json!({"instanceSplits": splits}), json!({}))), fields, "{splits}");
        }
    }

    #[test]
    fn scaling() {
        for (key, value, fine) in [
            ("manualInstanceCount", "3", true),
            ("manualInstanceCount", "-3", false),
            ("scalingMode", "manual", true),
            ("scalingMode", "sometimes", false),
            ("minScale", "1", true),
            ("ingress", "all", false),
        ] {
            let key = format!("run.googleapis.com/{key}");
            assert_eq!(
                refused(&pool(json!({}), json!({key.clone(): value}))).is_empty(),
                fine,
                "{key} {value}"
            );
        }
    }

    #[test]
    fn reserved_variables() {
        let template =
            json!({"spec": {"containers": [{"image": "a/b", "env": [{"name": "CLOUD_RUN_WORKER_POOL"}]}]}});
        assert_eq!(refused(&pool(json!({"template": template}), json!({}))).len(), 1);
    }
}
