//! Operations on jobs, at each of their requests, against every kind of fault, those on the wire included.

use std::collections::BTreeSet;

use run_tests::job_matrix::{JOB_OPERATIONS, JobGround, JobOperation, job_requests, job_strike};
use run_tests::matrix::{Counts, Ending, common_kinds, wire_kinds};

/// A fault alone that a client meets every day is overcome, but for a run whose answer is lost before it arrived: that is
/// unknown, and not repeated.
#[tokio::test(start_paused = true)]
async fn every_request_and_every_common_fault() {
    let (ground, mut counts, mut wrong) = (JobGround::start().await, Counts::default(), Vec::new());
    for operation in JOB_OPERATIONS {
        for at in 0..job_requests(&ground, operation).await {
            for (name, kind) in common_kinds() {
                let ending = match job_strike(&ground, operation, Some((at, name, kind))).await {
                    Ok(ending) => ending,
                    Err(claim) => {
                        wrong.push(claim.to_string());
                        continue;
                    }
                };
                counts.add(format!("{operation:?}"), ending);
                let may_be_unknown = operation == JobOperation::Execute && ending == Ending::Unknown;
                let may_be_refused = name == "409 conflict" && ending == Ending::Unchanged;
                if ending != Ending::Success && !may_be_unknown && !may_be_refused {
                    wrong.push(format!("{operation:?}, {name} at request {at}: {ending:?}"));
                }
            }
        }
    }
    println!("{counts}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counts.of(Ending::Success) > 10 * counts.of(Ending::Unknown), "{counts}");
}

/// What stands before a server may say what it likes: nothing runs twice, and no success is told that is none. (That there
/// are never two executions is held by the strike itself.)
#[tokio::test(start_paused = true)]
async fn every_request_and_every_fault_on_the_wire() {
    let (ground, mut counts, mut wrong) = (JobGround::start().await, Counts::default(), Vec::new());
    let mut open = BTreeSet::new();
    for operation in JOB_OPERATIONS {
        for at in 0..job_requests(&ground, operation).await {
            for (name, kind) in wire_kinds() {
                match job_strike(&ground, operation, Some((at, name, kind))).await {
                    Ok(ending) => counts.add(format!("{operation:?}"), ending),
                    Err(claim) if claim.to_string().contains(": success. But") => {
                        wrong.push(claim.to_string())
                    }
                    Err(claim) => {
                        open.insert(format!("{operation:?}, {name}"));
                        println!("{claim}");
                    }
                }
            }
        }
    }
    println!("{counts}\nstill said and not true: {open:#?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
