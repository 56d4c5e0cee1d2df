//! What run-ops advises, in the words of runctl: its flags and its commands. All of it stands here.

use run_api::ResourceId;
use run_ops::Remedy;
use run_ops::remedy::{EndpointFault, Field};

/// Advice as people can type it; about a resource, if the failure named one.
pub(crate) fn advice(remedy: &Remedy, about: Option<&ResourceId>) -> String {
    let name = about.map_or("NAME", ResourceId::name);
    // What only services have is told of nothing else.
    let is_service = about.is_some_and(|about| about.noun() == "service");
    let service = is_service || about.is_none();
    let is_job = about.is_some_and(|about| about.noun() == "job");
    let is_execution = about.is_some_and(|about| about.noun() == "execution");
    match remedy {
        Remedy::SignIn => {
            "log in with `gcloud auth application-default login`, name a key file in \
             GOOGLE_APPLICATION_CREDENTIALS, or pass --access-token-file"
                .to_owned()
        }
        Remedy::TrustEndpoint => {
            "pass --trust-endpoint if it may have the credential, or send none with \
             CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true"
                .to_owned()
        }
        Remedy::Change { field: Field::Timeout, how } if is_job || is_execution => {
            format!("--task-timeout: {how}")
        }
        Remedy::Change { field, how } => format!("{}: {how}", flags(field)),
        Remedy::ListExecutions if is_job => {
            format!("look at `runctl jobs executions list --job {name}` before you run it again")
        }
        Remedy::Compare if is_job => {
            format!(
                "the write may have been applied, or still arrive: look with `runctl jobs describe {name}` before you \
                 try again"
            )
        }
        Remedy::Compare | Remedy::WaitLonger if is_execution => {
            format!(
                "see how it stands with `runctl jobs executions describe {name}`; `runctl jobs executions cancel {name}` \
                 ends it"
            )
        }
        Remedy::WaitLonger if is_job => {
            format!("it goes on: look again with `runctl jobs describe {name}`, or allow more time")
        }
        Remedy::Repair if service => {
            format!("`runctl services repair {name}` takes revisions that cannot serve out of the traffic")
        }
        Remedy::FollowLatest if service => {
            format!("`runctl services promote {name}` gives all traffic to the latest revision")
        }
        Remedy::ListRevisions if service => {
            format!("list its revisions with `runctl revisions list --service {name}`, and name one of them")
        }
        Remedy::DeleteRevisions => {
            "delete revisions with `runctl revisions delete` and tags that nobody needs, or use another region"
                .to_owned()
        }
        Remedy::NewRevision if service => {
            format!("make a new revision with `runctl deploy {name}`, then try again")
        }
        Remedy::FirstTakesAll => {
            "leave out --no-traffic: the first revision takes all traffic; without --allow-unauthenticated it is private"
                .to_owned()
        }
        Remedy::RaiseQuota => {
            "or lower --cpu and --memory, use another --region, or ask for more quota".to_owned()
        }
        Remedy::RepeatUpdate => {
            "somebody else changed it at the same time: run the command again".to_owned()
        }
        Remedy::SendAgain => "run it again: doing it twice has the same effect as doing it once".to_owned(),
        Remedy::Compare if is_service => {
            format!(
                "the write may have been applied, or still arrive: look with `runctl services describe {name}` \
                 before you try again"
            )
        }
        Remedy::WaitLonger if is_service => {
            format!("it goes on: look again with `runctl services describe {name}`, or allow more time")
        }
        Remedy::CheckName { may_be_hidden: false } => "check the name, --project and --region".to_owned(),
        Remedy::CheckName { may_be_hidden: true } => {
            "check the name, --project and --region: without the permission, what does not exist answers the same"
                .to_owned()
        }
        Remedy::CheckEndpoint(EndpointFault::Silent) => {
            "check that the endpoint is right and that something listens there; `runctl config` shows where it came from".to_owned()
        }
        Remedy::CheckEndpoint(EndpointFault::Unreachable) => {
            "check the host name, http or https, and whether its certificate is trusted here; `runctl config` shows \
             where the endpoint came from"
                .to_owned()
        }
        Remedy::CheckEndpoint(EndpointFault::Foreign) => {
            "check --region and the endpoint, which `runctl config` shows: this answer does not come from the Cloud \
             Run API"
                .to_owned()
        }
        // These are the same in every program.
        Remedy::Grant(_)
        | Remedy::EnableApi { .. }
        | Remedy::AskOrganisation
        | Remedy::Listen { .. }
        | Remedy::ReadLogs
        | Remedy::Repair
        | Remedy::FollowLatest
        | Remedy::ListRevisions
        | Remedy::ListExecutions
        | Remedy::DeployAgain
        | Remedy::NewRevision
        | Remedy::UpdateOrRename
        | Remedy::CreateAfterDeletion
        | Remedy::Compare
        | Remedy::Retry { .. }
        | Remedy::SlowDown { .. }
        | Remedy::WaitLonger
        | Remedy::AllowMoreTime
        | Remedy::FindWriter
        | Remedy::JustTry => remedy.to_string(),
    }
}

