//! Kinds as types: what all objects of the API have in common, and what those with a template have.
//!
//! The implementations are generated from the API document, so that a kind says everything once.
//!
//! ```
//! use run_api::types::{Job, Service};
//! use run_api::{Resource, Workload, known::annotations};
//!
//! fn describe<K: Resource>(object: &K) -> String {
//!     format!("{} {} ({}), {:?}", K::NOUN, object.name().unwrap_or("-"), K::API_VERSION, object.generation())
//! }
//!
//! let mut service = Service::default();
//! service.annotations_mut().insert(annotations::INGRESS.to_owned(), "internal".to_owned());
//! assert_eq!(describe(&service), "service - (serving.knative.dev/v1), None");
//! assert_eq!(service.annotation(annotations::INGRESS), Some("internal"));
//!
//! let mut job = Job::default();
//! let pod = job.pod_mut();
//! *pod.service_account_name = Some("robot@my-project.iam.gserviceaccount.com".to_owned());
//! assert_eq!(job.pod().and_then(|pod| pod.service_account_name), Some("robot@my-project.iam.gserviceaccount.com"));
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::methods;
use crate::names::{OperationId, ResourceName};
use crate::types::{Condition, Container, ObjectMeta, Operation, Volume};

/// What has a place in resource names: a [`Resource`], or a long-running operation.
pub trait Named: 'static {
    /// What its names are.
    type Name: ResourceName;
    /// The collection in resource names and paths, for example `services`.
    const COLLECTION: &'static str;
    /// What one of them is called in messages, for example `service`.
    const NOUN: &'static str;
}

impl Named for Operation {
    type Name = OperationId;
    const COLLECTION: &'static str = "operations";
    const NOUN: &'static str = "operation";
}

/// A kind of objects in the form of Kubernetes: `apiVersion`, `kind`, `metadata`, `spec` and `status`.
///
/// The models of the API implement it. It may gain items in any version; implement it for a type of your own only if
/// you can follow.
pub trait Resource:
    Named + Clone + Default + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync
{
    /// `apiVersion` of the objects, for example `serving.knative.dev/v1`.
    const API_VERSION: &'static str;
    /// `kind` of the objects, for example `Service`.
    const KIND: &'static str;
    /// The operation that reads one.
    const GET: methods::Operation;
    /// The operation that lists them.
    const LIST: methods::Operation;
    /// The condition that says how the object as a whole fares: `Ready`; `Completed` of what runs once; `Running` of
    /// an instance.
    const TERMINAL_CONDITION: &'static str;

    /// `metadata`
    fn metadata(&self) -> Option<&ObjectMeta>;

    /// `metadata`, to be edited.
    fn metadata_mut(&mut self) -> &mut Option<ObjectMeta>;

    /// `status.conditions`
    fn conditions(&self) -> &[Condition];

    /// `status.observedGeneration`: the generation that the status speaks of.
    fn observed_generation(&self) -> Option<i32>;

    /// Sets `apiVersion` and `kind` to those of the kind.
    fn set_type(&mut self);

    /// `metadata.name`
    fn name(&self) -> Option<&str> {
        self.metadata()?.name.as_deref()
    }

    /// `metadata.uid`: tells the object from earlier and later ones of the same name.
    fn uid(&self) -> Option<&str> {
        self.metadata()?.uid.as_deref()
    }

    /// `metadata.generation`: how often the spec was changed.
    fn generation(&self) -> Option<i32> {
        self.metadata()?.generation
    }

    /// `metadata.resourceVersion`: which state of the object this is. Only to be compared for equality.
    fn resource_version(&self) -> Option<&str> {
        self.metadata()?.resource_version.as_deref()
    }

    /// `metadata.deletionTimestamp`: set while the object is being deleted.
    fn deletion_timestamp(&self) -> Option<&str> {
        self.metadata()?.deletion_timestamp.as_deref()
    }

    /// Whether the object was deleted and is still there.
    fn is_being_deleted(&self) -> bool {
        self.deletion_timestamp().is_some()
    }

    /// The condition of this type; [`known::conditions`](crate::known::conditions) has the types.
    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions().iter().find(|condition| condition.type_.as_deref() == Some(kind))
    }

    /// The condition that says how the object as a whole fares.
    fn terminal_condition(&self) -> Option<&Condition> {
        self.condition(Self::TERMINAL_CONDITION)
    }

    /// `metadata.labels`; empty if there is no metadata.
    fn labels(&self) -> &BTreeMap<String, String> {
        self.metadata().map_or(&NONE, |metadata| &metadata.labels)
    }

    /// `metadata.labels`, to be edited; creates the metadata if it is missing.
    fn labels_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.metadata_mut().get_or_insert_default().labels
    }

    /// The value of a label; [`known::labels`](crate::known::labels) has the keys.
    fn label(&self, key: &str) -> Option<&str> {
        self.labels().get(key).map(String::as_str)
    }

    /// `metadata.annotations`; empty if there is no metadata.
    fn annotations(&self) -> &BTreeMap<String, String> {
        self.metadata().map_or(&NONE, |metadata| &metadata.annotations)
    }

    /// `metadata.annotations`, to be edited; creates the metadata if it is missing.
    fn annotations_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.metadata_mut().get_or_insert_default().annotations
    }

    /// The value of an annotation; [`known::annotations`](crate::known::annotations) has the keys.
    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations().get(key).map(String::as_str)
    }
}

