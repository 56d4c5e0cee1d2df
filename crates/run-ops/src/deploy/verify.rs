//! Whether what was written is what serves.

use run_api::types::{Revision, Service};

use super::plan::DeployPlan;
use crate::wait::{Condition, Verdict, revision_ready, share};
use crate::{CloudRun, Deadline, Error, ErrorKind, Ops, Result, ServiceView, Written};

/// Waits until the written generation is ready, and checks that its revision is the one that was planned, is ready, and
/// has its share.
pub(super) async fn verify<C: CloudRun>(
    ops: &Ops<C>,
    written: &Written,
    plan: &DeployPlan,
    deadline: Deadline,
) -> Result<(Service, String)> {
    let service = ops.wait_until_ready(written, deadline).await?;
    let revision = match plan.new_revision() {
        Some(name) => name.to_owned(),
        None => service.latest_created_revision().unwrap_or_default().to_owned(),
    };
    // A revision that is not the latest ready one is asked itself: it may be retired, which is no failure.
    if plan.makes_revision && service.latest_ready_revision() != Some(&revision) {
        let reference = written.reference().location.revision(revision.as_str())?;
        let ready: Condition<Revision> =
            revision_ready().and(Condition::new("it exists", |revision: Option<&Revision>| {
                if revision.is_some() { Verdict::Met } else { Verdict::NotYet }
            }));
        let error = |error: Error| error.about(written.reference());
        ops.wait_for_revision(&reference, &ready, deadline).await.map_err(error)?;
    }
    check_share(&service, &revision, plan).map_err(|error| error.about(written.reference()))?;
    Ok((service, revision))
}

/// The share in `status.traffic` must be what the plan says; a deployment that makes no revision and asks for
/// no split has nothing to check.
fn check_share(service: &Service, revision: &str, plan: &DeployPlan) -> Result<()> {
    let (has, wanted) = (share(service, revision), i32::from(plan.share.get()));
    if has == wanted {
        return Ok(());
    }
    let message =
        format!("revision `{revision}` is ready, but has {has} % of the traffic instead of {wanted} %");
    Err(Error::new(ErrorKind::NotServing, message))
}
