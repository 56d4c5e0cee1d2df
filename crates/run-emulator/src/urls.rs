//! The addresses of services.
//!
//! The short form is `NAME-HASH-RC.localhost`, after Cloud Run's `NAME-HASH-RC.a.run.app`; the long one
//! `NAME-NUMBER.REGION.localhost`, after `NAME-NUMBER.REGION.run.app`. A tag is put before with three hyphens.

use run_api::Resource;
use run_api::known::annotations;
use run_api::types::{Addressable, Service};

use crate::project::fnv1a;
use crate::regions::Region;
use crate::store::Key;

/// The longest DNS label.
const LABEL: usize = 63;

/// The hosts of one service, without port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hosts<'a> {
    project: u64,
    region: &'static Region,
    service: &'a str,
}

impl<'a> Hosts<'a> {
    pub(crate) fn of(service: &'a Key) -> Self {
        Self { project: service.project, region: service.region(), service: &service.name }
    }

    /// The host that the service's status names.
    ///
    /// (Seen: the name of a service with 50 characters lost its last letter, so that the label had 63. That a tag
    /// takes its room from the name as well is inferred.)
    pub(crate) fn short(self, tag: Option<&str>) -> String {
        let (head, tail) = (head(tag), format!("-{}-{}", hash(self.project), self.region.code));
        let room = LABEL.saturating_sub(head.len() + tail.len());
        let name = self.service.get(..room).unwrap_or(self.service);
        format!("{head}{name}{tail}.localhost")
    }

    /// The host that depends on nothing but the names; none if its label would be too long. (Documented.)
    pub(crate) fn long(self, tag: Option<&str>) -> Option<String> {
        let label = format!("{}{}-{}", head(tag), self.service, self.project);
        (label.len() <= LABEL).then(|| format!("{label}.{}.localhost", self.region.name))
    }

    /// Both, the long one first.
    pub(crate) fn all(self, tag: Option<&str>) -> impl Iterator<Item = String> {
        self.long(tag).into_iter().chain([self.short(tag)])
    }
}

fn head(tag: Option<&str>) -> String {
    tag.map(|tag| format!("{tag}---")).unwrap_or_default()
}

/// Whether a service has the addresses that it is given by default.
pub(crate) fn has_default(service: &Service) -> bool {
    service.annotation(annotations::DEFAULT_URL_DISABLED) != Some("true")
}

/// Says in the status of a service where it is to be reached. (Seen: one without a default URL has an empty address.)
pub(crate) fn say_address(service: &mut Service, url: &str) {
    let url = has_default(service).then(|| url.to_owned());
    let status = service.status.get_or_insert_default();
    status.address = Some(Addressable { url: url.clone() });
    status.url = url;
}

/// Where the logs of a revision are to be seen. (Seen.)
pub(crate) fn logs_of_revision(key: &Key, service: &str) -> String {
    let (project, revision) = (key.project, &key.name);
    format!(
        "{LOGS}?project={project}&resource=cloud_run_revision/service_name/{service}/revision_name/{revision}\
         &advancedFilter=resource.type%3D%22cloud_run_revision%22%0Aresource.labels.service_name%3D%22{service}%22%0A\
         resource.labels.revision_name%3D%22{revision}%22"
    )
}

/// The same of an execution. (Seen: the form; the filter is inferred.)
pub(crate) fn logs_of_execution(key: &Key, job: &str) -> String {
    let (project, execution, region) = (key.project, &key.name, key.region().name);
    format!(
        "{LOGS}?project={project}&advancedFilter=resource.type%3D%22cloud_run_job%22%0Aresource.labels.job_name%3D%22\
         {job}%22%0Alabels.%22run.googleapis.com%2Fexecution_name%22%3D%22{execution}%22%0Aresource.labels.location\
         %3D%22{region}%22"
    )
}

const LOGS: &str = "https://console.cloud.google.com/logs/viewer";

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

    fn key(project: u64, name: &str) -> Key {
        Key::new(project, regions::find("us-central1").unwrap(), name)
    }

    #[test]
    fn forms() {
        let key = key(123_456_789_012, "hello");
        let hosts = Hosts::of(&key);
        let short = hosts.short(None);
        assert!(short.starts_with("hello-") && short.ends_with("-uc.localhost"), "{short}");
        assert_eq!(short.len(), "hello-0123456789-uc.localhost".len());
        assert_eq!(hosts.long(None).unwrap(), "hello-123456789012.us-central1.localhost");
        assert_eq!(hosts.short(Some("blue")), format!("blue---{short}"));
        assert_eq!(hosts.all(Some("blue")).count(), 2);
    }

    #[test]
    fn a_long_name_is_cut_to_a_label() {
        let key = key(123_456_789_012, &"s".repeat(63));
        for tag in [None, Some("blue"), Some("a-tag-of-forty-six-characters-which-is-a-lot-x")] {
            let host = Hosts::of(&key).short(tag);
            assert_eq!(host.split('.').next().unwrap().len(), 63, "{host}");
            assert_eq!(Hosts::of(&key).long(tag), None);
        }
        assert!(Hosts::of(&key).short(Some(&"t".repeat(63))).ends_with("-uc.localhost"));
    }
}
