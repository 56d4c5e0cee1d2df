//! What a deployment does to the traffic and the tags. Pure.

use std::collections::BTreeMap;

use run_api::types::{Service, TrafficTarget};

use super::TrafficIntent;
use super::request::DeployRequest;
use super::revision::PlannedRevision;
use crate::remedy::Remedy;
use crate::{Error, Percent, Result, ServiceEdit, ServiceView, TagChange, Target, TrafficShares};

/// Routes the object as the request wants it.
pub(super) fn plan(
    request: &DeployRequest,
    existing: Option<&Service>,
    revision: &PlannedRevision,
    object: &mut Service,
) -> Result<()> {
    match &request.traffic {
        TrafficIntent::KeepSplit => {}
        TrafficIntent::FollowLatest => object.assign_traffic(&TrafficShares::all_to(Target::Latest))?,
        TrafficIntent::NoTraffic => match existing {
            None => {
                let message = "it does not exist yet, and its first revision cannot be without traffic";
                return Err(Error::invalid(message).with_remedy(Remedy::FirstTakesAll));
            }
            Some(_) if matches!(revision, PlannedRevision::Present(_) | PlannedRevision::Coming) => {}
            Some(_) => release_without_traffic(object)?,
        },
        TrafficIntent::Share(share) => {
            if *share < Percent::ALL {
                if existing.is_none() {
                    let message =
                        format!("it does not exist yet, and its first revision cannot get {share} % only");
                    return Err(Error::invalid(message).with_remedy(Remedy::FirstTakesAll));
                }
                // The new revision is going to be the latest one: what floats would come on top of its share.
                release_without_traffic(object)?;
            }
            let name =
                revision.name().ok_or_else(|| Error::invalid("a revision with a share needs a name"))?;
            object.assign_traffic(&TrafficShares::new([(Target::revision(name)?, *share)])?)?;
        }
        TrafficIntent::Exact(shares) => object.assign_traffic(shares)?,
    }
    if let (Some(tag), Some(name)) = (&request.tag, revision.name()) {
        let set = BTreeMap::from([(tag.clone(), Target::revision(name)?)]);
        let there = object.desired_traffic().iter();
        let mut there = there.filter(|target| target.tag.as_deref() == Some(tag.as_str()));
        if !there.any(|target| target.revision_name.as_deref() == Some(name)) {
            let targets = TagChange { set, ..TagChange::default() }.apply(object.desired_traffic());
            object.spec.get_or_insert_default().traffic = targets;
        }
    }
    Ok(())
}

/// The share of `LATEST` goes to the revision that is the latest ready one now; the rest stays. (gcloud's
/// `--no-traffic`.)
fn release_without_traffic(service: &mut Service) -> Result<()> {
    let floating = share(service.desired_traffic(), None);
    if floating.is_zero() {
        return Ok(());
    }
    let serving = service.latest_ready_revision().ok_or_else(|| {
        Error::invalid("no revision is ready that could keep the traffic: deploy it with traffic")
    })?;
    let pinned = service.desired_traffic().iter();
    let pinned = pinned.filter(|target| target.revision_name.as_deref() == Some(serving));
    let kept =
        pinned.filter_map(|target| target.percent).fold(i32::from(floating.get()), i32::saturating_add);
    let shares = [(Target::Latest, Percent::default()), (Target::revision(serving)?, Percent::new(kept)?)];
    Ok(service.assign_traffic(&TrafficShares::new(shares)?)?)
}

/// The share of the wanted traffic that goes to the latest revision, if that is the one of this name.
pub(super) fn share(targets: &[TrafficTarget], revision: Option<&str>) -> Percent {
    if targets.is_empty() {
        return Percent::ALL;
    }
    let ours = |target: &&TrafficTarget| match target.revision_name.as_deref() {
        None | Some("") => true,
        name => name == revision,
    };
    let sum = targets.iter().filter(ours).filter_map(|target| target.percent).fold(0, i32::saturating_add);
    Percent::new(sum).unwrap_or(Percent::ALL)
}
