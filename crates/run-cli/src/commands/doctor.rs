//! `runctl doctor`: with which settings and as whom runctl calls which API, and whether that works.

use std::time::Duration;

use run_api::types::Service;
use run_api::{Client, CredentialFile, Credentials, Host, ListOptions, Scope, TokenInfo};
use run_ops::{Deadline, Ops};
use serde_json::{Value, json};

use crate::arguments::GlobalArguments;
use crate::commands::about;
use crate::output;
use crate::session;
use crate::settings::Settings;
use crate::terminal::{Failure, Printer};

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// What was found, or why it does not work.
    found: Result<String, Failure>,
    /// What else programs may want to know.
    details: Value,
}

impl Check {
    fn new(name: &'static str, found: Result<String, Failure>) -> Self {
        Self { name, found, details: json!({}) }
    }

    fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    fn text(&self) -> String {
        match &self.found {
            Ok(found) => format!("✔ {}: {found}", self.name),
            Err(failure) => {
                let hints = failure.hints().iter().map(|hint| format!("\n  hint: {hint}"));
                format!("X {}: {failure}{}", self.name, hints.collect::<String>())
            }
        }
    }

    fn to_json(&self) -> Value {
        let mut object = json!({"check": self.name, "ok": self.found.is_ok(), "details": self.details});
        match &self.found {
            Ok(found) => object["message"] = found.as_str().into(),
            Err(failure) => {
                object["message"] = failure.to_string().into();
                object["hints"] = failure.hints().into();
            }
        }
        object
    }
}

/// Looks at everything that a command needs before it can do its own work. Changes nothing.
pub(crate) async fn run(
    global: &GlobalArguments,
    deadline: Deadline,
    printer: Printer,
) -> Result<(), Failure> {
    let mut settings = Settings::resolve(global)?;
    let endpoint = settings.api_endpoint()?;
    if !endpoint.is_loopback() {
        settings.ask_metadata_server().await?;
    }
    let sends_credential = global.trust_endpoint || !endpoint.is_loopback();
    let mut checks = Vec::new();
    if sends_credential {
        checks.extend(of_credential(&settings).await);
    } else {
        let message = "none is sent, since the API is on this machine".to_owned();
        checks.push(Check::new("credential", Ok(message)));
    }
    let base = endpoint.base_url(Host::Global);
    checks.push(match session::client(global, &settings, endpoint, printer) {
        Ok(client) => access(&settings, client, deadline, &base).await,
        Err(failure) => Check::new("access", Err(failure)),
    });
    let object = json!({
        "apiVersion": "runctl/v1",
        "kind": "Doctor",
        "settings": about::objects(&settings),
        "checks": checks.iter().map(Check::to_json).collect::<Vec<_>>(),
    });
    output::show(&object, global.format.as_ref(), printer, || {
        let lines: Vec<String> = checks.iter().map(Check::text).collect();
        format!("{}\n\n{}", about::table(&settings), lines.join("\n"))
    })?;
    verdict(checks)
}

/// The status of the first check that failed, which is what stands in the way of the others.
fn verdict(checks: Vec<Check>) -> Result<(), Failure> {
    let all = checks.len();
    let failed = checks.iter().filter_map(|check| Some((check.name, check.found.as_ref().err()?)));
    let failed: Vec<(&str, &Failure)> = failed.collect();
    match failed.first() {
        None => Ok(()),
        Some((name, first)) => {
            let message = format!("{} of {all} checks failed; {name}: {first}", failed.len());
            Err(Failure::new(first.status(), message))
        }
    }
}

async fn of_credential(settings: &Settings) -> Vec<Check> {
    let kind = settings.origin("credential").and_then(|origin| origin.value.clone()).unwrap_or_default();
    let acts_as = settings.origin("impersonate-service-account").and_then(|origin| origin.value.clone());
    // Only these come from a file that can be looked at.
    let file = match kind.as_str() {
        "application default credentials" => CredentialFile::find(),
        _ => Ok(None),
    };
    let file = match file {
        Ok(file) => file,
        Err(error) => return vec![Check::new("credential", Err(error.into()))],
    };
    let source = source(&kind, file.as_ref(), acts_as.as_deref());
    let details = json!({
        "kind": file.as_ref().map_or(kind.as_str(), CredentialFile::kind),
        "file": file.as_ref().map(|file| file.path().display().to_string()),
        "actsAs": acts_as,
    });
    let mut checks = vec![Check::new("credential", Ok(source)).with(details)];
    if kind == "none" {
        return checks;
    }
    let of_file = file.as_ref().and_then(CredentialFile::principal).map(str::to_owned);
    checks.push(token(&settings.credentials, acts_as.or(of_file)).await);
    let quota = settings.billing_project.as_ref().map(ToString::to_string);
    let quota = quota.or_else(|| file.as_ref()?.quota_project().map(str::to_owned));
    let message = match &quota {
        Some(project) => project.clone(),
        None => "none is named, so that of the resources counts".to_owned(),
    };
    checks.push(Check::new("quota project", Ok(message)).with(json!({"project": quota})));
    checks
}

