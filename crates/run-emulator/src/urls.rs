//! The addresses of services.
//!
//! The short form is `NAME-HASH-RC.localhost`, after Cloud Run's `NAME-HASH-RC.a.run.app`; the long one
//! `NAME-NUMBER.REGION.localhost`, after `NAME-NUMBER.REGION.run.app`. A tag is put before with three hyphens.

use crate::project::fnv1a;
use crate::regions::Region;

/// The longest DNS label.
const LABEL: usize = 63;

/// The address of one service, without scheme and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosts {
    pub(crate) short: String,
    pub(crate) long: String,
}

impl Hosts {
    pub(crate) fn of(project: u64, region: &Region, service: &str) -> Self {
        let tail = format!("-{}-{}", hash(project), region.code);
        // (Seen: the name of a service with 50 characters lost its last letter, so that the label had 63.)
        let name = service.get(..LABEL - tail.len()).unwrap_or(service);
        Self {
            short: format!("{name}{tail}.localhost"),
            long: format!("{service}-{project}.{}.localhost", region.name),
        }
    }
}

/// The host of a tag.
pub(crate) fn tagged(tag: &str, host: &str) -> String {
    format!("{tag}---{host}")
}

/// Ten letters and digits that depend on the project alone, as in Cloud Run's addresses.
fn hash(project: u64) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bits = fnv1a(&project.to_be_bytes());
    let mut text = String::with_capacity(10);
    for _ in 0..10 {
        text.push(char::from(ALPHABET[usize::try_from(bits % 32).unwrap_or_default()]));
        bits /= 32;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions;

    #[test]
    fn forms() {
        let hosts = Hosts::of(123_456_789_012, regions::find("us-central1").unwrap(), "hello");
        assert!(hosts.short.starts_with("hello-") && hosts.short.ends_with("-uc.localhost"), "{hosts:?}");
        assert_eq!(hosts.short.len(), "hello-0123456789-uc.localhost".len());
        assert_eq!(hosts.long, "hello-123456789012.us-central1.localhost");
        assert_eq!(tagged("blue", "x.localhost"), "blue---x.localhost");
    }

    #[test]
    fn a_long_name_is_cut_to_a_label() {
        let name = "s".repeat(63);
        let hosts = Hosts::of(1, regions::find("us-central1").unwrap(), &name);
        assert_eq!(hosts.short.split('.').next().unwrap().len(), 63);
    }
}
