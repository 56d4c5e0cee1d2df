//! What every command on a real API needs: the settings, a client, and somewhere to talk.

use std::time::Duration;

use run_api::types::Service;
use run_api::{
    Client, Credentials, Endpoint, ExecutionRef, FieldMask, Host, JobRef, ListOptions, Region, Scope,
    ServiceRef, WriteOptions,
};
use run_ops::{Deadline, DeployAction, DeployPlan, Ops, PollSchedule};
use serde::Serialize;
use serde_json::Value;

use super::{events, http_log};
use crate::arguments::{GlobalArguments, ListArguments};
use crate::output::view::{Listed, View};
use crate::output::{self, Column, Sink};
use crate::query::Format;
use crate::settings::Settings;
use crate::terminal::{ExitStatus, Failure, Printer, Steps};

/// The surroundings of one command.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) printer: Printer,
    format: Option<Format>,
    /// The region, if a flag names it.
    pub(crate) flag_region: Option<String>,
    launch_stage: Option<&'static str>,
    /// When the command must end.
    pub(crate) deadline: Deadline,
    ops: Ops<Client>,
}

impl Context {
    pub(crate) async fn new(
        flags: &GlobalArguments,
        printer: Printer,
        deadline: Deadline,
    ) -> Result<Self, Failure> {
        let mut settings = Settings::resolve(flags)?;
        let endpoint = settings.api_endpoint()?;
        if !endpoint.is_loopback() {
            settings.ask_metadata_server().await?;
        }
        let client = client(flags, &settings, endpoint, printer)?;
        let ops = Ops::new(client.clone()).poll_schedule(poll_schedule(&client));
        Ok(Self {
            deadline,
            ops,
            client,
            settings,
            printer,
            format: flags.format.clone(),
            flag_region: flags.region.clone(),
            launch_stage: flags.launch_stage,
        })
    }