/// Where the credential comes from, in words.
fn source(kind: &str, file: Option<&CredentialFile>, acts_as: Option<&str>) -> String {
    let mut text = match file {
        Some(file) => {
            let by = file.named_by().map(|name| format!(", named by {name}")).unwrap_or_default();
            format!("{kind}: `{}` in {}{by}", file.kind(), file.path().display())
        }
        None if kind == "application default credentials" => {
            format!("{kind}: there is no file, so the metadata server is asked")
        }
        None => kind.to_owned(),
    };
    if let Some(account) = acts_as {
        text.push_str(&format!("; acts as {account}"));
    }
    text
}

async fn token(credentials: &Credentials, known: Option<String>) -> Check {
    match credentials.token_info().await {
        Ok(Some(info)) => {
            let principal = info.principal.clone().or(known);
            let details = json!({
                "principal": principal,
                "expiresInSeconds": info.expires_in.map(|left| left.as_secs()),
                "scopes": info.scopes,
            });
            Check::new("token", Ok(said(&info, principal.as_deref()))).with(details)
        }
        Ok(None) => Check::new("token", Ok("none is sent".to_owned())),
        Err(error) => Check::new("token", Err(error.into())),
    }
}

fn said(info: &TokenInfo, principal: Option<&str>) -> String {
    let who = match principal {
        Some(principal) => format!("stands for {principal}"),
        None => "does not tell for whom it stands".to_owned(),
    };
    match info.expires_in {
        Some(left) => format!("{who}, good for {}", minutes(left)),
        None => who,
    }
}

fn minutes(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// Reads one service, or none if there is none.
async fn access(settings: &Settings, client: Client, deadline: Deadline, base: &str) -> Check {
    let scope = match (settings.location(), settings.project()) {
        (Ok(location), _) => Scope::Region(location),
        (Err(_), Ok(project)) => Scope::AllRegions(project.clone()),
        (Err(_), Err(failure)) => return Check::new("access", Err(failure)),
    };
    let place = match &scope {
        Scope::Region(location) => format!("project {}, region {}", location.project, location.region),
        Scope::AllRegions(project) => format!("project {project}, all regions"),
    };
    let options = ListOptions { limit: Some(1), ..ListOptions::default() };
    let ops = Ops::new(client.clone());
    let read = async { client.list::<Service>(scope, &options).await.map_err(Failure::from) };
    let found = ops.within(deadline, read).await;
    let found = found.map(|_| format!("services can be read at {base} ({place})"));
    Check::new("access", found).with(json!({"endpoint": base}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::ExitStatus;

    #[test]
    fn the_first_that_fails_decides() {
        let fine = || Check::new("a", Ok("x".to_owned()));
        let bad = |name, status| Check::new(name, Err(Failure::new(status, "no").hint("do this")));
        assert!(verdict(vec![fine(), fine()]).is_ok());
        let failed =
            verdict(vec![fine(), bad("token", ExitStatus::Usage), bad("access", ExitStatus::NotAllowed)]);
        let failure = failed.unwrap_err();
        assert_eq!(
            (failure.status(), failure.to_string().as_str()),
            (ExitStatus::Usage, "2 of 3 checks failed; token: no")
        );
        assert_eq!(bad("token", ExitStatus::Usage).text(), "X token: no\n  hint: do this");
    }

    #[test]
    fn tokens_in_words() {
        let left = |seconds| minutes(Duration::from_secs(seconds));
        assert_eq!(
            (left(0), left(119), left(3599)),
            ("0 s".to_owned(), "119 s".to_owned(), "59 min".to_owned())
        );
        let info = TokenInfo::default();
        assert_eq!(said(&info, Some("a@b")), "stands for a@b");
        assert_eq!(said(&info, None), "does not tell for whom it stands");
        assert_eq!(source("access token", None, None), "access token");
        assert_eq!(source("access token", None, Some("sa@p")), "access token; acts as sa@p");
    }
}