/// The flags that change a field.
fn flags(field: &Field) -> String {
    let flags = match field {
        Field::Image => "--image",
        Field::Command => "--command and --args",
        Field::Env => "--update-env-vars and --remove-env-vars",
        Field::Secrets => "--update-secrets",
        Field::Port => "--port",
        Field::StartupProbe => "--startup-probe",
        Field::LivenessProbe => "--liveness-probe",
        Field::ReadinessProbe => "--readiness-probe",
        Field::Cpu => "--cpu",
        Field::Memory => "--memory",
        Field::Gpu => "--gpu and --gpu-type",
        Field::VolumeMounts => "--add-volume-mount",
        Field::Volumes => "--add-volume",
        Field::Concurrency => "--concurrency",
        Field::Timeout => "--timeout",
        Field::ServiceAccount => "--service-account",
        Field::RevisionName => "--revision-suffix",
        Field::MinInstances => "--min-instances",
        Field::MaxInstances => "--max-instances",
        Field::LaunchStage => "`runctl beta` or `runctl alpha` in front of the command",
        Field::InvokerIamCheck => "--no-invoker-iam-check",
        Field::Ingress => "--ingress",
        Field::ExecutionEnvironment => "--execution-environment",
        Field::Vpc => "--network, --subnet and --vpc-connector",
        Field::CloudSql => "--add-cloudsql-instances",
        Field::Annotation(key) => return format!("--update-annotations, `{key}`"),
        Field::Labels => "--labels",
        Field::Traffic => "`runctl services update-traffic`",
        Field::Other(path) => return format!("`{path}`"),
    };
    flags.to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One of each, for whoever has to know what is said.
    pub(crate) fn all_advice() -> Vec<String> {
        let change = |field| Remedy::Change { field, how: "…" };
        let fields = [
            Field::Image,
            Field::Command,
            Field::Env,
            Field::Secrets,
            Field::Port,
            Field::StartupProbe,
            Field::LivenessProbe,
            Field::ReadinessProbe,
            Field::Cpu,
            Field::Memory,
            Field::Gpu,
            Field::VolumeMounts,
            Field::Volumes,
            Field::Concurrency,
            Field::Timeout,
            Field::ServiceAccount,
            Field::RevisionName,
            Field::MinInstances,
            Field::MaxInstances,
            Field::LaunchStage,
            Field::InvokerIamCheck,
            Field::Ingress,
            Field::ExecutionEnvironment,
            Field::Vpc,
            Field::CloudSql,
            Field::Annotation("a/b".to_owned()),
            Field::Labels,
            Field::Traffic,
            Field::Other("spec.new".to_owned()),
        ];
        let others = [
            Remedy::SignIn,
            Remedy::TrustEndpoint,
            Remedy::EnableApi { project: None },
            Remedy::AskOrganisation,
            Remedy::Listen { port: Some(8080) },
            Remedy::ReadLogs,
            Remedy::Repair,
            Remedy::FollowLatest,
            Remedy::ListRevisions,
            Remedy::DeleteRevisions,
            Remedy::ListExecutions,
            Remedy::DeployAgain,
            Remedy::NewRevision,
            Remedy::FirstTakesAll,
            Remedy::RaiseQuota,
            Remedy::RepeatUpdate,
            Remedy::UpdateOrRename,
            Remedy::CreateAfterDeletion,
            Remedy::Compare,
            Remedy::SendAgain,
            Remedy::Retry { after: None },
            Remedy::SlowDown { wait: None },
            Remedy::WaitLonger,
            Remedy::AllowMoreTime,
            Remedy::FindWriter,
            Remedy::CheckName { may_be_hidden: false },
            Remedy::CheckName { may_be_hidden: true },
            Remedy::CheckEndpoint(EndpointFault::Silent),
            Remedy::CheckEndpoint(EndpointFault::Unreachable),
            Remedy::CheckEndpoint(EndpointFault::Foreign),
            Remedy::JustTry,
        ];
        let service = run_api::ServiceRef::new("my-project", "us-central1", "hello").unwrap().id();
        let job = run_api::JobRef::new("my-project", "us-central1", "nightly").unwrap().id();
        let execution =
            run_api::ExecutionRef::new("my-project", "us-central1", "nightly-abcde").unwrap().id();
        let told = |remedy: &Remedy| {
            [None, Some(&service), Some(&job), Some(&execution)].map(|about| advice(remedy, about)).to_vec()
        };
        let mut all: Vec<String> = others.iter().chain(&fields.map(change)).flat_map(told).collect();
        all.dedup();
        all
    }

    /// All that can be advised, to be read by people.
    #[test]
    fn everything_that_is_advised() {
        insta::assert_snapshot!(all_advice().join("\n"));
    }
}
