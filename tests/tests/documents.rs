//! The documents as files on a code host: no lines that only rustdoc hides, no links that only rustdoc follows, and what a
//! reader needs before the first build. And the examples in the sources: what they hide is short.

use std::fs;
use std::path::{Path, PathBuf};

/// What an example may hide: where it runs, what it ends with, and one thing more.
const MOST_HIDDEN: usize = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files below a folder whose names end so.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

fn readmes() -> Vec<PathBuf> {
    let mut all = vec![root().join("README.md")];
    for name in ["run-api", "run-ops", "run-emulator", "run-cli"] {
        all.push(root().join("crates").join(name).join("README.md"));
    }
    all
}

fn documents() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in ["docs", "crates", "specs"] {
        files(&root().join(folder), ".md", &mut all);
    }
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"] {
        all.push(root().join(name));
    }
    all
}

/// The lines of a document, each with whether it stands in a block of code, and of Rust.
fn lines(text: &str) -> impl Iterator<Item = (&str, bool, bool)> {
    let mut fence: Option<&str> = None;
    text.lines().map(move |line| {
        let inside = fence;
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if inside.is_some() { None } else { Some(language) };
        }
        (line, inside.is_some(), inside.is_some_and(|language| language.starts_with("rust")))
    })
}

#[test]
fn no_line_of_a_document_is_for_rustdoc_alone() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        for (line, _, rust) in lines(&text) {
            if rust && (line.starts_with("# ") || line == "#") {
                wrong.push(format!("{}: {line}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "hidden lines show on a code host:\n{}", wrong.join("\n"));
}

/// Each link in parentheses leads to a file; none is left without.
#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        let folder = document.parent().expect("a folder");
        for (line, code, _) in lines(&text) {
            if code {
                continue;
            }
            for (start, _) in line.match_indices("[`") {
                let Some(end) = line[start..].find("`]") else { continue };
                if !line[start + end + 2..].starts_with('(') {
                    wrong.push(format!(
                        "{}: {} leads nowhere",
                        document.display(),
                        &line[start..start + end + 2]
                    ));
                }
            }
            for (start, _) in line.match_indices("](") {
                let target = line[start + 2..].split(')').next().unwrap_or_default();
                let path = target.split('#').next().unwrap_or_default();
                let outside = path.contains("://") || path.is_empty();
                if !outside && !folder.join(path).exists() {
                    wrong.push(format!("{}: {target} does not exist", document.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_readme_says_what_a_first_build_needs() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    let version = manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    let rust = format!("Rust {} or later", version.expect("a minimum version"));
    for readme in readmes() {
        let text = fs::read_to_string(&readme).expect("a README").replace('\n', " ");
        for said in [&*rust, "--locked", "first build"] {
            assert!(text.contains(said), "{} does not say \"{said}\"", readme.display());
        }
    }
}

#[test]
fn examples_hide_little() {
    let mut sources = Vec::new();
    files(&root().join("crates"), ".rs", &mut sources);
    let (mut wrong, mut examples) = (Vec::new(), 0);
    for source in sources {
        let text = fs::read_to_string(&source).expect("a source");
        let (mut hidden, mut inside) = (0, false);
        for line in text.lines().map(str::trim_start) {
            let Some(doc) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
                (inside, hidden) = (false, 0);
                continue;
            };
            let doc = doc.trim_start();
            if doc.starts_with("```") {
                examples += usize::from(!inside);
                if hidden > MOST_HIDDEN {
                    wrong.push(format!("{}: an example with {hidden} hidden lines", source.display()));
                }
                (inside, hidden) = (!inside, 0);
            }
            hidden += usize::from(inside && (doc.starts_with("# ") || doc == "#"));
        }
    }
    println!("{examples} blocks of code in the documentation of the crates");
    assert!(examples > 100 && wrong.is_empty(), "use the fixture (tests/fixture):\n{}", wrong.join("\n"));
}
