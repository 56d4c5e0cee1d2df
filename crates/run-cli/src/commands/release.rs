//! Deployments: what `runctl deploy` and `runctl services update` share.

use run_api::types::{Container, Service};
use run_api::{Resource, ServiceRef, Workload};
use run_ops::edit::{self, Edit};
use run_ops::{
    Access, DeployRequest, DeployWarning, Deployed, Error, InvalidMember, Level, Member, Permissions,
    Preflight, PreflightRequest, RevisionStates, ServiceView,
};
use serde_json::{Value, json};

use crate::arguments::WaitArguments;
use crate::flags::{ServiceFlags, TrafficFlags};
use crate::output::{self, describe};
use crate::session::{Context, Deployment, Note, carry_out};
use crate::terminal::{ExitStatus, Failure, Steps};

/// What is to be deployed.
pub(crate) struct Release<'a> {
    pub(crate) name: &'a str,
    pub(crate) flags: &'a ServiceFlags,
    pub(crate) traffic: &'a TrafficFlags,
    /// Whether everybody may invoke the service; nothing was said if none.
    pub(crate) public: Option<bool>,
    pub(crate) wait: &'a WaitArguments,
    pub(crate) dry_run: bool,
    /// The digests that run, if the images are to stay.
    pub(crate) pin: Option<Pin>,
    /// Whether there is a new revision even if nothing else is new, as gcloud's `deploy` makes one.
    pub(crate) always_new_revision: bool,
}

/// The images that run, where a tag names them: the newest revision has their digests. gcloud has such a precaution as
/// well, but it only works on revisions whose images have no digest, and Cloud Run writes one into every revision.
#[derive(Clone, Debug)]
pub(crate) struct Pin(Vec<(String, String)>);

impl Pin {
    /// What runs now.
    pub(crate) async fn of(service: &Service, context: &Context) -> Result<Self, Failure> {
        let wanted: Vec<&str> = images(service.pod().map_or(&[], |pod| pod.containers));
        if wanted.iter().all(|image| image.contains('@')) {
            return Ok(Self(Vec::new()));
        }
        let unknown = || {
            let message = "--keep-image: no revision tells which image runs";
            Failure::new(ExitStatus::Failed, message).hint("say which with --image")
        };
        // Otherwise the newest revision may be of the template before.
        let is_settled = service.observed_generation() == service.generation();
        let name = service.latest_created_revision().filter(|_| is_settled).ok_or_else(unknown)?;
        let revision = context.settings.location()?.revision(name)?;
        let revision = context.client.get_revision(&revision).await?;
        let present = images(revision.spec.as_ref().map_or(&[], |pod| &pod.containers));
        let pairs = pairs(&wanted, &present).ok_or_else(unknown)?;
        Ok(Self(pairs))
    }

    /// Writes the digest if the template is not as it was and the image is.
    fn apply(&self, before: &Service, service: &mut Service) {
        let template = |service: &Service| service.spec.as_ref().and_then(|spec| spec.template.clone());
        if template(before) == template(service) {
            return;
        }
        for container in service.pod_mut().containers.iter_mut() {
            let Some(image) = container.image.as_mut() else { continue };
            if let Some((_, digest)) = self.0.iter().find(|(tag, _)| tag == image) {
                image.clone_from(digest);
            }
        }
    }
}

fn images(containers: &[Container]) -> Vec<&str> {
    containers.iter().filter_map(|container| container.image.as_deref()).collect()
}

/// Each image without a digest, and what the container at its place in the revision has; none if one is unknown.
fn pairs(wanted: &[&str], present: &[&str]) -> Option<Vec<(String, String)>> {
    (wanted.len() == present.len()).then_some(())?;
    let by_tag = wanted.iter().zip(present).filter(|(image, _)| !image.contains('@'));
    by_tag
        .map(|(tag, digest)| digest.contains('@').then(|| ((*tag).to_owned(), (*digest).to_owned())))
        .collect()
}

