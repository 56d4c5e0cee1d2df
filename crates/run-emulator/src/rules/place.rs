//! Kinds of objects, as refusals of annotations name them.

/// A kind of objects, or what a template makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Service,
    Revision,
    Job,
    Execution,
    WorkerPool,
    Instance,
    DomainMapping,
}

impl Place {
    /// As refusals write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Revision => "Revision",
            Self::Job => "Job",
            Self::Execution => "Execution",
            Self::WorkerPool => "WorkerPool",
            Self::Instance => "Instance",
            Self::DomainMapping => "DomainMapping",
        }
    }
}
