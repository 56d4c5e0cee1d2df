//! Settings, each resolved once: flag, then `RUNCTL_*`, then gcloud's variable, then gcloud's configuration, then
//! the metadata server.

pub(crate) mod env;
mod gcloud;
mod metadata;

use std::fs;
use std::path::PathBuf;

use run_api::{Credentials, Endpoint, Location, ProjectId, Region};

use crate::arguments::GlobalArguments;
use crate::terminal::Failure;
use gcloud::GcloudConfig;

/// What the flags and the surroundings say.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) project: Option<ProjectId>,
    pub(crate) region: Option<Region>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) credentials: Credentials,
    /// Who pays for requests, and whose quotas count, if it is not what the credential says.
    pub(crate) billing_project: Option<ProjectId>,
    /// Whether questions answer themselves.
    pub(crate) quiet: bool,
    /// Where each setting came from.
    origins: Vec<Origin>,
}

/// A setting, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) setting: &'static str,
    /// Nothing if it is not set; never a secret.
    pub(crate) value: Option<String>,
    pub(crate) source: String,
}

/// Where values are looked for.
struct Sources<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    gcloud: GcloudConfig,
    origins: Vec<Origin>,
}

impl Sources<'_> {
    fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn is_true(&self, name: &str) -> bool {
        self.set(name).is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes"))
    }

    /// The first of a flag, some variables and a property of gcloud's.
    fn first(
        &mut self,
        setting: &'static str,
        flag: Option<&String>,
        variables: &[&str],
        property: Option<(&str, &str)>,
    ) -> Option<String> {
        let from_flag = || Some((flag?.clone(), format!("--{setting}")));
        let from_variable =
            || variables.iter().find_map(|name| Some((self.set(name)?, format!("the variable {name}"))));
        let from_gcloud = || property.and_then(|(section, key)| self.gcloud.get(section, key));
        let (value, source) = from_flag().or_else(from_variable).or_else(from_gcloud).unzip();
        self.origins.push(Origin { setting, value: value.clone(), source: source.unwrap_or_default() });
        value
    }
}

impl Settings {
    /// Resolves the settings with the variables and files of this process.
    pub(crate) fn resolve(flags: &GlobalArguments) -> Result<Self, Failure> {
        Self::resolve_with(flags, &|name| std::env::var(name).ok(), &|path| fs::read_to_string(path).ok())
    }

    fn resolve_with(
        flags: &GlobalArguments,
        variable: &dyn Fn(&str) -> Option<String>,
        read: &dyn Fn(&PathBuf) -> Option<String>,
    ) -> Result<Self, Failure> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let gcloud = GcloudConfig::load(flags.configuration.as_deref(), &set, read);
        let mut sources = Sources { variable, gcloud, origins: Vec::new() };
        let project = sources.first(
            "project",
            flags.project.as_ref(),
            &[env::PROJECT, env::GCLOUD_PROJECT],
            Some(("core", "project")),
        );
        let region = sources.first(
            "region",
            flags.region.as_ref(),
            &[env::REGION, env::GCLOUD_REGION],
            Some(("run", "region")),
        );
        let endpoint = sources.first("endpoint", flags.endpoint.as_ref(), &[env::ENDPOINT], None);
        let credentials = credentials(flags, &mut sources, read)?;
        let billing_project = billing_project(&mut sources, flags.billing_project.as_ref(), project.as_ref());
        Ok(Self {
            project: project.map(ProjectId::new).transpose()?,
            region: region.map(Region::new).transpose()?,
            endpoint: endpoint.as_deref().map(self::endpoint).transpose()?,
            credentials,
            billing_project: billing_project.map(ProjectId::new).transpose()?,
            quiet: flags.quiet || sources.is_true(env::GCLOUD_NO_PROMPTS),
            origins: sources.origins,
        })
    }

    /// Fills in what nothing else has said, if this runs on Google Cloud.
    pub(crate) async fn ask_metadata_server(&mut self) -> Result<(), Failure> {
        if self.project.is_none() {
            self.project = metadata::project().await.map(ProjectId::new).transpose()?;
            self.note("project", self.project.as_ref().map(ToString::to_string));
        }
        // Where there is no project to be had, there is no metadata server.
        if self.region.is_none() && self.project.is_some() {
            self.region = metadata::region().await.map(Region::new).transpose()?;
            self.note("region", self.region.as_ref().map(ToString::to_string));
        }
        Ok(())
    }

    /// Where requests go: what the settings say, or what the environment says to every client of these crates.
    pub(crate) fn api_endpoint(&mut self) -> Result<Endpoint, Failure> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        let endpoint = Endpoint::from_environment()?;
        let named = [env::EMULATOR_HOST, env::GCLOUD_ENDPOINT].into_iter().find_map(|name| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            Some((name, value))
        });
        if let (Some(origin), Some((name, value))) =
            (self.origins.iter_mut().find(|origin| origin.setting == "endpoint"), named)
        {
            origin.value = Some(value);
            origin.source = format!("the variable {name}");
        }
        Ok(endpoint)
    }

    fn note(&mut self, setting: &str, found: Option<String>) {
        let origin = self.origins.iter_mut().find(|origin| origin.setting == setting);
        if let (Some(origin), Some(value)) = (origin, found) {
            origin.value = Some(value);
            origin.source = "the metadata server".to_owned();
        }
    }

    /// Each setting, and where it came from.
    pub(crate) fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Where one of them came from.
    pub(crate) fn origin(&self, setting: &str) -> Option<&Origin> {
        self.origins.iter().find(|origin| origin.setting == setting)
    }

    /// The project.
    pub(crate) fn project(&self) -> Result<&ProjectId, Failure> {
        self.project.as_ref().ok_or_else(|| {
            Failure::usage("no project is set").hint(format!(
                "use --project, {}, {} or `gcloud config set project`",
                env::PROJECT,
                env::GCLOUD_PROJECT
            ))
        })
    }

    /// The project and the region.
    pub(crate) fn location(&self) -> Result<Location, Failure> {
        self.location_in(None)
    }

    /// The project, and this region or else that of the settings.
    pub(crate) fn location_in(&self, region: Option<Region>) -> Result<Location, Failure> {
        let project = self.project()?.clone();
        let region = region.or_else(|| self.region.clone()).ok_or_else(|| {
            Failure::usage("no region is set").hint(format!(
                "use --region, {}, {} or `gcloud config set run/region`",
                env::REGION,
                env::GCLOUD_REGION
            ))
        })?;
        Ok(Location { project, region })
    }
}

