//! `cargo xtask spec import`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use openapiv3::OpenAPI;
use sha2::{Digest, Sha256};

use super::check;
use super::convert;
use super::discovery;
use super::outline::outline;
use super::prose::Prose;
use super::renames::Renames;
use super::report::Report;
use super::source;

/// The specification, relative to the root of the workspace.
pub(crate) const SPEC: &str = "specs/run-v1.json";

/// How an import is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes {
    /// Fill what has no description with the texts of the discovery document.
    pub(crate) google_texts: bool,
    /// Write even if names of the committed specification are gone.
    pub(crate) allow_removals: bool,
}

/// What an import makes of a document.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The specification as JSON.
    pub(crate) spec: String,
    /// The ids of its methods, one a line.
    pub(crate) methods: String,
    pub(crate) report: Report,
}

/// What became of an import.
#[derive(Debug)]
pub(crate) struct Outcome {
    report: Report,
    written: bool,
}

impl Outcome {
    /// Whether the files were written.
    pub(crate) fn is_success(&self) -> bool {
        self.written
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report)?;
        if !self.written {
            let lost = self.report.lost_names();
            writeln!(
                f,
                "nothing was written, since {lost} {} would go; with `--allow-removals` they may",
                if lost == 1 { "name" } else { "names" }
            )?;
        }
        Ok(())
    }
}

/// Reads a discovery document, writes the specification and the list of methods.
///
/// # Errors
/// If the document cannot be read or converted, or the files cannot be written.
pub(crate) fn run(source: &str, wishes: Wishes, out: Option<PathBuf>) -> Result<Outcome> {
    let committed = crate::workspace::root().join(SPEC);
    let before = committed.exists().then(|| read_spec(&committed)).transpose()?;
    let text = source::read(source)?;
    let Imported { spec, methods, report } =
        import(&text, before.as_ref(), wishes.google_texts).with_context(|| format!("in `{source}`"))?;
    let written = wishes.allow_removals || report.lost_names() == 0;
    if written {
        let out = out.unwrap_or(committed);
        write(&out, &spec)?;
        write(&out.with_file_name("methods.txt"), &methods)?;
    }
    Ok(Outcome { report, written })
}

/// Converts the text of a discovery document, keeping the descriptions of `before`.
///
/// # Errors
/// If it is not the discovery document of the API, or has something that cannot be converted.
pub(crate) fn import(text: &str, before: Option<&OpenAPI>, google_texts: bool) -> Result<Imported> {
    let document = discovery::parse(text)?;
    let conversion = convert::convert(&document, &sha256(text))?;
    let mut spec = conversion.spec;
    let old = before.map(outline).unwrap_or_default();
    let new = outline(&spec);
    let renames = Renames::between(&old, &new);
    let old_prose = before.map(Prose::of).unwrap_or_default();
    old_prose.clone().renamed(&renames).fill(&mut spec);
    if google_texts {
        conversion.google.safe_for_rustdoc().fill(&mut spec);
    }
    let report = Report::new(&old, &new, &renames, (&old_prose, &Prose::of(&spec)));
    let spec = serde_json::to_string_pretty(&spec)? + "\n";
    parse_spec(&spec).context("what it would become is no specification to generate from")?;
    let methods = conversion.method_ids.join("\n") + "\n";
    Ok(Imported { spec, methods, report })
}

/// Reads a specification that an import wrote, and perhaps a person edited.
///
/// # Errors
/// If the file cannot be read or is not a specification to generate from.
pub(crate) fn read_spec(path: &Path) -> Result<OpenAPI> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    parse_spec(&text).with_context(|| format!("in `{}`", path.display()))
}

