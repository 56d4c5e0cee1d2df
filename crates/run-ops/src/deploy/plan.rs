//! The decision what to write, from one read of the service. It does no IO.

use std::fmt;

use run_api::types::{RevisionTemplate, Service, TrafficTarget};

use super::request::{Access, DeployRequest, TrafficIntent};
use crate::{Error, Percent, Result, ServiceView, Target, TrafficShares, TrafficSplit, marker, new_service};

/// Something about a deployment that its caller should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The traffic is pinned to other revisions, so that the new one gets none.
    Pinned {
        /// The split, for example `hello-1=100`.
        split: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned { split } => write!(
                f,
                "the traffic of this service is pinned to other revisions ({split}), so the new one gets none"
            ),
        }
    }
}

/// What a deployment is going to write. Its `Display` is for people.
#[derive(Clone, Debug)]
pub struct DeployPlan {
    pub(super) creates: bool,
    pub(super) writes: bool,
    pub(super) object: Service,
    /// The revision that is to be ready: a new one, or the latest one if the template stays as it is.
    pub(super) revision: Option<String>,
    pub(super) makes_revision: bool,
    /// The share that the revision must have.
    pub(super) share: Percent,
    pub(super) split: String,
    pub(super) access: Access,
    pub(super) warnings: Vec<Warning>,
}

impl DeployPlan {
    /// Whether the service is created.
    #[must_use]
    pub fn creates(&self) -> bool {
        self.creates
    }

    /// Whether the service object is written at all. (The IAM policy is looked at when the plan is carried out.)
    #[must_use]
    pub fn writes(&self) -> bool {
        self.writes
    }

    /// The object as it is going to be written.
    #[must_use]
    pub fn object(&self) -> &Service {
        &self.object
    }

    /// The name of the revision that is made; none if the template stays as it is.
    #[must_use]
    pub fn new_revision(&self) -> Option<&str> {
        self.revision.as_deref().filter(|_| self.makes_revision)
    }

    /// The share of the traffic that the revision must have in the end.
    #[must_use]
    pub fn share(&self) -> Percent {
        self.share
    }

