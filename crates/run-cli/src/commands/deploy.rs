//! `runctl deploy`.

mod arguments;
mod edit;

use run_api::ServiceRef;
use run_api::types::Service;
use run_ops::{INVOKER_ROLE, Member, Ops, ServiceView, Written, new_service};

pub(crate) use arguments::Arguments;

use crate::context::{Context, deadline};
use crate::failure::Failure;
use crate::output::{describe, structured};
use crate::steps::Steps;
use edit::Edit;

/// Creates a service or releases a new revision of it, and waits until that is ready.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let edit = Edit::of(arguments)?;
    let service = context.service(&arguments.service)?;
    let access = arguments.access();
    let steps =
        Steps::new(context.printer, 1 + usize::from(access.is_some()) + usize::from(!arguments.asynchronous));
    let deployment = Deployment { ops: context.ops(&steps), service, steps, arguments };
    let result = deployment.run(edit, access).await;
    let object = result.inspect_err(|_| deployment.steps.abandon("failed"))?;
    deployment.tell(&object, context);
    if let Some(text) = structured(&object, context.format)? {
        context.printer.data(text)?;
    }
    Ok(())
}

struct Deployment<'a> {
    ops: Ops<run_api::Client>,
    service: ServiceRef,
    steps: Steps,
    arguments: &'a Arguments,
}

impl Deployment<'_> {
    async fn run(&self, edit: Edit, access: Option<bool>) -> Result<Service, Failure> {
        let existed = self.ops.service_exists(&self.service).await?;
        let verb = if existed { "update" } else { "create" };
        self.steps.start(verb, &self.service.short());
        let written = if existed { self.update(&edit).await? } else { self.create(&edit).await? };
        self.steps.done(&format!("generation {}", written.generation()));
        if let Some(public) = access {
            self.set_access(public, existed).await?;
        }
        if self.arguments.asynchronous {
            return Ok(written.service().clone());
        }
        self.steps.start("wait", "until it is ready");
        let ready = self.ops.wait_until_ready(&written, deadline(self.arguments.wait_timeout)).await?;
        self.steps.done(ready.latest_created_revision().unwrap_or("ready"));
        Ok(ready)
    }

    async fn create(&self, edit: &Edit) -> Result<Written, Failure> {
        if self.arguments.no_traffic {
            return Err(Failure::usage("--no-traffic can not be used when a service is created")
                .hint("the first revision gets all traffic; leave the flag out"));
        }
        let mut object = new_service(&self.service, &self.arguments.image);
        edit.apply(&mut object)?;
        Ok(self.ops.create_service(&self.service, object).await?)
    }

    async fn update(&self, edit: &Edit) -> Result<Written, Failure> {
        Ok(self.ops.update_service(&self.service, |object| edit.apply(object)).await?)
    }

    async fn set_access(&self, public: bool, existed: bool) -> Result<(), Failure> {
        let everybody = [Member::all_users()];
        if public {
            self.steps.start("access", "let everybody invoke it");
            self.ops.allow_public_access(&self.service).await?;
        } else {
            self.steps.start("access", "let nobody invoke it without permission");
            // A new service is not public: there is nothing to take away.
            if existed {
                self.ops.remove_members(&self.service, INVOKER_ROLE, &everybody).await?;
            }
        }
        self.steps.done("done");
        Ok(())
    }

    /// What was deployed, and how much of the traffic it has: with pinned traffic, that may be nothing.
    fn tell(&self, service: &Service, context: &Context) {
        let printer = context.printer;
        let name = &self.service.name;
        if self.arguments.asynchronous {
            printer.talk(format_args!("Service [{name}] is deploying; `runctl wait {name}` waits for it."));
            return;
        }
        let revision = service.latest_created_revision().unwrap_or_default();
        let share = edit::share_of(service, revision);
        printer.talk(format_args!(
            "Service [{name}] revision [{revision}] has been deployed and is serving {share} percent of traffic."
        ));
        if let Some(url) = describe::url(service) {
            printer.talk(format_args!("Service URL: {url}"));
        }
        if let Some(tag) = &self.arguments.tag
            && let Some(url) = edit::tag_url(service, tag)
        {
            printer.talk(format_args!("The revision can be reached directly at {url}"));
        }
        if share == 0 && !self.arguments.no_traffic {
            printer.talk(format_args!(
                "warning: the traffic of this service is pinned to other revisions, so the new one gets none\n\
                 hint: `runctl services update-traffic {name} --to-latest` gives it all of it"
            ));
        }
        if self.arguments.access().is_none() && service.generation() == Some(1) {
            printer.talk("The service is not public; --allow-unauthenticated makes it so.");
        }
    }
}
