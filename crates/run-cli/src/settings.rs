//! Settings, each resolved once: flag, then `RUNCTL_*`, then gcloud's variable, then gcloud's configuration, then
//! the metadata server.

pub(crate) mod env;
mod metadata;

use std::fs;
use std::path::PathBuf;

use configparser::ini::Ini;
use run_api::{Credentials, Endpoint, Location, ProjectId, Region};

use crate::arguments::GlobalArguments;
use crate::terminal::Failure;

/// What the flags and the surroundings say.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) project: Option<ProjectId>,
    pub(crate) region: Option<Region>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) credentials: Credentials,
    /// Whether questions answer themselves.
    pub(crate) quiet: bool,
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
        let is_true = |name: &str| {
            set(name).is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes"))
        };
        let gcloud = GcloudConfig::load(&set, read);
        let project = flags
            .project
            .clone()
            .or_else(|| set(env::PROJECT))
            .or_else(|| set(env::GCLOUD_PROJECT))
            .or_else(|| gcloud.get("core", "project"));
        let region = flags
            .region
            .clone()
            .or_else(|| set(env::REGION))
            .or_else(|| set(env::GCLOUD_REGION))
            .or_else(|| gcloud.get("run", "region"));
        let endpoint = flags.endpoint.clone().or_else(|| set(env::ENDPOINT));
        let token_file = set(env::GCLOUD_TOKEN_FILE);
        let token = match (set(env::GCLOUD_TOKEN), &token_file) {
            (Some(token), _) => Some(token),
            (None, Some(path)) => Some(read(&PathBuf::from(path)).ok_or_else(|| {
                Failure::usage(format!(
                    "the token file `{path}` named by {} can not be read",
                    env::GCLOUD_TOKEN_FILE
                ))
            })?),
            (None, None) => None,
        };
        let credentials = match token {
            _ if is_true(env::GCLOUD_NO_CREDENTIALS) => Credentials::anonymous(),
            Some(token) => Credentials::access_token(&token)?,
            None => Credentials::default(),
        };
        Ok(Self {
            project: project.map(ProjectId::new).transpose()?,
            region: region.map(Region::new).transpose()?,
            endpoint: endpoint.as_deref().map(self::endpoint).transpose()?,
            credentials,
            quiet: flags.quiet || is_true(env::GCLOUD_NO_PROMPTS),
        })
    }

    /// Fills in what nothing else has said, if this runs on Google Cloud.
    pub(crate) async fn ask_metadata_server(&mut self) -> Result<(), Failure> {
        if self.project.is_none() {
            self.project = metadata::project().await.map(ProjectId::new).transpose()?;
        }
        // Where there is no project to be had, there is no metadata server.
        if self.region.is_none() && self.project.is_some() {
            self.region = metadata::region().await.map(Region::new).transpose()?;
        }
        Ok(())
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
        let project = self.project()?.clone();
        let region = self.region.clone().ok_or_else(|| {
            Failure::usage("no region is set").hint(format!(
                "use --region, {}, {} or `gcloud config set run/region`",
                env::REGION,
                env::GCLOUD_REGION
            ))
        })?;
        Ok(Location { project, region })
    }
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

/// gcloud's active configuration: an INI file in a folder of its own.
struct GcloudConfig(Option<Ini>);

impl GcloudConfig {
    fn load(set: &dyn Fn(&str) -> Option<String>, read: &dyn Fn(&PathBuf) -> Option<String>) -> Self {
        let folder = set(env::GCLOUD_CONFIG)
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(set(env::HOME)?).join(".config").join("gcloud")));
        let load = |folder: PathBuf| {
            let active = set(env::GCLOUD_ACTIVE_CONFIG)
                .or_else(|| Some(read(&folder.join("active_config"))?.trim().to_owned()))
                .unwrap_or_else(|| "default".to_owned());
            let text = read(&folder.join("configurations").join(format!("config_{active}")))?;
            let mut ini = Ini::new();
            // A file that gcloud itself could not read says nothing.
            ini.read(text).ok()?;
            Some(ini)
        };
        Self(folder.and_then(load))
    }

    fn get(&self, section: &str, key: &str) -> Option<String> {
        self.0.as_ref()?.get(section, key).filter(|value| !value.is_empty())
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
}
