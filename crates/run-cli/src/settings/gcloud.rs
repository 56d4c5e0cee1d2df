//! gcloud's own configuration files.

use std::path::PathBuf;

use configparser::ini::Ini;

use super::env;

/// gcloud's active configuration: an INI file in a folder of its own.
pub(super) struct GcloudConfig(Option<(Ini, String)>);

impl GcloudConfig {
    pub(super) fn load(
        named: Option<&str>,
        set: &dyn Fn(&str) -> Option<String>,
        read: &dyn Fn(&PathBuf) -> Option<String>,
    ) -> Self {
        let folder = set(env::GCLOUD_CONFIG)
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(set(env::HOME)?).join(".config").join("gcloud")));
        let load = |folder: PathBuf| {
            let active = named
                .map(str::to_owned)
                .or_else(|| set(env::GCLOUD_ACTIVE_CONFIG))
                .or_else(|| Some(read(&folder.join("active_config"))?.trim().to_owned()))
                .unwrap_or_else(|| "default".to_owned());
            let text = read(&folder.join("configurations").join(format!("config_{active}")))?;
            let mut ini = Ini::new();
            // A file that gcloud itself could not read says nothing.
            ini.read(text).ok()?;
            Some((ini, format!("gcloud's configuration `{active}`")))
        };
        Self(folder.and_then(load))
    }

    /// A property, and where it stands.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<(String, String)> {
        let (ini, configuration) = self.0.as_ref()?;
        let value = ini.get(section, key).filter(|value| !value.is_empty())?;
        Some((value, format!("{section}/{key} in {configuration}")))
    }
}
