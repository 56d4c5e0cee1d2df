//! What the documents list, against what there is.

use run_api::methods;
use run_emulator::Scenario;

const RULES: &str = include_str!("../../RULES.md");
const README: &str = include_str!("../../README.md");

#[test]
fn the_rules_list_every_method_once() {
    let is_method =
        |line: &&str| line.starts_with("| `run.namespaces.") || line.starts_with("| `run.projects.");
    let rows: Vec<&str> = RULES.lines().filter(is_method).collect();
    assert_eq!(rows.len(), methods::all().len());
    for method in methods::all() {
        let start = format!("| `{}` | `{}` | {}", method.id, method.operation, method.verb.as_str());
        let end = format!(" | `{}` |", method.path);
        assert!(rows.iter().any(|row| row.starts_with(&start) && row.ends_with(&end)), "{}", method.id);
    }
}

#[test]
fn the_methods_with_a_dry_run_say_so() {
    for method in methods::all() {
        let row = RULES.lines().find(|line| line.starts_with(&format!("| `{}` |", method.id)));
        // Starting and stopping an instance say it in the body.
        let wanted = method.query.contains(&"dryRun")
            || ["start_instance", "stop_instance"].contains(&method.operation.as_str());
        assert_eq!(row.is_some_and(|row| row.contains("*dry run*")), wanted, "{}", method.id);
    }
}

#[test]
fn links_within_the_rules_lead_somewhere() {
    let anchor = |title: &str| title.trim().to_lowercase().replace(' ', "-");
    let titles: Vec<String> = RULES
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect();
    let targets: Vec<&str> =
        RULES.split("](#").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    assert!(targets.len() > 20);
    for target in targets {
        assert!(titles.iter().any(|title| title == target), "{target}");
    }
}

#[test]
fn the_readme_names_every_scenario() {
    for scenario in Scenario::all() {
        assert!(README.contains(&format!("`{}`", scenario.name())), "{}", scenario.name());
    }
}

/// The marks of RULES.md.
const MARKS: [&str; 7] = ["seen", "spec", "documented", "gcloud", "Knative", "inferred", "ours"];

/// The last cells of all rows whose table says where a rule was learned.
fn learned() -> Vec<&'static str> {
    let mut cells = Vec::new();
    let mut inside = false;
    for line in RULES.lines() {
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            inside &= line.starts_with("|--");
            continue;
        };
        let last = row.rsplit(" | ").next().unwrap_or_default();
        if last == "learned" {
            inside = true;
        } else if inside {
            cells.push(last);
        }
    }
    cells
}

#[test]
fn the_rules_are_counted_by_mark() {
    let cells = learned();
    let names = |cell: &str, mark: &str| {
        cell.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case(mark))
    };
    let mut expected: Vec<String> = MARKS
        .iter()
        .map(|mark| format!("| {mark} | {} |", cells.iter().filter(|cell| names(cell, mark)).count()))
        .collect();
    let alone = |cell: &&&str| {
        names(cell, "inferred") && !MARKS.iter().any(|mark| *mark != "inferred" && names(cell, mark))
    };
    expected.push(format!("| *inferred* and nothing else | {} |", cells.iter().filter(alone).count()));
    expected.push(format!("| all rules | {} |", cells.len()));
    let start = RULES.find("| mark | rules |").unwrap();
    let counts: Vec<&str> = RULES[start..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(counts, expected, "the counts in RULES.md should be:\n{}\n", expected.join("\n"));
}
