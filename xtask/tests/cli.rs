//! The tasks as processes: what a shell sees.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/small.discovery.json");

/// Where an import may write.
fn scratch(test: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.json"))
}

fn import(source: &str, more: &[&str], stdout: impl Into<Stdio>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["spec", "import", source, "--out"])
        .arg(scratch(source.rsplit('/').next().unwrap_or_default()))
        .args(more)
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("xtask runs")
}

#[test]
fn an_import_that_would_remove_names_fails_and_says_so_last() {
    let output = import(SMALL, &[], Stdio::piped());
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("\n  operation get_job (with its description)\n"), "{report}");
    let last = report.lines().last().unwrap();
    assert!(last.starts_with("nothing was written, since "), "{last}");
    assert!(output.stderr.is_empty());
}

#[test]
fn a_document_that_is_refused_is_one_line_on_stderr() {
    let output = import("/nowhere.json", &[], Stdio::piped());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: cannot read `/nowhere.json`: "), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn a_reader_that_has_gone_changes_nothing() {
    for (more, code) in [(&[][..], 1), (&["--allow-removals"][..], 0)] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = import(SMALL, more, writer);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(code));
    }
}