/// A kind of objects that clients can create.
pub trait Creatable: Resource {
    /// The operation that creates one.
    const CREATE: methods::Operation;
}

/// A kind of objects that clients can replace as a whole.
pub trait Replaceable: Resource {
    /// The operation that replaces one.
    const REPLACE: methods::Operation;
}

/// A kind of objects that clients can delete.
pub trait Deletable: Resource {
    /// The operation that deletes one.
    const DELETE: methods::Operation;
}

/// A kind of objects that have an IAM policy.
pub trait Guarded: Resource {
    /// The operation that reads the policy of one.
    const GET_IAM_POLICY: methods::Operation;
    /// The operation that replaces the policy of one.
    const SET_IAM_POLICY: methods::Operation;
    /// The operation that asks which permissions the caller has on one.
    const TEST_IAM_PERMISSIONS: methods::Operation;
}

/// A kind with a template from which containers are made: services, jobs, worker pools, instances.
///
/// The template of an instance is the instance itself, so that its template's labels and annotations are its own.
/// Like [`Resource`], it may gain items in any version.
pub trait Workload: Resource {
    /// Where in the object's JSON the description of what runs is, for example `spec.template.spec`.
    const POD_PATH: &'static str;

    /// What runs, if the object says so: for a job that of its tasks.
    fn pod(&self) -> Option<Pod<'_>>;

    /// What runs, to be edited; creates what is missing on the way.
    fn pod_mut(&mut self) -> PodMut<'_>;

    /// The labels of the template: those that revisions, or executions, get.
    fn template_labels(&self) -> &BTreeMap<String, String>;

    /// The labels of the template, to be edited; creates what is missing on the way.
    fn template_labels_mut(&mut self) -> &mut BTreeMap<String, String>;

    /// The annotations of the template: those that revisions, or executions, get.
    fn template_annotations(&self) -> &BTreeMap<String, String>;

    /// The annotations of the template, to be edited; creates what is missing on the way.
    fn template_annotations_mut(&mut self) -> &mut BTreeMap<String, String>;

    /// The value of an annotation of the template.
    fn template_annotation(&self, key: &str) -> Option<&str> {
        self.template_annotations().get(key).map(String::as_str)
    }

    /// The value of a label of the template.
    fn template_label(&self, key: &str) -> Option<&str> {
        self.template_labels().get(key).map(String::as_str)
    }
}

/// What runs: the parts that the templates of all workloads have.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pod<'a> {
    /// The containers that run side by side.
    pub containers: &'a [Container],
    /// The volumes that they can mount.
    pub volumes: &'a [Volume],
    /// The service account that they run as, by its e-mail address.
    pub service_account_name: Option<&'a str>,
    /// What the machine must have, for example a kind of GPU.
    pub node_selector: &'a BTreeMap<String, String>,
}

/// What runs, all parts borrowed at once, to be edited.
#[derive(Debug)]
#[non_exhaustive]
pub struct PodMut<'a> {
    /// The containers that run side by side.
    pub containers: &'a mut Vec<Container>,
    /// The volumes that they can mount.
    pub volumes: &'a mut Vec<Volume>,
    /// The service account that they run as, by its e-mail address.
    pub service_account_name: &'a mut Option<String>,
    /// What the machine must have, for example a kind of GPU.
    pub node_selector: &'a mut BTreeMap<String, String>,
}

