//! What of an object is to be changed.

use std::fmt;

use run_api::known::{annotations, limits};

/// A field, or an annotation that stands for one, of a service or another object with a template.
///
/// Displays as its path from the template's `spec` on, or as the annotation; [`of_path`](Self::of_path) finds it in the
/// paths of a server's refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// `containers[].image`
    Image,
    /// `containers[].command` and `args`
    Command,
    /// `containers[].env` with values
    Env,
    /// `containers[].env` and volumes that get their values from secrets
    Secrets,
    /// `containers[].ports`
    Port,
    /// `containers[].startupProbe`
    StartupProbe,
    /// `containers[].livenessProbe`
    LivenessProbe,
    /// `containers[].readinessProbe`
    ReadinessProbe,
    /// `containers[].resources.limits.cpu`
    Cpu,
    /// `containers[].resources.limits.memory`
    Memory,
    /// `containers[].resources.limits` of GPUs, and the template's `nodeSelector`
    Gpu,
    /// `containers[].volumeMounts`
    VolumeMounts,
    /// `volumes`
    Volumes,
    /// `containerConcurrency`
    Concurrency,
    /// `timeoutSeconds`
    Timeout,
    /// `serviceAccountName`
    ServiceAccount,
    /// `metadata.name` of the template
    RevisionName,
    /// the annotation `autoscaling.knative.dev/minScale`
    MinInstances,
    /// the annotation `autoscaling.knative.dev/maxScale`
    MaxInstances,
    /// the annotation `run.googleapis.com/launch-stage`
    LaunchStage,
    /// the annotation `run.googleapis.com/invoker-iam-disabled`
    InvokerIamCheck,
    /// the annotation `run.googleapis.com/ingress`
    Ingress,
    /// the annotation `run.googleapis.com/execution-environment`
    ExecutionEnvironment,
    /// the annotations of VPC access
    Vpc,
    /// the annotation `run.googleapis.com/cloudsql-instances`
    CloudSql,
    /// another annotation, by its key
    Annotation(String),
    /// `metadata.labels`
    Labels,
    /// `spec.traffic`
    Traffic,
    /// another field, by its path in the object
    Other(String),
}

impl Field {
    /// The field that a path leads to, as it stands in refusals of the server and in errors of edits.
    ///
    /// ```
    /// use run_ops::remedy::Field;
    ///
    /// assert_eq!(Field::of_path("spec.template.spec.containers[0].resources.limits.memory"), Field::Memory);
    /// assert_eq!(Field::of_path("spec.somethingNew").to_string(), "spec.somethingNew");
    /// ```
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        if let Some(key) = annotation(path) {
            return Self::of_annotation(key);
        }
        let has = |segment: &str| path.split(['.', '[', ']']).any(|part| part == segment);
        let ends = |tail: &str| path.ends_with(tail);
        // The innermost first: a probe has a port, and a variable a secret.
        match path {
            _ if has("startupProbe") => Self::StartupProbe,
            _ if has("livenessProbe") => Self::LivenessProbe,
            _ if has("readinessProbe") => Self::ReadinessProbe,
            _ if has("secretKeyRef") || has("secret") => Self::Secrets,
            _ if has("volumeMounts") => Self::VolumeMounts,
            _ if has("volumes") => Self::Volumes,
            _ if has("env") => Self::Env,
            _ if has("ports") || has("containerPort") => Self::Port,
            _ if path.contains(limits::GPU) || has("nodeSelector") => Self::Gpu,
            _ if has("resources") && has(limits::MEMORY) => Self::Memory,
            _ if has("resources") && has(limits::CPU) => Self::Cpu,
            _ if has("image") => Self::Image,
            _ if has("command") || has("args") => Self::Command,
            _ if has("containerConcurrency") => Self::Concurrency,
            _ if has("timeoutSeconds") => Self::Timeout,
            _ if has("serviceAccountName") => Self::ServiceAccount,
            _ if has("traffic") => Self::Traffic,
            _ if has("labels") => Self::Labels,
            _ if ends("template.metadata.name") => Self::RevisionName,
            path => Self::Other(path.to_owned()),
        }
    }

    /// The field that an annotation stands for.
    #[must_use]
    pub fn of_annotation(key: &str) -> Self {
        match key {
            annotations::MIN_SCALE | annotations::SERVICE_MIN_SCALE => Self::MinInstances,
            annotations::MAX_SCALE | annotations::SERVICE_MAX_SCALE => Self::MaxInstances,
            annotations::LAUNCH_STAGE => Self::LaunchStage,
            annotations::INVOKER_IAM_DISABLED => Self::InvokerIamCheck,
            annotations::INGRESS => Self::Ingress,
            annotations::EXECUTION_ENVIRONMENT => Self::ExecutionEnvironment,
            annotations::VPC_ACCESS_CONNECTOR
            | annotations::VPC_ACCESS_EGRESS
            | annotations::NETWORK_INTERFACES => Self::Vpc,
            annotations::CLOUDSQL_INSTANCES => Self::CloudSql,
            annotations::SECRETS => Self::Secrets,
            key => Self::Annotation(key.to_owned()),
        }
    }
}

