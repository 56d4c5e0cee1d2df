//! Every operation, at each of its requests, against every kind of fault; and several faults at once.

use std::collections::{BTreeMap, BTreeSet};

use run_tests::matrix::{
    Counts, Ending, Operation, common_kinds, every_cell, every_seed, tables, wire_kinds,
};

/// What is still said that is not true, by operation and kind. It becomes shorter, and is empty in the end: what is in it
/// and no longer happens fails the test, too.
const OPEN: &[(&str, &[&str])] = &[];

fn is_open(kind: &str, operation: &str) -> bool {
    OPEN.iter().any(|(name, operations)| *name == kind && operations.contains(&operation))
}

#[test]
fn every_request_and_every_fault() {
    let cells = every_cell();
    let [by_operation, by_kind] = tables(&cells);
    println!("{by_operation}\n{by_kind}");
    println!(
        "{} single faults of {} kinds ({} common ones, {} on the wire): {} overcome, {} ended in an error that is true",
        cells.len(),
        common_kinds().len() + wire_kinds().len(),
        common_kinds().len(),
        wire_kinds().len(),
        by_operation.of(Ending::Success),
        cells.iter().filter(|cell| matches!(cell.ending, Ok(ending) if ending != Ending::Success)).count(),
    );
    let mut wrong = BTreeMap::<_, BTreeSet<_>>::new();
    let mut told = Vec::new();
    for cell in &cells {
        let Err(claim) = &cell.ending else { continue };
        let operation = format!("{:?}", cell.operation);
        if !is_open(cell.kind, &operation) {
            told.push(claim.to_string());
        }
        wrong.entry(cell.kind).or_default().insert(operation);
    }
    for (kind, operations) in &wrong {
        println!("open: {kind}: {}", operations.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    assert!(told.is_empty(), "{} false claims:\n{}", told.len(), told.join("\n"));
    for (kind, operations) in OPEN {
        let found = wrong.get(kind);
        let mended: Vec<_> =
            operations.iter().filter(|one| !found.is_some_and(|found| found.contains(**one))).collect();
        assert!(mended.is_empty(), "this is mended, and to be taken out of OPEN: {kind}: {mended:?}");
    }
    let failed: Vec<_> = cells
        .iter()
        .filter(|cell| common_kinds().iter().any(|(name, _)| *name == cell.kind))
        .filter(|cell| !is_open(cell.kind, &format!("{:?}", cell.operation)))
        .filter(|cell| cell.ending != Ok(Ending::Success))
        // What a stale read shows is awaited, and found to be superseded: that is true.
        .filter(|cell| (cell.operation, cell.kind) != (Operation::Wait, "stale read"))
        .map(|cell| format!("{:?}, {} at request {}: {:?}", cell.operation, cell.kind, cell.at, cell.ending))
        .collect();
    assert_eq!(failed, [""; 0], "one common fault alone is overcome, whatever it strikes");
}

#[test]
fn one_to_three_faults_at_once() {
    const SEEDS: std::ops::Range<u64> = 1..201;
    let runs = every_seed(SEEDS);
    let mut counts = Counts::default();
    let mut told = Vec::new();
    for (drawn, ending) in &runs {
        let operation = format!("{:?}", drawn.operation);
        match ending {
            Ok(ending) => counts.add(operation, *ending),
            Err(_) if drawn.strikes.iter().any(|(_, kind, _)| is_open(kind, &operation)) => {}
            Err(claim) => told.push(claim.to_string()),
        }
    }
    println!(
        "{counts}\n{} runs with one to three faults each: {} overcome",
        runs.len(),
        counts.of(Ending::Success)
    );
    assert!(
        told.is_empty(),
        "{} false claims (`soak random --seed N --runs 1` runs one):\n{}",
        told.len(),
        told.join("\n")
    );
    assert!(counts.of(Ending::Success) > runs.len() / 2, "{counts}");
}
