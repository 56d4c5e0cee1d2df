//! `runctl deploy`.

mod arguments;
mod edit;

use run_api::types::Service;
use run_api::{RevisionName, ServiceRef, Tag};
use run_ops::{Access, DeployRequest, DeployWarning, Deployed, Error, TrafficIntent};

pub(crate) use arguments::Arguments;

use crate::output::{self, describe};
use crate::session::carry_out;
use crate::session::{Context, deadline};
use crate::terminal::{Failure, Steps};
use edit::Edit;

/// Creates a service or releases a new revision of it, and waits until that is in force.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let service = context.service(&arguments.service)?;
    let request = request(arguments, service)?;
    let access = arguments.access().is_some();
    let steps = Steps::new(context.printer, 1 + usize::from(access) + usize::from(!arguments.asynchronous));
    let ops = context.ops(&steps);
    let operation = async {
        let started = ops.start_deploy(&request).await?;
        if arguments.asynchronous {
            let name = &arguments.service;
            context
                .printer
                .talk(format_args!("Service [{name}] is deploying; `runctl wait {name}` waits for it."));
            return Ok(started.written().service().clone());
        }
        let deployed = ops.finish_deploy(started, deadline(arguments.wait_timeout)).await?;
        tell(&deployed, arguments, context);
        Ok::<Service, Error>(deployed.service().clone())
    };
    let object = carry_out(&ops, &steps, request.service(), operation).await?;
    output::show(&object, context.format(), context.printer, String::new)
}

/// What the flags ask for. Like gcloud's, every deployment makes a revision.
fn request(arguments: &Arguments, service: ServiceRef) -> Result<DeployRequest, Failure> {
    let edit = Edit::of(arguments)?;
    let mut request = DeployRequest::new(service).always_new_revision().edit(move |object| {
        edit.apply(object);
        Ok(())
    });
    if arguments.no_traffic {
        request = request.traffic(TrafficIntent::NoTraffic);
    }
    if let Some(tag) = &arguments.tag {
        request = request.tag(Tag::new(tag)?);
    }
    if let Some(suffix) = &arguments.revision_suffix {
        RevisionName::new(format!("{}-{suffix}", arguments.service))?;
        request = request.revision_suffix(suffix);
    }
    Ok(match arguments.access() {
        Some(true) => request.access(Access::Public),
        Some(false) => request.access(Access::Private),
        None => request,
    })
}

/// What was deployed, and how much of the traffic it has: with pinned traffic, that may be nothing.
fn tell(deployed: &Deployed, arguments: &Arguments, context: &Context) {
    let printer = context.printer;
    let (name, revision, share) = (&arguments.service, deployed.revision(), deployed.share());
    printer.talk(format_args!(
        "Service [{name}] revision [{revision}] has been deployed and is serving {share} percent of traffic."
    ));
    if let Some(url) = describe::url(deployed.service()) {
        printer.talk(format_args!("Service URL: {url}"));
    }
    if let Some(url) = arguments.tag.as_deref().and_then(|tag| deployed.tag_urls().remove(tag)) {
        printer.talk(format_args!("The revision can be reached directly at {url}"));
    }
    for warning in deployed.warnings() {
        printer.talk(format_args!("warning: {warning}"));
        if matches!(warning, DeployWarning::SplitKept { .. }) {
            printer.talk(format_args!(
                "hint: `runctl services update-traffic {name} --to-latest` gives it all of it"
            ));
        }
    }
    if arguments.access().is_none() && deployed.created() {
        printer.talk("The service is not public; --allow-unauthenticated makes it so.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn planned(flags: &[&str]) -> Result<String, Failure> {
        let base = ["deploy", "hello", "--image", "docker.io/a/b:2"];
        let Command { arguments } = Command::parse_from(base.iter().chain(flags));
        let service = ServiceRef::new("p", "us-central1", "hello").unwrap();
        Ok(request(&arguments, service)?.plan(None)?.to_string())
    }

    #[test]
    fn flags_reach_the_request() {
        let plan = planned(&["--tag=blue", "--revision-suffix=v1", "--allow-unauthenticated"]).unwrap();
        for line in ["revision: hello-v1, new", "hello-v1=0 (tag blue)", "access: everybody"] {
            assert!(plan.contains(line), "{plan}");
        }
        assert!(
            planned(&["--no-allow-unauthenticated"]).unwrap().contains("access: nobody without permission")
        );
        for (flag, message) in [
            ("--no-traffic", "its first revision can not be without traffic"),
            ("--tag=A", "tag `A` is not valid"),
            ("--revision-suffix=-", "revision name `hello--` is not valid"),
        ] {
            let failure = planned(&[flag]).unwrap_err();
            assert!(failure.to_string().contains(message), "{failure}");
        }
    }
}