    /// What the caller should know before.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl fmt::Display for DeployPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.creates, self.writes) {
            (true, _) => writeln!(f, "create the service")?,
            (false, true) => writeln!(f, "replace the service")?,
            (false, false) => writeln!(f, "write nothing: the service is as wanted")?,
        }
        if let Some(revision) = self.new_revision() {
            writeln!(f, "make revision {revision}, which gets {} % of the traffic", self.share)?;
        }
        writeln!(f, "traffic: {}", self.split)?;
        match self.access {
            Access::Leave => {}
            Access::Public => writeln!(f, "let everybody send requests")?,
            Access::Private => writeln!(f, "let nobody send requests without permission")?,
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

/// Plans a deployment onto the service as it is; none means that there is none. `name` is that of the revision, if
/// one is made.
pub(super) fn plan(before: Option<&Service>, request: &DeployRequest, name: &str) -> Result<DeployPlan> {
    let service = &request.service;
    let mut object = match before {
        Some(before) => before.clone(),
        None => new_service(service, ""),
    };
    for edit in &request.edits {
        edit(&mut object)?;
    }
    let images = object.spec.iter().filter_map(|spec| spec.template.as_ref()?.spec.as_ref());
    if before.is_none()
        && images.flat_map(|spec| &spec.containers).all(|one| one.image.as_deref() == Some(""))
    {
        return Err(Error::invalid("there is no such service, and without an image it can not be created"));
    }
    let template = |service: &Service| -> Option<RevisionTemplate> {
        let mut template = service.spec.as_ref()?.template.clone()?;
        template.metadata.get_or_insert_default().name = None;
        Some(template)
    };
    let changes = before.is_none_or(|before| template(before) != template(&object));
    let makes_revision = changes || request.forces || names_another(request, before);
    let latest = before.and_then(ServiceView::latest_created_revision);
    let revision = if makes_revision { Some(name) } else { latest };
    if makes_revision {
        let template = object.spec.get_or_insert_default().template.get_or_insert_default();
        template.metadata.get_or_insert_default().name = Some(name.to_owned());
    }
    let present = before.map_or(&[][..], ServiceView::desired_traffic).to_vec();
    let split = intended(before, request, revision)?;
    let share = revision.map_or(Percent::default(), |revision| share_of(&split, revision));
    let mut targets = if split_is(&present, &split) { present.clone() } else { split.to_targets(&present) };
    if let Some(tag) = &request.tag {
        let revision =
            revision.ok_or_else(|| Error::invalid("there is no revision that could have the tag"))?;
        move_tag(&mut targets, tag, revision);
    }
    if before.is_some() || !targets.is_empty() {
        object.spec.get_or_insert_default().traffic = targets;
    }
    let text = text_of(&split);
    let pinned = makes_revision && share.is_zero() && request.traffic == TrafficIntent::KeepSplit;
    let warnings = pinned.then(|| Warning::Pinned { split: text.clone() }).into_iter().collect();
    let writes = before.is_none_or(|before| !same(before, &object));
    Ok(DeployPlan {
        creates: before.is_none(),
        writes,
        object,
        revision: revision.map(str::to_owned),
        makes_revision,
        share,
        split: text,
        access: request.access,
        warnings,
    })
}

/// Whether the name that the caller has chosen is another than that of the latest revision.
fn names_another(request: &DeployRequest, before: Option<&Service>) -> bool {
    let latest = before.and_then(ServiceView::latest_created_revision);
    request
        .suffix
        .as_ref()
        .is_some_and(|suffix| latest != Some(&format!("{}-{suffix}", request.service.name)))
}

/// The split that the caller asks for. A new service can only have everything on its first revision.
fn intended(
    before: Option<&Service>,
    request: &DeployRequest,
    revision: Option<&str>,
) -> Result<TrafficSplit> {
    let all = TrafficSplit::all_to(Target::Latest);
    let Some(before) = before else {
        let everything = [(Target::Latest, Percent::ALL)];
        return match &request.traffic {
            TrafficIntent::KeepSplit | TrafficIntent::FollowLatest => Ok(all),
            TrafficIntent::Exact(shares) if *shares == TrafficShares::new(everything)? => Ok(all),
            _ => Err(Error::invalid(
                "the first revision of a service gets all of the traffic: there is no other to have it",
            )),
        };
    };
    let present = TrafficSplit::of_targets(before.desired_traffic())?;
    match &request.traffic {
        TrafficIntent::KeepSplit => Ok(present),
        TrafficIntent::FollowLatest => Ok(all),
        TrafficIntent::NoTraffic => pinned(&present, before),
        TrafficIntent::Exact(shares) if shares.iter().all(|(target, _)| *target != Target::Latest) => {
            Ok(present.assign(shares)?)
        }
        TrafficIntent::Exact(shares) => {
            let revision =
                revision.ok_or_else(|| Error::invalid("there is no revision to give the share to"))?;
            let revision = Target::revision(revision)?;
            let by_name = shares.iter().map(|(target, percent)| match target {
                Target::Latest => (revision.clone(), percent),
                named => (named.clone(), percent),
            });
            // What floats would follow the new revision.
            Ok(pinned(&present, before)?.assign(&TrafficShares::new(by_name)?)?)
        }
    }
}

/// The split with the share of the latest revision on the one that is ready now.
fn pinned(split: &TrafficSplit, before: &Service) -> Result<TrafficSplit> {
    let floating = split.share(&Target::Latest);
    if floating.is_zero() {
        return Ok(split.clone());
    }
    let ready = before.latest_ready_revision().ok_or_else(|| {
        Error::invalid("no revision is ready that could keep the traffic of the latest one")
    })?;
    let ready = Target::revision(ready)?;
    let sum = Percent::new(i32::from(floating.get()) + i32::from(split.share(&ready).get()))?;
    let others = split
        .iter()
        .filter(|(target, percent)| !percent.is_zero() && **target != Target::Latest && **target != ready);
    let whole = others.map(|(target, percent)| (target.clone(), percent)).chain([(ready.clone(), sum)]);
    Ok(split.assign(&TrafficShares::new(whole)?)?)
}

/// The share of a revision, which is the latest one as well.
fn share_of(split: &TrafficSplit, revision: &str) -> Percent {
    let named = Target::revision(revision).map(|target| split.share(&target)).unwrap_or_default();
    let sum = named.get().saturating_add(split.share(&Target::Latest).get());
    Percent::new(i32::from(sum)).unwrap_or(Percent::ALL)
}

fn split_is(present: &[TrafficTarget], split: &TrafficSplit) -> bool {
    !present.is_empty() && TrafficSplit::of_targets(present).is_ok_and(|present| present == *split)
}

fn text_of(split: &TrafficSplit) -> String {
    split.iter().map(|(target, percent)| format!("{target}={percent}")).collect::<Vec<_>>().join(", ")
}

/// Takes the tag from whatever has it and gives it to the revision. A target that is left with neither share nor tag
/// goes.
fn move_tag(targets: &mut Vec<TrafficTarget>, tag: &str, revision: &str) {
    let has = |target: &TrafficTarget| target.tag.as_deref() == Some(tag);
    if targets.iter().any(|target| has(target) && target.revision_name.as_deref() == Some(revision)) {
        return;
    }
    for target in targets.iter_mut().filter(|target| has(target)) {
        target.tag = None;
        target.url = None;
    }
    targets.retain(|target| target.percent.is_some_and(|percent| percent > 0) || target.tag.is_some());
    if targets.is_empty() {
        targets.push(TrafficTarget {
            latest_revision: Some(true),
            percent: Some(100),
            ..TrafficTarget::default()
        });
    }
    targets.push(TrafficTarget {
        revision_name: Some(revision.to_owned()),
        tag: Some(tag.to_owned()),
        ..TrafficTarget::default()
    });
}

/// Compared as JSON, an absent field and an empty one are the same; the mark of a write is no change.
fn same(a: &Service, b: &Service) -> bool {
    let value = |service: &Service| serde_json::to_value(marker::without(service)).ok();
    value(a) == value(b)
}
