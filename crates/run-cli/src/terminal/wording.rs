//! Errors in the words of people who use commands and do not call a library.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

/// The name of a call, and the resource that it was about.
static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:get|list|create|replace|delete|set|test|run|cancel|start|stop|wait)(?:_[a-z]+)+(?: (projects/[^\s:]+))?: ",
    )
    .ok()
});

/// What the server adds to a message on lines of its own: the address of the logs, which is told apart, and general advice.
static POSTSCRIPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\s*\n\s*(?:Logs URL: |For more troubleshooting guidance, see )[^\s)]*").ok()
});

/// The text without names of calls: resources are told as people know them, and only once.
pub(crate) fn plain(text: &str) -> String {
    let (Some(call), Some(postscript)) = (CALL.as_ref(), POSTSCRIPT.as_ref()) else { return text.to_owned() };
    let text = postscript.replace_all(text, "");
    let told = call.replace_all(&text, |found: &Captures<'_>| {
        let place = found.get(0).map_or(0, |whole| whole.start());
        match found.get(1).and_then(|resource| subject(resource.as_str())) {
            Some(subject) if !text[..place].contains(&subject) => format!("{subject}: "),
            _ => String::new(),
        }
    });
    told.into_owned()
}

/// `projects/P/locations/R/services/S` as people say it.
fn subject(resource: &str) -> Option<String> {
    let parts: Vec<&str> = resource.split('/').collect();
    let place = |project: &str, region: &str| match region {
        "-" => format!("project {project}, all regions"),
        region => format!("project {project}, region {region}"),
    };
    match parts.as_slice() {
        ["projects", project] => Some(format!("project {project}")),
        ["projects", project, "locations", region] => Some(place(project, region)),
        ["projects", project, "locations", region, kind, name] => {
            let kind = match *kind {
                "workerpools" | "workerPools" => "worker pool",
                "domainmappings" => "domain mapping",
                kind => kind.strip_suffix('s').unwrap_or(kind),
            };
            Some(format!("{kind} `{name}` ({})", place(project, region)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_become_resources() {
        for (text, expected) in [
            (
                "get_service projects/p/locations/r/services/s: NOT_FOUND (404): gone",
                "service `s` (project p, region r): NOT_FOUND (404): gone",
            ),
            (
                "service `s` (project p, region r): replace_service projects/p/locations/r/services/s: ABORTED (409): x",
                "service `s` (project p, region r): ABORTED (409): x",
            ),
            (
                "list_services_in_location projects/p/locations/-: no connection",
                "project p, all regions: no connection",
            ),
            ("list_services: no connection", "no connection"),
            ("it failed: set_service_iam_policy projects/p: denied", "it failed: project p: denied"),
            ("nothing to change", "nothing to change"),
            (
                "it failed: no port.\n\nLogs URL: https://c/l?a=b\nFor more troubleshooting guidance, see https://c/t#x (generation 2 was written)",
                "it failed: no port. (generation 2 was written)",
            ),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
