//! The shape of the crates: rooms on floors, files without circles, and figures of both.
//!
//! A room is a top-level module of a crate, with all its files. The table of a crate's floors is the file
//! `NAME.floors` beside this one. An import is a path (in a `use`, in code, or in what a macro is given) from one file
//! to an item of another, where re-exports are followed to the file that has the item. `mod` lines are none; a parent
//! that re-exports or uses an item of its child imports from it, so parent and child are a circle if the child uses
//! an item that stands in the parent's file as well. What is only compiled into tests does not count. Nor do generated
//! files: their tables are made of hand-written types, and read by hand-written code.
//!
//! `cargo test -p run-tests --test structure -- --nocapture` prints the figures and what does not go down.

mod circles;
mod figures;
mod floors;
mod sources;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use figures::Figures;
use floors::Floors;
use sources::Sources;

/// Each loop that settles a lost answer has begun to differ from the others.
const MOST_SETTLING_LOOPS: usize = 1;

const CRATES: [&str; 4] = ["run-api", "run-ops", "run-emulator", "run-cli"];

fn read(name: &str) -> (Sources, Floors) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let is_tool = name == "xtask";
    let source = if is_tool { workspace } else { workspace.join("crates") }.join(name).join("src");
    let roots = ["lib.rs", "main.rs"].map(|root| source.join(root));
    let root = roots.iter().find(|root| root.exists()).expect("a crate's root");
    let table = std::fs::read_to_string(table(name)).expect("a table of floors");
    (Sources::read(root), Floors::parse(&table))
}

fn table(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/structure").join(format!("{name}.floors"))
}

/// Says everything that is out of order in a crate, and then everything that is wrong and what to do about it.
fn look(name: &str) -> (String, String) {
    let (sources, floors) = read(name);
    let (mut out_of_order, mut wrong) = (String::new(), String::new());
    let (new, gone) = floors.unknown(&sources);
    if !new.is_empty() {
        let _ = writeln!(
            wrong,
            "{} is on no floor. Put each new room on the line of {} below every room that uses it and above every \
             room that it uses.",
            new.join(", "),
            table(name).display()
        );
    }
    if !gone.is_empty() {
        let _ = writeln!(
            out_of_order,
            "{} does not exist (any more): take it out of the table.",
            gone.join(", ")
        );
    }
    let upward = floors.upward(&sources);
    let imports: Vec<String> = upward
        .iter()
        .flat_map(|((above, below), lines)| {
            lines.iter().map(move |line| format!("  {above} → {below}: {line}"))
        })
        .collect();
    let list = imports.join("\n");
    let _ = writeln!(out_of_order, "{name}: {} imports that do not go down\n{list}", imports.len());
    if imports.len() > floors.most_upward {
        let _ = writeln!(
            wrong,
            "{} imports from room to room do not go down, and {} are allowed:\n{list}\nMove what is imported to a \
             room below both, or hand it over as an argument; only if the picture is wrong, change the table.",
            imports.len(),
            floors.most_upward
        );
    }
    let circles = circles::circles(&sources);
    let circles: Vec<_> =
        circles.into_iter().filter(|circle| !floors.circles_allowed.contains(circle)).collect();
    let mut list = String::new();
    for circle in &circles {
        let _ = writeln!(list, "  {} files: {}", circle.len(), circle.join(", "));
        for line in circles::within(&sources, circle) {
            let _ = writeln!(list, "    {line}");
        }
    }
    let _ = writeln!(out_of_order, "{name}: {} circles of files\n{list}", circles.len());
    if circles.len() > floors.most_circles {
        let _ = writeln!(
            wrong,
            "{} circles of files, and {} are allowed:\n{list}Move what both need into a file of its own below them.",
            circles.len(),
            floors.most_circles
        );
    }
    (out_of_order, wrong)
}

#[test]
fn run_api() {
    let (out_of_order, wrong) = look("run-api");
    println!("{out_of_order}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn run_ops() {
    let (out_of_order, wrong) = look("run-ops");
    println!("{out_of_order}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn run_emulator() {
    let (out_of_order, wrong) = look("run-emulator");
    println!("{out_of_order}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn run_cli() {
    let (out_of_order, wrong) = look("run-cli");
    println!("{out_of_order}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn xtask() {
    let (out_of_order, wrong) = look("xtask");
    println!("{out_of_order}");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn figures() {
    let all = CRATES.map(|name| (name, read(name)));
    let figures = Figures::of(&all);
    println!("{figures}");
    assert!(
        figures.settling_loops <= MOST_SETTLING_LOOPS,
        "a write whose answer was lost is settled by the write engine: describe the new write to it, instead of a loop"
    );
}
