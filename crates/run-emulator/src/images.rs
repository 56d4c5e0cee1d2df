//! Images are not pulled: a catalogue says how each behaves.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::process::LocalCommand;
use crate::project::fnv1a;

/// What happens when an image is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageBehaviour {
    /// Starts, listens, and answers every request with a JSON object that says the image's version, the service,
    /// the revision and its environment.
    Hello,
    /// Does not exist in its registry.
    Missing,
    /// Exists, but may not be pulled.
    Unauthorized,
    /// Starts and exits at once with this code.
    Exits {
        /// The exit code.
        code: i32,
    },
    /// Starts and never listens on its port; as a task, it never ends.
    NeverListens,
    /// As a task, its first attempts exit with this code, and later ones succeed. As a service it is like
    /// [`Hello`](Self::Hello).
    FailsAtFirst {
        /// How many attempts fail.
        attempts: u32,
        /// The exit code of those.
        code: i32,
    },
    /// Is a program on this machine, started when it is needed.
    Command(LocalCommand),
}

/// As a command line writes it: `hello`, `missing`, `unauthorized`, `never-listens`, `exits[:CODE]`,
/// `fails-at-first[:ATTEMPTS[:CODE]]`; a number that is left out is 1.
impl FromStr for ImageBehaviour {
    type Err = InvalidBehaviour;

    fn from_str(text: &str) -> Result<Self, InvalidBehaviour> {
        let parts: Vec<&str> = text.split(':').collect();
        let code = |text: &str| text.parse().ok();
        let parsed = match parts[..] {
            ["hello"] => Some(Self::Hello),
            ["missing"] => Some(Self::Missing),
            ["unauthorized"] => Some(Self::Unauthorized),
            ["never-listens"] => Some(Self::NeverListens),
            ["exits"] => Some(Self::Exits { code: 1 }),
            ["exits", given] => code(given).map(|code| Self::Exits { code }),
            ["fails-at-first"] => Some(Self::FailsAtFirst { attempts: 1, code: 1 }),
            ["fails-at-first", attempts] => {
                attempts.parse().ok().map(|attempts| Self::FailsAtFirst { attempts, code: 1 })
            }
            ["fails-at-first", attempts, given] => attempts
                .parse()
                .ok()
                .zip(code(given))
                .map(|(attempts, code)| Self::FailsAtFirst { attempts, code }),
            _ => None,
        };
        parsed.ok_or_else(|| InvalidBehaviour(text.to_owned()))
    }
}

/// A text that names no behaviour of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidBehaviour(String);

impl fmt::Display for InvalidBehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no behaviour of an image: hello, missing, unauthorized, never-listens, exits[:CODE], \
             fails-at-first[:ATTEMPTS[:CODE]]",
            self.0
        )
    }
}

impl std::error::Error for InvalidBehaviour {}

/// Behaviours by image reference.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    known: BTreeMap<String, ImageBehaviour>,
    unknown: ImageBehaviour,
}

impl Default for Catalogue {
    fn default() -> Self {
        let known = [
            ("docker.io/run-emulator/missing", ImageBehaviour::Missing),
            ("docker.io/run-emulator/unauthorized", ImageBehaviour::Unauthorized),
            ("docker.io/run-emulator/exits", ImageBehaviour::Exits { code: 1 }),
            ("docker.io/run-emulator/never-listens", ImageBehaviour::NeverListens),
            ("docker.io/run-emulator/flaky", ImageBehaviour::FailsAtFirst { attempts: 1, code: 1 }),
        ];
        Self {
            known: known.into_iter().map(|(image, behaviour)| (image.to_owned(), behaviour)).collect(),
            unknown: ImageBehaviour::Hello,
        }
    }
}

impl Catalogue {
    pub(crate) fn insert(&mut self, image: String, behaviour: ImageBehaviour) {
        self.known.insert(image, behaviour);
    }

    /// No container may replace a program from now on.
    pub(crate) fn fix_commands(&mut self) {
        for behaviour in self.known.values_mut().chain([&mut self.unknown]) {
            if let ImageBehaviour::Command(command) = behaviour {
                command.fix();
            }
        }
    }

    pub(crate) fn set_unknown(&mut self, behaviour: ImageBehaviour) {
        self.unknown = behaviour;
    }

    /// The behaviour of an image: by the whole reference, by it without tag and digest, or by the longest of its
    /// beginnings.
    pub(crate) fn behaviour(&self, image: &str) -> &ImageBehaviour {
        self.told(image).unwrap_or(&self.unknown)
    }

    /// Whether something was said about this image, and not just about all.
    pub(crate) fn is_named(&self, image: &str) -> bool {
        self.told(image).is_some()
    }

