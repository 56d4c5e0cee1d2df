//! Where an object is and what it is called.

use serde::{Deserialize, Serialize};

use super::ledger::RowKey;
use crate::regions::{self, Region};

/// Where an object is and what it is called. Ordered by project, region and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) project: u64,
    region: &'static str,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(project: u64, region: &'static Region, name: impl Into<String>) -> Self {
        Self { project, region: region.name, name: name.into() }
    }

    /// Another object in the same project and region.
    pub(crate) fn sibling(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// The keys of all objects of a project, for the ranges of a map.
    pub(crate) fn all_of(project: u64) -> std::ops::RangeFrom<Self> {
        Self { project, region: "", name: String::new() }..
    }

    pub(crate) fn region(&self) -> &'static Region {
        regions::find(self.region).unwrap_or(&regions::ALL[0])
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.project, self.region, &self.name).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (project, region, name) = <(u64, String, String)>::deserialize(deserializer)?;
        let region = regions::find(&region)
            .ok_or_else(|| serde::de::Error::custom(format_args!("there is no region `{region}`")))?;
        Ok(Self::new(project, region, name))
    }
}

impl RowKey for Key {
    fn label(&self) -> String {
        format!("{}/{}/{}", self.project, self.region, self.name)
    }
}