/// The key in `….annotations[KEY]` or `….annotations.KEY`.
fn annotation(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("annotations")?;
    let key = rest.trim_start_matches(['[', '.', '\'', '"']).trim_end_matches([']', '\'', '"']);
    (!key.is_empty()).then_some(key)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "containers[].image",
            Self::Command => "containers[].command and args",
            Self::Env => "containers[].env",
            Self::Secrets => "the references to secrets",
            Self::Port => "containers[].ports",
            Self::StartupProbe => "containers[].startupProbe",
            Self::LivenessProbe => "containers[].livenessProbe",
            Self::ReadinessProbe => "containers[].readinessProbe",
            Self::Cpu => "containers[].resources.limits.cpu",
            Self::Memory => "containers[].resources.limits.memory",
            Self::Gpu => "containers[].resources.limits and nodeSelector",
            Self::VolumeMounts => "containers[].volumeMounts",
            Self::Volumes => "volumes",
            Self::Concurrency => "containerConcurrency",
            Self::Timeout => "timeoutSeconds",
            Self::ServiceAccount => "serviceAccountName",
            Self::RevisionName => "metadata.name of the template",
            Self::MinInstances => annotations::MIN_SCALE,
            Self::MaxInstances => annotations::MAX_SCALE,
            Self::LaunchStage => annotations::LAUNCH_STAGE,
            Self::InvokerIamCheck => annotations::INVOKER_IAM_DISABLED,
            Self::Ingress => annotations::INGRESS,
            Self::ExecutionEnvironment => annotations::EXECUTION_ENVIRONMENT,
            Self::Vpc => "the annotations of VPC access",
            Self::CloudSql => annotations::CLOUDSQL_INSTANCES,
            Self::Annotation(name) | Self::Other(name) => name,
            Self::Labels => "metadata.labels",
            Self::Traffic => "spec.traffic",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_refusals_and_of_edits() {
        let pod = "spec.template.spec";
        for (path, field) in [
            (format!("{pod}.containers[0].image"), Field::Image),
            (format!("{pod}.containers[0].command"), Field::Command),
            (format!("{pod}.containers[1].args[2]"), Field::Command),
            (format!("{pod}.containers[0].env[3].name"), Field::Env),
            (format!("{pod}.containers[0].env[0].valueFrom.secretKeyRef.key"), Field::Secrets),
            (format!("{pod}.volumes[0].secret.secretName"), Field::Secrets),
            (format!("{pod}.volumes[0].nfs.server"), Field::Volumes),
            (format!("{pod}.containers[0].volumeMounts[0].mountPath"), Field::VolumeMounts),
            (format!("{pod}.containers[0].ports[0].containerPort"), Field::Port),
            (format!("{pod}.containers[0].startupProbe.httpGet.port"), Field::StartupProbe),
            (format!("{pod}.containers[0].livenessProbe"), Field::LivenessProbe),
            (format!("{pod}.containers[0].readinessProbe"), Field::ReadinessProbe),
            (format!("{pod}.containers[0].resources.limits.cpu"), Field::Cpu),
            (format!("{pod}.containers[0].resources.limits[memory]"), Field::Memory),
            (format!("{pod}.containers[0].resources.limits.nvidia.com/gpu"), Field::Gpu),
            (format!("{pod}.nodeSelector"), Field::Gpu),
            (format!("{pod}.containerConcurrency"), Field::Concurrency),
            (format!("{pod}.timeoutSeconds"), Field::Timeout),
            (format!("{pod}.serviceAccountName"), Field::ServiceAccount),
            ("spec.template.metadata.name".to_owned(), Field::RevisionName),
            ("spec.template.spec.template.spec.containers[0].image".to_owned(), Field::Image),
            ("spec.traffic[0].percent".to_owned(), Field::Traffic),
            ("metadata.labels[a]".to_owned(), Field::Labels),
            ("metadata.annotations[run.googleapis.com/ingress]".to_owned(), Field::Ingress),
            (
                "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]".to_owned(),
                Field::MaxInstances,
            ),
            ("metadata.annotations.run.googleapis.com/launch-stage".to_owned(), Field::LaunchStage),
            ("metadata.annotations[a/b]".to_owned(), Field::Annotation("a/b".to_owned())),
            ("metadata.name".to_owned(), Field::Other("metadata.name".to_owned())),
            (String::new(), Field::Other(String::new())),
        ] {
            assert_eq!(Field::of_path(&path), field, "{path}");
        }
    }
}