    fn told(&self, image: &str) -> Option<&ImageBehaviour> {
        let begins = |named: &str| named.strip_suffix('*').is_some_and(|start| image.starts_with(start));
        let by_beginning = || {
            let all = self.known.iter().filter(|(named, _)| begins(named));
            all.max_by_key(|(named, _)| named.len()).map(|(_, behaviour)| behaviour)
        };
        self.known.get(image).or_else(|| self.known.get(repository(image))).or_else(by_beginning)
    }
}

/// The reference without tag and digest.
fn repository(image: &str) -> &str {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    match named.rfind(':') {
        Some(at) if !named[at..].contains('/') => &named[..at],
        _ => named,
    }
}

/// The tag of a reference; `latest` if it has none.
pub(crate) fn version(image: &str) -> &str {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    let repository = repository(image);
    named.strip_prefix(repository).and_then(|tag| tag.strip_prefix(':')).unwrap_or("latest")
}

/// The reference with the digest to which a revision pins it: the same for the same reference.
pub(crate) fn pinned(image: &str) -> String {
    if image.contains("@sha256:") {
        return image.to_owned();
    }
    let part = |salt: u8| format!("{:016x}", fnv1a(&[image.as_bytes(), &[salt]].concat()));
    format!("{}@sha256:{}", repository(image), [part(0), part(1), part(2), part(3)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (image, name, tag) in [
            ("a/b", "a/b", "latest"),
            ("a/b:1.0", "a/b", "1.0"),
            ("localhost:5000/b", "localhost:5000/b", "latest"),
            ("localhost:5000/b:2@sha256:00", "localhost:5000/b", "2"),
        ] {
            assert_eq!((repository(image), version(image)), (name, tag), "{image}");
        }
        let digest = pinned("a/b:1.0");
        assert!(digest.starts_with("a/b@sha256:") && digest.len() == "a/b@sha256:".len() + 64, "{digest}");
        assert_ne!(digest, pinned("a/b:1.1"));
        assert_eq!(pinned(&digest), digest);
    }

    #[test]
    fn a_tag_can_behave_in_its_own_way() {
        let mut catalogue = Catalogue::default();
        catalogue.insert("a/b".to_owned(), ImageBehaviour::Missing);
        catalogue.insert("a/b:good".to_owned(), ImageBehaviour::Hello);
        assert_eq!(catalogue.behaviour("a/b:bad"), &ImageBehaviour::Missing);
        assert_eq!(catalogue.behaviour("a/b:good"), &ImageBehaviour::Hello);
        assert_eq!(catalogue.behaviour("unheard/of"), &ImageBehaviour::Hello);
    }

    #[test]
    fn the_longest_beginning_counts() {
        let mut catalogue = Catalogue::default();
        catalogue.insert("gcr.io/private/*".to_owned(), ImageBehaviour::Unauthorized);
        catalogue.insert("gcr.io/private/gone*".to_owned(), ImageBehaviour::Missing);
        catalogue.insert("gcr.io/private/gone-not".to_owned(), ImageBehaviour::Hello);
        assert_eq!(catalogue.behaviour("gcr.io/private/a:1"), &ImageBehaviour::Unauthorized);
        assert_eq!(catalogue.behaviour("gcr.io/private/gone:1"), &ImageBehaviour::Missing);
        assert_eq!(catalogue.behaviour("gcr.io/private/gone-not:1"), &ImageBehaviour::Hello);
        assert!(catalogue.is_named("gcr.io/private/a") && !catalogue.is_named("gcr.io/other"));
    }

    #[test]
    fn behaviours_by_name() {
        for (text, behaviour) in [
            ("hello", ImageBehaviour::Hello),
            ("missing", ImageBehaviour::Missing),
            ("unauthorized", ImageBehaviour::Unauthorized),
            ("never-listens", ImageBehaviour::NeverListens),
            ("exits", ImageBehaviour::Exits { code: 1 }),
            ("exits:-3", ImageBehaviour::Exits { code: -3 }),
            ("fails-at-first", ImageBehaviour::FailsAtFirst { attempts: 1, code: 1 }),
            ("fails-at-first:2:7", ImageBehaviour::FailsAtFirst { attempts: 2, code: 7 }),
        ] {
            assert_eq!(text.parse(), Ok(behaviour), "{text}");
        }
        for bad in ["", "Hello", "hello:1", "exits:", "exits:x", "exits:1:2", "fails-at-first:-1"] {
            let error = bad.parse::<ImageBehaviour>().unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains("never-listens"), "{error}");
        }
    }
}
