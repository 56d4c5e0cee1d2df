//! `cargo xtask spec import`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use openapiv3::OpenAPI;
use sha2::{Digest, Sha256};

use super::convert;
use super::discovery;
use super::prose::Prose;
use super::report::Report;
use super::source;

/// The specification, relative to the root of the workspace.
pub(crate) const SPEC: &str = "specs/run-v1.json";

/// What an import makes of a document.
pub(crate) struct Imported {
    /// The specification as JSON.
    pub(crate) spec: String,
    /// The ids of its methods, one a line.
    pub(crate) methods: String,
    pub(crate) report: Report,
}

/// Reads a discovery document, writes the specification and the list of methods.
///
/// # Errors
/// If the document cannot be read or converted, or the files cannot be written.
pub(crate) fn run(source: &str, google_texts: bool, out: Option<PathBuf>) -> Result<Report> {
    let committed = crate::workspace_root().join(SPEC);
    let before = committed.exists().then(|| read_spec(&committed)).transpose()?;
    let text = source::read(source)?;
    let imported = import(&text, before.as_ref(), google_texts).with_context(|| format!("in `{source}`"))?;
    let out = out.unwrap_or(committed);
    write(&out, &imported.spec)?;
    write(&out.with_file_name("methods.txt"), &imported.methods)?;
    Ok(imported.report)
}

/// Converts the text of a discovery document, keeping the descriptions of `before`.
///
/// # Errors
/// If it is not a discovery document, or one with something that cannot be converted.
pub(crate) fn import(text: &str, before: Option<&OpenAPI>, google_texts: bool) -> Result<Imported> {
    let document = discovery::parse(text)?;
    let conversion = convert::convert(&document, &sha256(text))?;
    let mut spec = conversion.spec;
    if let Some(before) = before {
        Prose::of(before).fill(&mut spec);
    }
    if google_texts {
        conversion.google.safe_for_rustdoc().fill(&mut spec);
    }
    let report = Report::new(before, &spec);
    let spec = serde_json::to_string_pretty(&spec)? + "\n";
    let methods = conversion.method_ids.join("\n") + "\n";
    Ok(Imported { spec, methods, report })
}

/// Reads a specification that an import wrote.
///
/// # Errors
/// If the file cannot be read or is not an OpenAPI document.
pub(crate) fn read_spec(path: &Path) -> Result<OpenAPI> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is not an OpenAPI document", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::scratch::Scratch;

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
        let specs = crate::workspace_root().join("specs");
        let readme = fs::read_to_string(specs.join("README.md")).unwrap();
        let spec = read_spec(&specs.join("run-v1.json")).unwrap();
        for key in [convert::REVISION, convert::SHA256] {
            let value = spec.info.extensions[key].as_str().unwrap();
            assert!(readme.contains(value), "{key} in specs/README.md should be {value}");
        }
    }

    #[test]
    fn both_files_are_written_where_they_are_wanted() {
        let scratch = Scratch::new("import");
        let source = scratch.path().join("discovery.json");
        fs::write(&source, SMALL).unwrap();
        let out = scratch.path().join("small.json");
        run(source.to_str().unwrap(), false, Some(out.clone())).unwrap();
        assert_eq!(read_spec(&out).unwrap().info.title, "Shelf API");
        let methods = fs::read_to_string(scratch.path().join("methods.txt")).unwrap();
        assert_eq!(methods.lines().count(), 11);

        fs::write(&source, "{}").unwrap();
        let error = run(source.to_str().unwrap(), false, Some(out)).unwrap_err();
        let expected = format!("in `{}`: not a discovery document: it has no `kind`", source.display());
        assert_eq!(format!("{error:#}"), expected);
    }

    #[test]
    fn methods_are_listed_by_id() {
        let imported = import(SMALL, None, false).unwrap();
        insta::assert_snapshot!(imported.methods, @"
        shelf.namespaces.services.create
        shelf.namespaces.services.delete
        shelf.namespaces.services.get
        shelf.namespaces.services.list
        shelf.namespaces.services.replaceService
        shelf.namespaces.workerpools.stop
        shelf.projects.locations.list
        shelf.projects.locations.operations.wait
        shelf.projects.locations.services.get
        shelf.projects.locations.services.getIamPolicy
        shelf.projects.locations.services.setIamPolicy
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
    fn what_cannot_be_carried_over_is_refused() {
        let unknown = "unknown construct";
        for (from, to, message) in [
            ("\"kind\": \"discovery#restDescription\"", "\"kind\": \"other\"", "its `kind` is `other`"),
            ("\"kind\": \"discovery#restDescription\",", "", "it has no `kind`"),
            ("\"revision\": \"20300102\",", "", "missing field `revision`"),
            ("\"oldPath\": {", "\"extra\": {", "schema `HTTPGetAction` has a property named `extra`"),
            (
                "\"$ref\": \"HTTPGetAction\"",
                "\"$ref\": \"Gone\"",
                "`Container.probe` refers to schema `Gone`",
            ),
            (
                "shelf.projects.locations.services.get\"",
                "shelf.namespaces.services.get\"",
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