impl Release<'_> {
    /// Carries it out.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let request = self.request(context)?;
        if self.dry_run {
            return self.rehearse(&request, context).await;
        }
        let access = self.public.map(|_| "access");
        let wait = (!self.wait.asynchronous).then_some("wait");
        let stages: Vec<&'static str> = ["deploy"].into_iter().chain(access).chain(wait).collect();
        let steps = Steps::new(context.printer, &stages);
        let ops = context.ops(&steps);
        let operation = async {
            let started = ops.start_deploy(&request).await?;
            if let Some(enabled) = self.flags.iap() {
                let agents = [proxy_agent(started.written().service())?];
                let service = request.service();
                match enabled {
                    true => ops.add_members(service, INVOKER, &agents).await?,
                    false => ops.remove_members(service, INVOKER, &agents).await?,
                };
            }
            if self.wait.asynchronous {
                return Ok((started.written().service().clone(), None));
            }
            let deployed = ops.finish_deploy(started, context.deadline).await?;
            Ok::<_, Error>((deployed.service().clone(), Some(deployed)))
        };
        let (object, deployed) =
            carry_out(&ops, &steps, request.service(), context.deadline, operation).await?;
        let Some(deployed) = deployed else {
            let name = self.name;
            context
                .printer
                .talk(format_args!("Service [{name}] is deploying; `runctl wait {name}` waits for it."));
            return output::show(&object, context.format(), context.printer, String::new);
        };
        self.tell(&deployed, context);
        output::show(&self.result(&deployed)?, context.format(), context.printer, String::new)?;
        Note::of_deployment(&Deployment {
            service: self.name,
            revision: deployed.revision(),
            url: &describe::url(deployed.service()).unwrap_or_default(),
            tag_url: self.tag_url(&deployed).as_deref(),
            percent: deployed.share().get(),
        })
        .write()?;
        self.traffic.check(deployed.revision(), deployed.share())
    }

    /// What the flags ask for.
    fn request(&self, context: &Context) -> Result<DeployRequest, Failure> {
        let location = context.settings.location()?;
        let service = location.service(self.name)?;
        let edit = self.edit(context)?;
        // gcloud's default for new services.
        let first = (!self.flags.says_cpu_boost()).then(|| edit.clone().startup_cpu_boost(true));
        let pin = self.pin.clone();
        let mut request = DeployRequest::new(service.clone()).edit(move |object| {
            let before = pin.is_some().then(|| object.clone());
            let edit = first.as_ref().filter(|_| is_new(object)).unwrap_or(&edit);
            edit.apply(object)?;
            if let (Some(pin), Some(before)) = (&pin, before) {
                pin.apply(&before, object);
            }
            Ok(())
        });
        let reference = service.clone();
        request = request.edit(move |object| refuse_what_must_fail(&reference, object));
        if self.always_new_revision {
            request = request.always_new_revision();
        }
        request = self.traffic.apply(request, &service.name)?;
        Ok(match self.public {
            Some(true) => request.access(Access::Public),
            Some(false) => request.access(Access::Private),
            None => request,
        })
    }

    fn edit(&self, context: &Context) -> Result<Edit<Service>, Failure> {
        // A reason counts for the deployment that gives it, and for no later one.
        let edit = edit::service().breakglass(None).then(self.flags.edit(&context.settings.location()?)?);
        let edit = match context.launch_stage() {
            Some(stage) => edit.launch_stage(stage),
            None => edit,
        };
        Ok(edit.client("runctl", env!("CARGO_PKG_VERSION")))
    }

    /// Asks the server what it would make of it, and changes nothing.
    async fn rehearse(&self, request: &DeployRequest, context: &Context) -> Result<(), Failure> {
        let ops = context.ops(&Steps::none(context.printer));
        let plan = ops.plan_deploy(request).await?;
        let object = context.rehearse(request.service(), &plan).await?;
        output::show(&object, context.format(), context.printer, || plan.to_string())
    }

    /// The service, and what became of the deployment, in a field of our own.
    fn result(&self, deployed: &Deployed) -> Result<Value, Failure> {
        let mut object = output::value_of(deployed.service())?;
        object["deployment"] = json!({
            "apiVersion": "runctl/v1",
            "kind": "Deployment",
            "revision": deployed.revision(),
            "url": describe::url(deployed.service()),
            "tagUrl": self.tag_url(deployed),
            "percent": deployed.share().get(),
            "created": deployed.created(),
            "changed": deployed.changed(),
            "warnings": deployed.warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        Ok(object)
    }

    fn tag_url(&self, deployed: &Deployed) -> Option<String> {
        let urls = deployed.tag_urls();
        Some((*urls.get(self.traffic.tag.as_ref()?.as_str())?).to_owned())
    }

    /// What was deployed, and how much of the traffic it has: with pinned traffic, that may be nothing.
    fn tell(&self, deployed: &Deployed, context: &Context) {
        let printer = context.printer;
        let (name, revision, share) = (self.name, deployed.revision(), deployed.share());
        let did = if deployed.changed() { "has been deployed and" } else { "is as it should be, and" };
        printer.talk(format_args!(
            "Service [{name}] revision [{revision}] {did} is serving {share} percent of traffic."
        ));
        if let Some(url) = describe::url(deployed.service()) {
            printer.talk(format_args!("Service URL: {url}"));
        }
        if let Some(url) = self.tag_url(deployed) {
            printer.talk(format_args!("The revision can be reached directly at {url}"));
        }
        for warning in deployed.warnings() {
            printer.talk(format_args!("warning: {warning}"));
            if matches!(warning, DeployWarning::SplitKept { .. }) {
                printer.talk(format_args!("hint: `runctl services promote {name}` gives it all of it"));
            }
        }
        if self.public.is_none() && deployed.created() {
            printer.talk("The service is not public; --allow-unauthenticated makes it so.");
        }
    }
}

const INVOKER: &str = "roles/run.invoker";

/// Who calls a service with Identity-Aware Proxy before it: without the permission nobody gets through. (gcloud changes the
/// policy as well.)
fn proxy_agent(service: &Service) -> Result<Member, Error> {
    let number = service.metadata.as_ref().and_then(|metadata| metadata.namespace.as_deref());
    let number = number.unwrap_or_default();
    format!("serviceAccount:service-{number}@gcp-sa-iap.iam.gserviceaccount.com")
        .parse()
        .map_err(|error: InvalidMember| Error::invalid(error.to_string()))
}

/// What the API would refuse for sure is told before it is asked, by the rules of `runctl preflight`.
fn refuse_what_must_fail(reference: &ServiceRef, object: &Service) -> Result<(), Error> {
    let request = PreflightRequest::new(object.clone());
    let report = Preflight::of(reference, &request, None, &RevisionStates::new(), &Permissions::new());
    match report.findings.iter().find(|finding| finding.level() == Level::Blocks) {
        Some(finding) => Err(Error::invalid(format!("{finding} [{}]", finding.code()))),
        None => Ok(()),
    }
}

fn is_new(service: &Service) -> bool {
    service.metadata.as_ref().is_none_or(|metadata| metadata.uid.is_none())
}

/// The service must be there already.
pub(crate) async fn expect(service: &ServiceRef, context: &Context) -> Result<Service, Failure> {
    context.client.get_service(service).await.map_err(|error| {
        let is_missing = error.is_not_found();
        let failure = Failure::from(error);
        if is_missing {
            failure.hint(format!("create it with `runctl deploy {} --image IMAGE`", service.name))
        } else {
            failure
        }
    })
}
