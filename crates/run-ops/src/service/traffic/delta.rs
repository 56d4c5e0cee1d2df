//! One difference between two states of a service's traffic.

use std::fmt;

use run_api::Tag;

use super::{Percent, Target};

/// One thing that a change of the traffic does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrafficDelta {
    /// A target's share changes; 0 % stands for none.
    Share {
        /// The target.
        target: Target,
        /// The share before.
        from: Percent,
        /// The share after.
        to: Percent,
    },
    /// A tag is set, moved or taken away.
    Tag {
        /// The tag.
        tag: Tag,
        /// The target that it was on.
        from: Option<Target>,
        /// The target that it will be on.
        to: Option<Target>,
    },
}

impl fmt::Display for TrafficDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { target, from, to } => write!(f, "{target}: {from} % -> {to} %"),
            Self::Tag { tag, from: None, to: Some(to) } => write!(f, "tag {tag}: set on {to}"),
            Self::Tag { tag, from: Some(from), to: Some(to) } => {
                write!(f, "tag {tag}: moved from {from} to {to}")
            }
            Self::Tag { tag, from: Some(from), to: None } => write!(f, "tag {tag}: taken from {from}"),
            Self::Tag { tag, from: None, to: None } => write!(f, "tag {tag}: nowhere"),
        }
    }
}