    /// How to write to stdout; nothing was said if none.
    pub(crate) fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    /// The launch stage that `beta` or `alpha` before the command stands for.
    pub(crate) fn launch_stage(&self) -> Option<&'static str> {
        self.launch_stage
    }

    /// What the server would make of a planned deployment.
    pub(crate) async fn rehearse(&self, service: &ServiceRef, plan: &DeployPlan) -> Result<Service, Failure> {
        let (object, options) = (plan.object(), WriteOptions::dry_run());
        Ok(match plan.action() {
            DeployAction::Create => self.client.create(&service.location, object, &options).await?,
            _ => self.client.replace(service, object, &options).await?,
        })
    }

    /// All objects of a list. If its own columns are all that is written, nothing else is asked for or kept. Says which regions
    /// did not answer.
    pub(crate) async fn rows<V: View>(
        &self,
        scope: impl Into<Scope>,
        options: ListOptions,
        arguments: &ListArguments,
    ) -> Result<Vec<Listed<V>>, Failure> {
        let options = ListOptions { limit: arguments.page_size, ..options };
        let (rows, unreachable) = if output::shows_only_columns(self.format(), arguments) {
            self.shown(scope.into(), options).await?
        } else {
            self.whole(scope.into(), options).await?
        };
        if !unreachable.is_empty() {
            let regions = unreachable.join(", ");
            self.printer
                .talk(format_args!("warning: the list lacks what is in {regions}, which did not answer"));
        }
        Ok(rows)
    }

    async fn shown<V: View>(
        &self,
        scope: Scope,
        options: ListOptions,
    ) -> Result<(Vec<Listed<V>>, Vec<String>), Failure> {
        let fields = FieldMask::new(V::FIELDS)?;
        let mut items = self.client.views::<V::Kind, V>(scope, options, &fields);
        let mut rows = Vec::new();
        while let Some(shown) = items.next().await? {
            rows.push(Listed::shown(shown));
        }
        Ok((rows, items.unreachable().to_vec()))
    }

    async fn whole<V: View>(
        &self,
        scope: Scope,
        options: ListOptions,
    ) -> Result<(Vec<Listed<V>>, Vec<String>), Failure> {
        let mut items = self.client.items::<V::Kind>(scope, options);
        let mut rows = Vec::new();
        while let Some(object) = items.next().await? {
            rows.push(Listed::whole(&object)?);
        }
        Ok((rows, items.unreachable().to_vec()))
    }

    /// Writes a list as the flags want it.
    pub(crate) fn list<T: Serialize>(
        &self,
        items: Vec<T>,
        columns: &[Column<T>],
        arguments: &ListArguments,
    ) -> Result<(), Failure> {
        let uri = |object: &Value| self.uri(object);
        let sink = Sink { format: self.format(), printer: self.printer, uri: &uri };
        output::list(items, columns, arguments, &sink)
    }

    /// The address of an object in the API.
    fn uri(&self, object: &Value) -> String {
        let link = object.pointer("/metadata/selfLink").and_then(Value::as_str);
        let region =
            object.pointer("/metadata/labels/cloud.googleapis.com~1location").and_then(Value::as_str);
        let region = region.and_then(|region| Region::new(region).ok());
        let host = region.as_ref().map_or(Host::Global, Host::Regional);
        let base = self.client.endpoint().base_url(host);
        let base = base.trim_end_matches('/');
        match (link, object.pointer("/name").and_then(Value::as_str)) {
            (Some(link), _) => format!("{base}{link}"),
            (None, Some(name)) => format!("{base}/v1/{name}"),
            (None, None) => String::new(),
        }
    }

    /// A service in the project and region of the settings.
    pub(crate) fn service(&self, name: &str) -> Result<ServiceRef, Failure> {
        Ok(self.settings.location()?.service(name)?)
    }

    /// A job in the project and region of the settings.
    pub(crate) fn job(&self, name: &str) -> Result<JobRef, Failure> {
        Ok(self.settings.location()?.job(name)?)
    }

    /// An execution in the project and region of the settings.
    pub(crate) fn execution(&self, name: &str) -> Result<ExecutionRef, Failure> {
        Ok(self.settings.location()?.execution(name)?)
    }

    /// Ends a command that is not done when it must be.
    pub(crate) async fn bounded<T>(
        &self,
        command: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.ops.within(self.deadline, command).await
    }

    /// The operations, which tell the steps what happens.
    pub(crate) fn ops(&self, steps: &Steps) -> Ops<Client> {
        self.ops.clone().on_event(events::listener(steps.clone()))
    }

    /// Asks before something is done that cannot be undone; no one to ask is a usage error.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.settings.quiet {
            return Ok(());
        }
        match self.printer.confirm(question) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::new(ExitStatus::Failed, "aborted by user")),
            None => {
                Err(Failure::usage("nobody is there to confirm this").hint("say yes beforehand with --quiet"))
            }
        }
    }
}

/// A client as the flags want it.
pub(crate) fn client(
    flags: &GlobalArguments,
    settings: &Settings,
    endpoint: Endpoint,
    printer: Printer,
) -> Result<Client, Failure> {
    // A token that the surroundings hold for gcloud is not meant for an emulator.
    let credentials = match flags.trust_endpoint || !endpoint.is_loopback() {
        true => settings.credentials.clone(),
        false => Credentials::anonymous(),
    };
    let mut builder = Client::builder()
        .user_agent(concat!("runctl/", env!("CARGO_PKG_VERSION")))
        .endpoint(endpoint)
        .credentials(credentials);
    if let Some(project) = &settings.billing_project {
        builder = builder.quota_project(project.as_str());
    }
    if flags.trust_endpoint {
        builder = builder.trust_endpoint();
    }
    if flags.log_http {
        builder = builder.observe(move |exchange| printer.talk(http_log::render(exchange)));
    }
    Ok(builder.build()?)
}

/// At an emulator, which nobody has to spare and where everything is quick, waits look more often.
pub(crate) fn poll_schedule(client: &Client) -> PollSchedule {
    if client.endpoint().is_loopback() {
        PollSchedule::between(Duration::from_millis(50), Duration::from_secs(5))
    } else {
        PollSchedule::default()
    }
}
