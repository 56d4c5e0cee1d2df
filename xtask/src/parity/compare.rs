//! What two emulators have, field by field.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// A place at which the two are not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// The keys and indexes that lead there.
    pub(super) path: Vec<String>,
    gcloud: Option<Value>,
    runctl: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: gcloud {}, runctl {}", self.path.join(" "), text(&self.gcloud), text(&self.runctl))
    }
}

/// What differs; whoever has a value that is not there for the other has `None` for it.
pub(super) fn differences(gcloud: &Value, runctl: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), Some(gcloud), Some(runctl), &mut found);
    found
}

fn compare(path: &mut Vec<String>, left: Option<&Value>, right: Option<&Value>, found: &mut Vec<Difference>) {
    let mut inner = |key: String, left: Option<&Value>, right: Option<&Value>| {
        path.push(key);
        compare(path, left, right, found);
        path.pop();
    };
    match (left, right) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                inner(key.clone(), left.get(key), right.get(key));
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                inner(index.to_string(), left.get(index), right.get(index));
            }
        }
        (left, right) if left == right => {}
        (left, right) => {
            found.push(Difference { path: path.clone(), gcloud: left.cloned(), runctl: right.cloned() })
        }
    }
}

/// Keys whose values are of one run: times, versions, ids.
const OF_ONE_RUN: [&str; 16] = [
    "completionTime",
    "completionTimestamp",
    "creationTimestamp",
    "etag",
    "lastTransitionTime",
    "logUri",
    "logUrl",
    "resourceVersion",
    "selfLink",
    "startTime",
    "uid",
    "run.googleapis.com/jobResourceVersion",
    "run.googleapis.com/jobUid",
    "run.googleapis.com/lastUpdatedTime",
    "run.googleapis.com/operation-id",
    "serving.knative.dev/serviceUid",
];
/// Keys that say who wrote, or that it was written again.
const OF_THE_CLIENT: [&str; 4] = [
    "run.googleapis.com/client-name",
    "run.googleapis.com/client-version",
    "client.knative.dev/nonce",
    "run-rs.dev/writes",
];

/// Takes out what differs between any two runs, and gives one form to what means the same: names that are made at random,
/// and JSON within texts.
pub(super) fn normalise(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !OF_ONE_RUN.contains(&&**key) && !OF_THE_CLIENT.contains(&&**key));
            fields.values_mut().for_each(normalise);
            *fields =
                std::mem::take(fields).into_iter().map(|(key, value)| (any_name(&key), value)).collect();
            // What only held the client's notes is as if it had never been there.
            for key in ["annotations", "labels"] {
                fields.get(key).is_some_and(|map| *map == serde_json::json!({})).then(|| fields.remove(key));
            }
            made_up_names(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::String(text) => {
            let is_json = text.starts_with(['[', '{']);
            match serde_json::from_str::<Value>(text) {
                Ok(inner) if is_json => *value = inner,
                _ => *text = without_duration(&any_name(text)),
            }
        }
        _ => {}
    }
}

/// `Deploying revision succeeded in 0.01s.`, however long it took.
fn without_duration(text: &str) -> String {
    let is_duration =
        |word: &str| word.strip_suffix("s.").is_some_and(|number| number.parse::<f64>().is_ok());
    let word = |word| if is_duration(word) { "***" } else { word };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Names of revisions and executions as the server and gcloud make them, `app-00002-xyz` and `job-xkq4z`, without their
/// random ends.
fn any_name(text: &str) -> String {
    let (mut changed, mut word) = (String::with_capacity(text.len()), String::new());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || character == '-' {
            word.push(character);
            continue;
        }
        changed.push_str(&without_end(&word));
        word.clear();
        changed.push(character);
    }
    changed + &without_end(&word)
}

fn without_end(word: &str) -> String {
    const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";
    let (name, task) = match word.rsplit_once("-task") {
        Some((name, number)) if number.parse::<u32>().is_ok() => (name, &word[name.len()..]),
        _ => (word, ""),
    };
    if let Some((rest, end)) = name.rsplit_once('-')
        && end.len() == 5
        && end.chars().all(|character| LETTERS.contains(character))
        && rest.starts_with(|character: char| character.is_ascii_lowercase())
    {
        return format!("{rest}-***{task}");
    }
    let is_made = word.rsplit_once('-').is_some_and(|(rest, end)| {
        let number = rest.rsplit_once('-').map_or("", |(_, number)| number);
        end.len() == 3
            && end.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
            && number.len() == 5
            && number.chars().all(|character| character.is_ascii_digit())
    });
    if is_made { format!("{}***", &word[..word.len() - 3]) } else { word.to_owned() }
}