/// The credential, and whom it is to act as.
fn credentials(
    flags: &GlobalArguments,
    sources: &mut Sources<'_>,
    read: &dyn Fn(&PathBuf) -> Option<String>,
) -> Result<Credentials, Failure> {
    let file = flags.access_token_file.as_ref().map(|path| (path.clone(), "--access-token-file"));
    let file = file.or_else(|| {
        let path =
            sources.set(env::GCLOUD_TOKEN_FILE).filter(|_| sources.set(env::GCLOUD_TOKEN).is_none())?;
        Some((path, env::GCLOUD_TOKEN_FILE))
    });
    let token = match &file {
        Some((path, by)) => Some(read(&PathBuf::from(path)).ok_or_else(|| {
            Failure::usage(format!("the token file `{path}` named by {by} cannot be read"))
        })?),
        None => sources.set(env::GCLOUD_TOKEN),
    };
    let is_off = sources.is_true(env::GCLOUD_NO_CREDENTIALS);
    let (kind, source) = match (is_off, &file, &token) {
        (true, ..) => ("none", env::GCLOUD_NO_CREDENTIALS.to_owned()),
        (_, Some((path, by)), _) => ("access token", format!("the file {path}, named by {by}")),
        (_, None, Some(_)) => ("access token", format!("the variable {}", env::GCLOUD_TOKEN)),
        _ => ("application default credentials", "what every Google client looks for".to_owned()),
    };
    sources.origins.push(Origin { setting: "credential", value: Some(kind.to_owned()), source });
    let account = sources.first(
        "impersonate-service-account",
        flags.impersonate_service_account.as_ref(),
        &[env::GCLOUD_IMPERSONATE],
        Some(("auth", "impersonate_service_account")),
    );
    match (is_off, token, account) {
        (true, ..) => Ok(Credentials::anonymous()),
        (_, Some(_), Some(_)) => Err(Failure::usage(
            "an access token and impersonation do not go together: a token is used as it is",
        )
        .hint("use application default credentials, or get the token for that service account")),
        (_, Some(token), None) => {
            let set_by = file.as_ref().map_or(env::GCLOUD_TOKEN, |(_, by)| by);
            Credentials::access_token(&token)
                .map_err(|error| Failure::usage(format!("{set_by}: {}", error.message())))
        }
        (_, None, Some(account)) => impersonation(&account),
        (_, None, None) => Ok(Credentials::default()),
    }
}

/// gcloud's list of accounts is a chain of delegates, whose last is the one to act as.
fn impersonation(accounts: &str) -> Result<Credentials, Failure> {
    let names = accounts.split(',').map(str::trim).filter(|account| !account.is_empty());
    let mut chain: Vec<String> = names.map(str::to_owned).collect();
    let account = chain.pop().unwrap_or_default();
    Credentials::impersonate(account, chain).map_err(|error| {
        Failure::usage(format!("cannot act as {accounts}: {}", error.message()))
            .hint("log in with `gcloud auth application-default login`, or name the credentials in GOOGLE_APPLICATION_CREDENTIALS")
    })
}

/// The project that pays: what is said, but for the words that gcloud has for other things.
fn billing_project(
    sources: &mut Sources<'_>,
    flag: Option<&String>,
    project: Option<&String>,
) -> Option<String> {
    let said = sources.first(
        "billing-project",
        flag,
        &[env::QUOTA_PROJECT, env::GCLOUD_QUOTA_PROJECT],
        Some(("billing", "quota_project")),
    )?;
    let meant = match said.to_ascii_uppercase().as_str() {
        "CURRENT_PROJECT" => project.cloned(),
        // The API's own choice, which is the project of the resource.
        "LEGACY" | "CURRENT_PROJECT_WITH_FALLBACK" => None,
        _ => Some(said),
    };
    if let Some(origin) = sources.origins.last_mut() {
        origin.value.clone_from(&meant);
    }
    meant
}

