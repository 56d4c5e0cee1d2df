//! Operations on jobs, at each of their requests, against every kind of fault, those on the wire included.

use run_tests::job_matrix::{JobOperation, every_job_cell};
use run_tests::matrix::{Ending, common_kinds, kinds, tables};

#[test]
fn every_request_and_every_fault() {
    let cells = every_job_cell();
    let [by_operation, by_kind] = tables(&cells);
    println!("{by_operation}\n{by_kind}");
    let overcome = by_operation.of(Ending::Success);
    println!(
        "{} single faults of {} kinds: {overcome} overcome, {} ended in an error that is true",
        cells.len(),
        kinds().len(),
        cells.iter().filter(|cell| cell.ending.is_ok()).count() - overcome,
    );
    let false_claims: Vec<_> =
        cells.iter().filter_map(|cell| cell.ending.as_ref().err()).map(ToString::to_string).collect();
    assert!(false_claims.is_empty(), "{} false claims:\n{}", false_claims.len(), false_claims.join("\n"));
    let failed: Vec<_> = cells
        .iter()
        .filter(|cell| cell.ending != Ok(Ending::Success))
        // A run whose answer is lost before it arrived is unknown, and not repeated; and it has no version that could
        // be stale, so a conflict is believed.
        .filter(|cell| (cell.operation, &cell.ending) != (JobOperation::Execute, &Ok(Ending::Unknown)))
        .filter(|cell| (cell.operation, cell.kind) != (JobOperation::Execute, "409 conflict"))
        .filter(|cell| common_kinds().iter().any(|(name, _)| *name == cell.kind))
        .map(|cell| format!("{:?}, {} at request {}: {:?}", cell.operation, cell.kind, cell.at, cell.ending))
        .collect();
    assert_eq!(failed, [""; 0], "one common fault alone is overcome, whatever it strikes");
}