/// Gives volumes of secrets, and the names under which secrets of other projects are known, the names of what they are.
fn made_up_names(fields: &mut serde_json::Map<String, Value>) {
    let mut names = BTreeMap::new();
    let aliases = fields
        .get("metadata")
        .and_then(|metadata| metadata.pointer("/annotations/run.googleapis.com~1secrets"));
    if let Some(aliases) = aliases.and_then(Value::as_str) {
        names.extend(aliases.split(',').filter_map(|alias| {
            let (name, path) = alias.split_once(':')?;
            Some((name.to_owned(), path.to_owned()))
        }));
        let mut paths: Vec<&String> = names.values().collect();
        paths.sort();
        let paths = paths.into_iter().cloned().collect::<Vec<_>>().join(",");
        if let Some(at) = fields["metadata"].pointer_mut("/annotations/run.googleapis.com~1secrets") {
            *at = paths.into();
        }
        rename(fields, &names);
        names.clear();
    }
    let volumes = fields.get("volumes").and_then(Value::as_array);
    for (index, volume) in volumes.into_iter().flatten().enumerate() {
        if let (Some(name), Some(_)) = (volume["name"].as_str(), volume["secret"]["secretName"].as_str()) {
            names.insert(name.to_owned(), format!("secret volume {index}"));
        }
    }
    rename(fields, &names);
}

fn rename(fields: &mut serde_json::Map<String, Value>, names: &BTreeMap<String, String>) {
    fn within(value: &mut Value, names: &BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => rename(fields, names),
            Value::Array(items) => items.iter_mut().for_each(|item| within(item, names)),
            _ => {}
        }
    }
    for (key, value) in fields.iter_mut() {
        match value {
            Value::String(text) if matches!(&**key, "name" | "secretName") => {
                if let Some(name) = names.get(text) {
                    text.clone_from(name);
                }
            }
            inner => within(inner, names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_name_the_place_and_both_values() {
        let (left, right) =
            (json!({"a": [1, {"b": "x"}], "c": true}), json!({"a": [1, {"b": "y"}, 2], "d": null}));
        let found: Vec<String> = differences(&left, &right).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                r#"a 1 b: gcloud "x", runctl "y""#,
                "a 2: gcloud nothing, runctl 2",
                "c: gcloud true, runctl nothing",
                "d: gcloud nothing, runctl null",
            ]
        );
        assert_eq!(differences(&left, &left), []);
    }

    #[test]
    fn what_is_of_one_run_is_gone() {
        let mut object = json!({
            "metadata": {
                "uid": "1", "name": "app", "labels": {"client.knative.dev/nonce": "x"},
                "annotations": {"run.googleapis.com/client-name": "gcloud", "kept": "[1, 2]"},
            },
            "status": {"latest": "app-00002-xyz", "said": "'app-00002-xyz' (in 0.02s.)", "short": "a-00002-xy", "run": "job-xkq4z-task1"},
        });
        normalise(&mut object);
        assert_eq!(
            object,
            json!({
                "metadata": {"name": "app", "annotations": {"kept": [1, 2]}},
                "status": {"latest": "app-00002-***", "said": "'app-00002-***' (in 0.02s.)", "short": "a-00002-xy", "run": "job-***-task1"},
            })
        );
    }

    #[test]
    fn names_that_are_made_up_are_those_of_what_they_stand_for() {
        let template = |volume: &str, alias: &str| {
            let mut template = json!({
                "metadata": {"annotations": {"run.googleapis.com/secrets": format!("{alias}:projects/1/secrets/s")}},
                "spec": {
                    "containers": [{"volumeMounts": [{"name": volume, "mountPath": "/s"}]}],
                    "volumes": [{"name": volume, "secret": {"secretName": alias}}],
                },
            });
            normalise(&mut template);
            template
        };
        let one = template("s-abc-def", "secret-1");
        assert_eq!(one, template("s", "other"));
        assert_eq!(one["spec"]["volumes"][0]["secret"]["secretName"], "projects/1/secrets/s");
        assert_eq!(
            one["spec"]["containers"][0]["volumeMounts"][0]["name"],
            one["spec"]["volumes"][0]["name"]
        );
    }
}