/// Reads the text of such a specification.
///
/// # Errors
/// If it is not a specification to generate from.
pub(crate) fn parse_spec(text: &str) -> Result<OpenAPI> {
    check::parse(text)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::scratch::Scratch;
    use crate::spec::inverse;

    const SMALL: &str = include_str!("../../tests/data/small.discovery.json");

    fn spec(text: &str) -> OpenAPI {
        serde_json::from_str(text).unwrap()
    }

    /// The small document with some text replaced, which must occur in it.
    fn edited(from: &str, to: &str) -> String {
        assert!(SMALL.contains(from), "nothing to replace: {from}");
        SMALL.replacen(from, to, 1)
    }

    #[test]
    fn every_construct_is_converted() {
        let imported = import(SMALL, None, false).unwrap();
        insta::assert_snapshot!(imported.spec);
    }

    #[test]
    fn the_readme_says_where_the_specification_came_from() {
        let specs = crate::workspace::root().join("specs");
        let readme = fs::read_to_string(specs.join("README.md")).unwrap();
        let spec = read_spec(&specs.join("run-v1.json")).unwrap();
        for key in [convert::REVISION, convert::SHA256] {
            let value = spec.info.extensions[key].as_str().unwrap();
            assert!(readme.contains(value), "{key} in specs/README.md should be {value}");
        }
    }

    #[test]
    fn everything_is_described() {
        let spec = read_spec(&crate::workspace::root().join(SPEC)).unwrap();
        let prose = Prose::of(&spec);
        let outline = outline(&spec);
        let undescribed: Vec<_> = outline.keys().filter(|key| prose.get(key).is_none()).collect();
        assert!(undescribed.is_empty(), "describe them in {SPEC}, in your own words: {undescribed:#?}");
    }

    #[test]
    fn both_files_are_written_where_they_are_wanted() {
        let wishes = Wishes { allow_removals: true, ..Wishes::default() };
        let scratch = Scratch::new("import");
        let source = scratch.path().join("discovery.json");
        fs::write(&source, SMALL).unwrap();
        let out = scratch.path().join("small.json");
        run(source.to_str().unwrap(), wishes, Some(out.clone())).unwrap();
        assert_eq!(read_spec(&out).unwrap().info.title, "Shelf API");
        let methods = fs::read_to_string(scratch.path().join("methods.txt")).unwrap();
        assert_eq!(methods.lines().count(), 11);

        fs::write(&source, "{}").unwrap();
        let error = run(source.to_str().unwrap(), wishes, Some(out)).unwrap_err();
        let expected = format!("in `{}`: not a discovery document: it has no `kind`", source.display());
        assert_eq!(format!("{error:#}"), expected);
    }

    #[test]
    fn methods_are_listed_by_id() {
        let imported = import(SMALL, None, false).unwrap();
        insta::assert_snapshot!(imported.methods, @"
        run.namespaces.services.create
        run.namespaces.services.delete
        run.namespaces.services.get
        run.namespaces.services.list
        run.namespaces.services.replaceService
        run.namespaces.workerpools.stop
        run.projects.locations.list
        run.projects.locations.operations.wait
        run.projects.locations.services.get
        run.projects.locations.services.getIamPolicy
        run.projects.locations.services.setIamPolicy
        ");
    }

    #[test]
    fn the_order_of_the_document_does_not_matter() {
        let mut reversed = String::new();
        write_reversed(&serde_json::from_str(SMALL).unwrap(), &mut reversed);
        assert!(reversed.find("\"title\"") < reversed.find("\"resources\""));
        let convert = |text| {
            let document = discovery::parse(text).unwrap();
            let conversion = convert::convert(&document, "the same").unwrap();
            serde_json::to_string_pretty(&conversion.spec).unwrap()
        };
        assert_eq!(convert(&reversed), convert(SMALL));
    }

    /// JSON with the keys of every object in descending order.
    fn write_reversed(value: &Value, text: &mut String) {
        match value {
            Value::Object(object) => {
                let mut keys: Vec<_> = object.keys().collect();
                keys.sort_by(|a, b| b.cmp(a));
                for (at, key) in keys.into_iter().enumerate() {
                    text.push_str(if at == 0 { "{" } else { "," });
                    text.push_str(&format!("{}:", Value::from(key.as_str())));
                    write_reversed(&object[key], text);
                }
                text.push_str(if object.is_empty() { "{}" } else { "}" });
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    text.push_str(if at == 0 { "[" } else { "," });
                    write_reversed(item, text);
                }
                text.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            other => text.push_str(&other.to_string()),
        }
    }

    #[test]
    fn our_descriptions_outlive_an_import_and_google_s_do_not_replace_them() {
        let mut before = spec(&import(SMALL, None, false).unwrap().spec);
        let mut ours = Prose::default();
        ours.set_schema("Container", Some("Our schema."));
        ours.set_property("HttpGetAction", "path", Some("Our property."));
        ours.set_operation("get_service", Some("Our operation."));
        ours.set_parameter("list_services.limit", Some("Our parameter."));
        ours.fill(&mut before);

        let kept = spec(&import(SMALL, Some(&before), false).unwrap().spec);
        assert_eq!(Prose::of(&kept), ours);

        let filled = Prose::of(&spec(&import(SMALL, Some(&before), true).unwrap().spec));
        for (key, text) in [
            ("Container", "Our schema."),
            ("operation get_service", "Our operation."),
            ("parameter list_services.limit", "Our parameter."),
            ("Service", "A service. See <https://shelf.example/services>."),
            ("Service.metadata", "Data about it."),
            ("Condition.type", "Type."),
            ("operation list_services", "Lists \\[some\\] of them."),
            ("parameter fields", "Partial answers, see <https://shelf.example/fields>."),
            ("parameter list_locations.limit", "Page size, as text."),
        ] {
            assert_eq!(filled.get(key), Some(text), "{key}");
        }
    }

    #[test]
    fn the_report_says_what_is_new_changed_gone_and_undescribed() {
        let mut before = spec(&import(SMALL, None, true).unwrap().spec);
        let mut all = Prose::default();
        for name in ["fields", "kinds"] {
            all.set_parameter(name, Some("Said."));
        }
        all.fill(&mut before);
        let after = edited("\"oldPath\"", "\"newPath\"")
            .replace("\"google-datetime\"", "\"google-duration\"")
            .replace("services/{servicesId}:getIamPolicy", "services/{servicesId}:readIamPolicy")
            .replacen("\"deprecated\": true,", "", 1);
        let report = import(&after, Some(&before), false).unwrap().report;
        insta::assert_snapshot!(report);
        let nothing = import(SMALL, Some(&before), false).unwrap().report;
        assert!(!nothing.to_string().contains("new ("), "{nothing}");
    }

    #[test]
    fn the_committed_specification_comes_back_as_it_is() {
        let committed = inverse::committed();
        let text = inverse::discovery_of(&committed).to_string();
        let before = spec(&committed.to_string());
        let imported = import(&text, Some(&before), false).unwrap();
        let mut after: Value = serde_json::from_str(&imported.spec).unwrap();
        assert_eq!(after["info"][convert::SHA256], sha256(&text));
        after["info"][convert::SHA256] = committed["info"][convert::SHA256].clone();
        assert!(after == committed, "{}", imported.report);
        assert_eq!(imported.report.lost_names(), 0);
        assert!(!imported.report.to_string().contains("new ("), "{}", imported.report);
    }

    /// The document behind the committed specification, with a change of each kind.
    fn changed(committed: &Value) -> Value {
        let mut document = inverse::discovery_of(committed);
        let schemas = &mut document["schemas"];
        // A field, one of them recursive.
        schemas["Container"]["properties"]["gpuShare"] = json!({ "type": "number", "format": "float" });
        schemas["Overrides"]["properties"]["fallback"] = json!({ "$ref": "Overrides" });
        // Other names.
        let status = schemas["InstanceStatus"]["properties"].as_object_mut().unwrap();
        let log = status.remove("logUri").unwrap();
        status.insert("logUrl".to_owned(), log);
        // Fewer fields.
        schemas["ResourceRecord"]["properties"].as_object_mut().unwrap().remove("rrdata");
        // Other values, another type.
        schemas["ExecutionReference"]["properties"]["completionStatus"]["enum"] =
            json!(["COMPLETION_STATUS_UNSPECIFIED", "EXECUTION_SUCCEEDED", "EXECUTION_PAUSED"]);
        schemas["TaskSpec"]["properties"]["maxRetries"] = json!({ "type": "string", "format": "int64" });
        // A collection.
        schemas["Gizmo"] = json!({ "id": "Gizmo", "type": "object", "properties": {
            "metadata": { "$ref": "ObjectMeta" },
            "parts": { "type": "array", "items": { "$ref": "Gizmo" } },
        } });
        let namespace = "apis/run.googleapis.com/v1/namespaces/{namespacesId}";
        inverse::place(
            &mut document,
            json!({
                "id": "run.namespaces.gizmos.get",
                "httpMethod": "GET",
                "flatPath": format!("{namespace}/gizmos/{{gizmosId}}"),
                "response": { "$ref": "Gizmo" },
            }),
        );
        // A method, a parameter, and a method less.
        inverse::place(
            &mut document,
            json!({
                "id": "run.namespaces.jobs.pause",
                "httpMethod": "POST",
                "flatPath": format!("{namespace}/jobs/{{jobsId}}:pause"),
                "request": { "$ref": "CancelExecutionRequest" },
                "response": { "$ref": "Job" },
            }),
        );
        let namespaces = &mut document["resources"]["namespaces"]["resources"];
        namespaces["jobs"]["methods"]["delete"]["parameters"]["force"] =
            json!({ "type": "boolean", "location": "query" });
        namespaces["instances"]["methods"].as_object_mut().unwrap().remove("stop");
        // A schema and a method with other names.
        let text = document.to_string().replace("\"TCPSocketAction\"", "\"TCPConnectAction\"");
        serde_json::from_str(
            &text.replace("run.namespaces.executions.cancel", "run.namespaces.executions.abort"),
        )
        .unwrap()
    }

    #[test]
    fn the_report_on_a_changed_copy_of_the_whole_document() {
        let mut committed = inverse::committed();
        let undescribed = &mut committed["components"]["schemas"]["HttpHeader"]["properties"]["name"];
        undescribed.as_object_mut().unwrap().remove("description");
        let text = changed(&committed).to_string();
        let before = spec(&committed.to_string());
        let imported = import(&text, Some(&before), false).unwrap();
        insta::assert_snapshot!(imported.report);

        let (old, new) = (Prose::of(&before), Prose::of(&spec(&imported.spec)));
        for (before, after) in [
            ("InstanceStatus.logUri", "InstanceStatus.logUrl"),
            ("TcpSocketAction", "TcpConnectAction"),
            ("TcpSocketAction.port", "TcpConnectAction.port"),
            ("operation cancel_execution", "operation abort_execution"),
        ] {
            assert_eq!(old.get(before), new.get(after), "{after}");
        }
    }

    #[test]
    fn nothing_is_written_if_names_would_go_unless_they_may() {
        let scratch = Scratch::new("removals");
        let source = scratch.path().join("discovery.json");
        let source_text = changed(&inverse::committed()).to_string();
        fs::write(&source, source_text).unwrap();
        let out = scratch.path().join("out.json");
        let import = |allow_removals| {
            let wishes = Wishes { allow_removals, ..Wishes::default() };
            run(source.to_str().unwrap(), wishes, Some(out.clone())).unwrap()
        };

        let outcome = import(false);
        assert!(!outcome.is_success());
        assert!(!out.exists());
        let last = outcome.to_string().lines().last().unwrap().to_owned();
        insta::assert_snapshot!(last, @"nothing was written, since 7 names would go; with `--allow-removals` they may");

        let outcome = import(true);
        assert!(outcome.is_success());
        assert!(!outcome.to_string().contains("nothing was written"));
        assert!(read_spec(&out).is_ok());
    }

    #[test]
    fn what_cannot_be_carried_over_is_refused() {
        let unknown = "unknown construct";
        for (from, to, message) in [
            ("\"kind\": \"discovery#restDescription\"", "\"kind\": \"other\"", "its `kind` is `other`"),
            ("\"kind\": \"discovery#restDescription\",", "", "it has no `kind`"),
            ("\"revision\": \"20300102\",", "", "missing field `revision`"),
            (
                "\"name\": \"run\"",
                "\"name\": \"shelf\"",
                "it describes shelf v1; the importer is for run v1 alone",
            ),
            (
                "\"version\": \"v1\"",
                "\"version\": \"v2\"",
                "it describes run v2; the importer is for run v1 alone",
            ),
            (
                "\"description\": \"Arguments.\"",
                "\"description\": 5",
                "schemas.Container.properties.args.description: invalid type",
            ),
            (
                "\"path\": {",
                "\"old_path\": {",
                "`HttpGetAction.oldPath` and `HttpGetAction.old_path` would both be the Rust field `old_path`",
            ),
            ("\"oldPath\": {", "\"extra\": {", "schema `HTTPGetAction` has a property named `extra`"),
            (
                "\"$ref\": \"HTTPGetAction\"",
                "\"$ref\": \"Gone\"",
                "`Container.probe` refers to schema `Gone`",
            ),
            (
                "run.projects.locations.services.get\"",
                "run.namespaces.services.get\"",
                "operation id `get_service` is not unique",
            ),
            (
                "\"format\": \"float\"",
                "\"format\": \"half\"",
                "`Limit.share`: unknown construct: type `number`",
            ),
            ("\"format\": \"byte\"", "\"format\": \"uuid\"", "`Policy.etag`: unknown construct: string"),
            ("\"type\": \"any\"", "\"type\": \"never\"", unknown),
            ("\"readOnly\": true", "\"default\": \"x\"", "unknown construct `default`"),
            ("\"httpMethod\": \"PUT\"", "\"httpMethod\": \"PATCH\"", "HTTP method `PATCH`"),
            (
                "\"deprecated\": true",
                "\"supportsMediaUpload\": true",
                "unknown construct `supportsMediaUpload`",
            ),
            (
                "namespaces/{namespacesId}",
                "namespaces/{+namespacesId}",
                "unknown construct `{+namespacesId}`",
            ),
            ("\"location\": \"path\"", "\"location\": \"header\"", "a parameter in `header`"),
        ] {
            let Err(error) = import(&edited(from, to), None, false) else {
                panic!("accepted: {to}");
            };
            let error = format!("{error:#}");
            assert!(error.contains(message), "{to}: {error}");
        }
        let Err(error) = import("<html>", None, false) else { panic!("accepted HTML") };
        assert!(format!("{error:#}").starts_with("not JSON: "), "{error:#}");
    }

    #[test]
    fn two_schemas_of_one_name_are_refused() {
        let text = edited("\"$ref\": \"StopRequest\"", "\"$ref\": \"RpcStatus\"")
            .replace("\"StopRequest\": {", "\"RpcStatus\": {");
        let Err(error) = import(&text, None, false) else { panic!("accepted") };
        assert_eq!(
            error.to_string(),
            "schemas `GoogleRpcStatus` and `RpcStatus` would both be named `RpcStatus`"
        );
    }
}
