//! What the documents list, against what there is.

use run_api::methods;
use run_emulator::Scenario;

const RULES: &str = include_str!("../../RULES.md");
const README: &str = include_str!("../../README.md");

#[test]
fn the_rules_list_every_method_once() {
    let rows: Vec<&str> = RULES.lines().filter(|line| line.starts_with("| `run.")).collect();
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
