//! How a template names the secrets of other projects.

use super::error::Problem;
use super::secret::Secret;

/// The annotation with the names that stand for secrets of other projects: `NAME:projects/PROJECT/secrets/SECRET,…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aliases(Vec<(String, String)>);

impl Aliases {
    pub(super) fn read(text: Option<&str>) -> Result<Self, Problem> {
        let pairs = text.unwrap_or_default().split(',').map(str::trim).filter(|pair| !pair.is_empty());
        let pair = |pair: &str| match pair.split_once(':') {
            Some((alias, path)) if !alias.is_empty() => Ok((alias.to_owned(), path.to_owned())),
            _ => Err(Problem::Unreadable(format!("`{pair}` has no colon"))),
        };
        pairs.map(pair).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn text(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(alias, path)| format!("{alias}:{path}")).collect();
        Some(pairs.join(",")).filter(|text| !text.is_empty())
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(alias, _)| keep(alias));
    }

    fn path(&self, alias: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == alias).map(|(_, path)| path.as_str())
    }

    /// The name by which the template has the secret; one for another project's is added if there is none.
    pub(super) fn name_of(
        &mut self,
        secret: &Secret,
        is_used: impl Fn(&str) -> bool,
    ) -> Result<String, Problem> {
        let Some(project) = secret.project() else {
            return match self.path(secret.name()) {
                Some(_) => Err(Problem::SecretIsAlias(secret.name().to_owned())),
                None => Ok(secret.name().to_owned()),
            };
        };
        let path = format!("projects/{project}/secrets/{}", secret.name());
        if let Some((alias, _)) = self.0.iter().find(|(_, present)| *present == path) {
            return Ok(alias.clone());
        }
        let tail = project.rsplit(':').next().unwrap_or(project);
        let stem: String = secret.name().chars().take(30).collect();
        let free = |alias: &String| self.path(alias).is_none() && !is_used(alias);
        let mut alias = format!("{stem}-{tail}");
        for number in 2.. {
            if free(&alias) {
                break;
            }
            alias = format!("{stem}-{tail}-{number}");
        }
        self.0.push((alias.clone(), path));
        Ok(alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_used_again_and_never_shadows_a_secret() {
        let mut aliases = Aliases::read(Some("s:projects/1/secrets/shared, t:projects/2/secrets/t")).unwrap();
        let remote: Secret = "projects/1/secrets/shared:7".parse().unwrap();
        assert_eq!(aliases.name_of(&remote, |_| false).unwrap(), "s");
        let local: Secret = "s:1".parse().unwrap();
        assert_eq!(aliases.name_of(&local, |_| false), Err(Problem::SecretIsAlias("s".to_owned())));
        let other: Secret = "projects/3/secrets/t:1".parse().unwrap();
        assert_eq!(aliases.name_of(&other, |name| name == "t-3").unwrap(), "t-3-2");
        assert_eq!(
            aliases.text().unwrap(),
            "s:projects/1/secrets/shared,t:projects/2/secrets/t,t-3-2:projects/3/secrets/t"
        );
        assert!(Aliases::read(Some("nonsense")).is_err());
    }
}