/// The labels, or annotations, of an object that has none.
pub(crate) static NONE: BTreeMap<String, String> = BTreeMap::new();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::*;

    /// A list of services has thousands of these. (Rare parts are boxed by the code generator.)
    #[test]
    fn models_of_which_there_are_many_are_small() {
        let sizes = [size_of::<EnvVar>(), size_of::<Container>()];
        assert!(sizes[0] <= 80 && sizes[1] <= 480, "{sizes:?}");
    }

    /// Reads and edits of a workload meet in the same place of its JSON.
    fn check_workload<K: Workload>(pod: &str, template: &str) {
        let mut object = K::default();
        assert_eq!(object.pod(), None);
        assert_eq!(format!("/{}", K::POD_PATH.replace('.', "/")), pod);
        let parts = object.pod_mut();
        parts.containers.push(Container { image: Some("i".to_owned()), ..Container::default() });
        parts.volumes.push(Volume { name: Some("v".to_owned()), ..Volume::default() });
        *parts.service_account_name = Some("a".to_owned());
        parts.node_selector.insert("n".to_owned(), "s".to_owned());
        object.template_labels_mut().insert("l".to_owned(), "1".to_owned());
        object.template_annotations_mut().insert("a".to_owned(), "2".to_owned());

        let json = serde_json::to_value(&object).unwrap();
        let at = |path: &str| json.pointer(path).unwrap_or_else(|| panic!("{path} of {json}")).clone();
        assert_eq!(at(&format!("{pod}/containers/0/image")), "i");
        assert_eq!(at(&format!("{pod}/volumes/0/name")), "v");
        assert_eq!(at(&format!("{pod}/serviceAccountName")), "a");
        assert_eq!(at(&format!("{pod}/nodeSelector/n")), "s");
        assert_eq!(at(&format!("{template}/labels/l")), "1");
        assert_eq!(at(&format!("{template}/annotations/a")), "2");

        let parts = object.pod().unwrap();
        assert_eq!((parts.containers.len(), parts.volumes.len()), (1, 1));
        assert_eq!((parts.service_account_name, parts.node_selector.len()), (Some("a"), 1));
        assert_eq!((object.template_label("l"), object.template_annotation("a")), (Some("1"), Some("2")));
    }

    #[test]
    fn workloads_are_read_and_edited_where_the_api_has_their_parts() {
        check_workload::<Service>("/spec/template/spec", "/spec/template/metadata");
        check_workload::<WorkerPool>("/spec/template/spec", "/spec/template/metadata");
        check_workload::<Job>("/spec/template/spec/template/spec", "/spec/template/metadata");
        check_workload::<Instance>("/spec", "/metadata");
    }

    fn check_resource<K: Resource>(api_version: &str, terminal: &str) {
        let json = serde_json::json!({
            "metadata": {
                "name": "n", "uid": "u", "generation": 3, "resourceVersion": "r", "deletionTimestamp": "t",
                "labels": {"l": "1"}, "annotations": {"a": "2"},
            },
            "status": {"observedGeneration": 2, "conditions": [{"type": "Other"}, {"type": terminal, "status": "True"}]},
        });
        let mut object: K = serde_json::from_value(json).unwrap();
        assert_eq!((object.name(), object.uid(), object.generation()), (Some("n"), Some("u"), Some(3)));
        assert_eq!((object.resource_version(), object.is_being_deleted()), (Some("r"), true));
        assert_eq!((object.label("l"), object.annotation("a")), (Some("1"), Some("2")));
        assert_eq!((object.observed_generation(), object.conditions().len()), (Some(2), 2));
        let status = object.terminal_condition().and_then(|condition| condition.status.as_deref());
        assert_eq!((status, object.condition("Ready!")), (Some("True"), None));

        object.set_type();
        let json = serde_json::to_value(&object).unwrap();
        assert_eq!((&json["apiVersion"], &json["kind"]), (&api_version.into(), &K::KIND.into()));

        let mut empty = K::default();
        assert_eq!((empty.name(), empty.label("l"), empty.observed_generation()), (None, None, None));
        empty.labels_mut().insert("l".to_owned(), "1".to_owned());
        assert_eq!(empty.label("l"), Some("1"));

        let ending = format!("/{}", K::COLLECTION);
        let path = format!("/apis/{api_version}/namespaces/");
        assert!(
            methods::all().iter().any(|m| m.path.starts_with(&path) && m.path.ends_with(&ending)),
            "{ending}"
        );
    }

    #[test]
    fn resources_are_read_where_the_api_has_their_parts() {
        check_resource::<Service>("serving.knative.dev/v1", "Ready");
        check_resource::<Revision>("serving.knative.dev/v1", "Ready");
        check_resource::<Configuration>("serving.knative.dev/v1", "Ready");
        check_resource::<Route>("serving.knative.dev/v1", "Ready");
        check_resource::<Job>("run.googleapis.com/v1", "Ready");
        check_resource::<Execution>("run.googleapis.com/v1", "Completed");
        check_resource::<Task>("run.googleapis.com/v1", "Completed");
        check_resource::<WorkerPool>("run.googleapis.com/v1", "Ready");
        check_resource::<Instance>("run.googleapis.com/v1", "Running");
        check_resource::<DomainMapping>("domains.cloudrun.com/v1", "Ready");
    }
}
