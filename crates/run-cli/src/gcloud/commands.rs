//! Commands of `gcloud run` that runctl has not.

use crate::terminal::Failure;

/// Commands by their words, and what to do instead.
const REFUSED: [(&[&str], &str); 15] = [
    (
        &["jobs", "logs"],
        "logs are another API, Cloud Logging: `gcloud beta run jobs logs read JOB`, or the console's Logs tab",
    ),
    (
        &["jobs", "executions", "logs"],
        "logs are another API, Cloud Logging: `gcloud beta run jobs executions logs read EXECUTION`, or the console's Logs tab",
    ),
    (
        &["worker-pools"],
        "worker pools come with a later release of runctl; until then use `gcloud run worker-pools`",
    ),
    (
        &["domain-mappings"],
        "domain mappings come with a later release of runctl; until then use `gcloud beta run domain-mappings`",
    ),
    (
        &["instances"],
        "instances come with a later release of runctl; until then use `gcloud beta run instances`",
    ),
    (
        &["multi-region-services"],
        "services in several regions at once are deployed with `gcloud beta run multi-region-services`",
    ),
    (
        &["compose"],
        "Compose files are read by `gcloud run compose`; runctl deploys an image with `runctl deploy`",
    ),
    (&["presets"], "presets are texts inside gcloud: `gcloud run presets`"),
    (&["integrations"], "integrations were taken out of Cloud Run; connect the services by hand"),
    (
        &["logs"],
        "logs are another API, Cloud Logging: `gcloud run services logs read SERVICE`, or the console's Logs tab",
    ),
    (
        &["services", "logs"],
        "logs are another API, Cloud Logging: `gcloud run services logs read SERVICE`, or the console's Logs tab",
    ),
    (
        &["services", "proxy"],
        "the proxy comes with a later release of runctl; until then use `gcloud run services proxy`",
    ),
    (&["services", "ssh"], "a shell in an instance goes through another API: `gcloud beta run services ssh`"),
    (&["services", "wait"], "`runctl wait SERVICE` waits for a service"),
    (
        &["revisions", "logs"],
        "logs are another API, Cloud Logging: `gcloud beta run revisions logs read REVISION`, or the console's Logs tab",
    ),
];

/// What to say of a command that gcloud has and runctl has not: the word that was not known, and those before it.
pub(crate) fn refused_command(words: &[&str]) -> Option<Failure> {
    let (words, instead) = REFUSED.iter().find(|(known, _)| *known == words)?;
    Some(
        Failure::usage(format!("`{}` is a command of gcloud's that runctl has not", words.join(" ")))
            .hint(*instead),
    )
}
