//! Every operation, at each of its requests, against every kind of fault; and several faults at once.

use run_tests::matrix::{
    Counts, Ending, Operation, common_kinds, every_cell, every_seed, tables, wire_kinds,
};

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
    let false_claims: Vec<_> =
        cells.iter().filter_map(|cell| cell.ending.as_ref().err()).map(ToString::to_string).collect();
    assert!(false_claims.is_empty(), "{} false claims:\n{}", false_claims.len(), false_claims.join("\n"));
    let failed: Vec<_> = cells
        .iter()
        .filter(|cell| common_kinds().iter().any(|(name, _)| *name == cell.kind))
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