/// The endpoint that somebody typed. Plain `http` on this machine and without a path is an emulator, which must be
/// told the region by the host that a request would have had at Google.
pub(crate) fn endpoint(url: &str) -> Result<Endpoint, Failure> {
    let endpoint = Endpoint::fixed(url)?;
    match &endpoint {
        Endpoint::Fixed { url: parsed }
            if endpoint.is_loopback() && parsed.scheme() == "http" && parsed.path() == "/" =>
        {
            Ok(Endpoint::emulator(url)?)
        }
        _ => Ok(endpoint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(
        flags: GlobalArguments,
        variables: &[(&str, &str)],
        files: &[(&str, &str)],
    ) -> Result<Settings, Failure> {
        let find = |list: &[(&str, &str)], name: &str| {
            list.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::resolve_with(&flags, &|name| find(variables, name), &|path| find(files, path.to_str()?))
    }

    fn flags(project: Option<&str>) -> GlobalArguments {
        GlobalArguments { project: project.map(str::to_owned), ..GlobalArguments::default() }
    }

    #[test]
    fn each_source_wins_over_the_next() {
        let files = [
            ("/c/active_config", "work\n"),
            ("/c/configurations/config_work", "[core]\nproject = from-file\n[run]\nregion = us-east1\n"),
            ("/c/configurations/config_home", "[core]\nproject = from-home\n"),
        ];
        let mut variables = vec![(env::GCLOUD_CONFIG, "/c")];
        let project = |flags, variables: &[(&str, &str)]| {
            resolve(flags, variables, &files).unwrap().project.unwrap().to_string()
        };
        assert_eq!(project(flags(None), &variables), "from-file");
        assert_eq!(resolve(flags(None), &variables, &files).unwrap().region.unwrap().as_str(), "us-east1");
        variables.push((env::GCLOUD_ACTIVE_CONFIG, "home"));
        assert_eq!(project(flags(None), &variables), "from-home");
        variables.push((env::GCLOUD_PROJECT, "from-gcloud"));
        assert_eq!(project(flags(None), &variables), "from-gcloud");
        variables.push((env::PROJECT, "from-runctl"));
        assert_eq!(project(flags(None), &variables), "from-runctl");
        assert_eq!(project(flags(Some("from-flag")), &variables), "from-flag");
    }

    #[test]
    fn what_is_missing_is_told_with_every_way_to_set_it() {
        let settings = resolve(flags(None), &[], &[]).unwrap();
        let failure = settings.location().unwrap_err();
        assert_eq!(failure.to_string(), "no project is set");
        assert!(failure.hints()[0].contains("CLOUDSDK_CORE_PROJECT"));
        let settings = resolve(flags(Some("p")), &[], &[]).unwrap();
        assert_eq!(settings.location().unwrap_err().to_string(), "no region is set");
    }

    #[test]
    fn tokens() {
        let shown = |variables: &[(&str, &str)], files: &[(&str, &str)]| {
            resolve(flags(None), variables, files).map(|settings| format!("{:?}", settings.credentials))
        };
        assert_eq!(shown(&[], &[]).unwrap(), "Credentials(automatic)");
        assert_eq!(shown(&[(env::GCLOUD_TOKEN, "t")], &[]).unwrap(), "Credentials(access token)");
        assert_eq!(
            shown(&[(env::GCLOUD_TOKEN_FILE, "/t")], &[("/t", "t\n")]).unwrap(),
            "Credentials(access token)"
        );
        assert!(shown(&[(env::GCLOUD_TOKEN_FILE, "/t")], &[]).is_err());
        let both = [(env::GCLOUD_TOKEN, "t"), (env::GCLOUD_NO_CREDENTIALS, "True")];
        assert_eq!(shown(&both, &[]).unwrap(), "Credentials(none)");
    }

    #[test]
    fn who_pays() {
        let files = [(
            "/c/configurations/config_default",
            "[core]\nproject = mine\n[billing]\nquota_project = NAME\n",
        )];
        for (flag, variable, property, expected) in [
            (None, "", "NAME", None),
            (None, "", "payer", Some("payer")),
            (None, "", "CURRENT_PROJECT", Some("mine")),
            (None, "", "LEGACY", None),
            (None, "other", "payer", Some("other")),
            (Some("typed"), "other", "payer", Some("typed")),
        ] {
            let text = files[0].1.replace(
                "quota_project = NAME\n",
                &match property {
                    "NAME" => String::new(),
                    name => format!("quota_project = {name}\n"),
                },
            );
            let flags = GlobalArguments { billing_project: flag.map(str::to_owned), ..flags(None) };
            let variables = [(env::GCLOUD_CONFIG, "/c"), (env::QUOTA_PROJECT, variable)];
            let settings = resolve(flags, &variables, &[(files[0].0, &text)]).unwrap();
            assert_eq!(settings.billing_project.as_ref().map(ProjectId::as_str), expected, "{property}");
        }
    }
}
