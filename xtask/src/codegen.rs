//! `cargo xtask codegen`: `specs/run-v1.json` → `crates/run-api/src/generated/`.

mod docs;
mod generate;
mod post_pass;
mod resources;
mod tables;
mod timestamps;
mod types_pass;
mod write;

use anyhow::Result;
use openapiv3::OpenAPI;

use crate::spec::import;
use write::{GENERATED, GeneratedFile, Mode, Outcome};

/// Generates everything, and writes it or compares it with what is there.
///
/// # Errors
/// If the specification cannot be read or generated from, or files cannot be read or written.
pub(crate) fn run(check: bool) -> Result<Outcome> {
    let root = crate::workspace::root();
    let spec = import::read_spec(&root.join(import::SPEC))?;
    let files = generate_all(&spec)?;
    let mode = if check { Mode::Check } else { Mode::Write };
    write::apply(&root.join(GENERATED), &files, mode)
}

/// All generated files of a specification. No input or output happens here.
fn generate_all(spec: &OpenAPI) -> Result<Vec<GeneratedFile>> {
    let types = types_pass::apply(generate::models(&docs::complete(spec))?)?;
    tables::check_names(spec, &types)?;
    let file = |name, about, file: &syn::File| (name, write::with_banner(about, file));
    Ok(vec![
        file("mod.rs", "The models and the tables of the Cloud Run Admin API.", &generate::module()),
        file("types.rs", "The objects of the API.", &types),
        file("schema.rs", "The objects of the API as data.", &tables::schemas(spec)?),
        file(
            "resources.rs",
            "The kinds of objects, and where their parts are.",
            &resources::resources(spec)?,
        ),
        file("timestamps.rs", "The timestamps of the objects as times.", &timestamps::timestamps(spec)?),
        file("methods.rs", "The operations of the API as data.", &tables::methods(spec)?),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::spec::methods::METHOD_ID;
    use crate::spec::outline;

    const SMALL: &str = include_str!("../tests/data/small.discovery.json");

    /// What is generated is compiled by everybody.
    const MOST_LINES: usize = 11_000;

    fn small() -> Vec<GeneratedFile> {
        let imported = import::import(SMALL, None, true).unwrap();
        generate_all(&serde_json::from_str(&imported.spec).unwrap()).unwrap()
    }

    fn text<'a>(files: &'a [GeneratedFile], name: &str) -> &'a str {
        &files.iter().find(|(file, _)| *file == name).unwrap().1
    }

    #[test]
    fn objects_can_contain_their_own_kind() {
        let spec = SMALL.replacen(
            "\"weight\": {",
            "\"above\": { \"$ref\": \"Limit\" },
             \"below\": { \"type\": \"array\", \"items\": { \"$ref\": \"Limit\" } },
             \"owner\": { \"$ref\": \"ServiceSpec\" },
             \"weight\": {",
            1,
        );
        let spec = serde_json::from_str(&import::import(&spec, None, false).unwrap().spec).unwrap();
        let files = generate_all(&spec).unwrap();
        let models = text(&files, "types.rs");
        let start = models.find("pub struct Limit ").unwrap();
        let model = &models[start..start + models[start..].find("\n}").unwrap() + 2];
        insta::assert_snapshot!(model);
    }

    #[test]
    fn models_are_what_they_should_be() {
        insta::assert_snapshot!(text(&small(), "types.rs"));
    }

    #[test]
    fn tables_are_what_they_should_be() {
        let files = small();
        insta::assert_snapshot!(text(&files, "schema.rs").to_owned() + "\n" + text(&files, "methods.rs"));
    }

    #[test]
    fn timestamps_have_readers() {
        insta::assert_snapshot!(text(&small(), "timestamps.rs"));
    }

    #[test]
    fn generation_is_deterministic() {
        assert_eq!(small(), small());
    }

    #[test]
    fn committed_files_are_what_the_committed_specification_gives() {
        let outcome = run(true).unwrap();
        let Outcome::UpToDate { lines } = outcome else { panic!("{outcome}") };
        assert!(lines <= MOST_LINES, "{lines} lines: what can be a table or a generic function?");
    }

    #[test]
    fn methods_operations_and_table_agree() {
        let root = crate::workspace::root();
        let listed = fs::read_to_string(root.join("specs/methods.txt")).unwrap();
        let listed: Vec<&str> = listed.lines().collect();

        let spec = import::read_spec(&root.join(import::SPEC)).unwrap();
        let operations: BTreeSet<&str> = outline::operations(&spec)
            .map(|(.., operation)| operation.extensions[METHOD_ID].as_str().unwrap())
            .collect();
        assert_eq!(operations.into_iter().collect::<Vec<_>>(), listed);

        let table = fs::read_to_string(root.join(GENERATED).join("methods.rs")).unwrap();
        let in_table: Vec<&str> = table
            .lines()
            .filter_map(|line| line.trim().strip_prefix("id: \"")?.strip_suffix("\","))
            .collect();
        assert_eq!(in_table, listed);
    }
}
