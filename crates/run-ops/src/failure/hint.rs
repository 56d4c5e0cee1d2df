//! What to do about a cause.

use std::fmt;

/// One thing to do about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Grant a role.
    Grant {
        /// The role, for example `roles/run.developer`.
        role: &'static str,
        /// To whom: a principal, or who is meant in words.
        member: String,
        /// On what.
        resource: String,
    },
    /// Pass a flag to `runctl deploy` or `gcloud run deploy`, or set what it stands for.
    Flag {
        /// The flag.
        flag: &'static str,
        /// What that does about it.
        why: String,
    },
    /// Call an operation of this crate.
    Call {
        /// The operation.
        call: &'static str,
        /// What that does about it.
        why: String,
    },
    /// Anything else to do or to look at.
    Advice(String),
}

impl Hint {
    pub(crate) fn grant(role: &'static str, member: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::Grant { role, member: member.into(), resource: resource.into() }
    }

    pub(crate) fn flag(flag: &'static str, why: impl Into<String>) -> Self {
        Self::Flag { flag, why: why.into() }
    }

    pub(crate) fn call(call: &'static str, why: impl Into<String>) -> Self {
        Self::Call { call, why: why.into() }
    }

    pub(crate) fn advice(text: impl Into<String>) -> Self {
        Self::Advice(text.into())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant { role, member, resource } => write!(f, "grant {role} on {resource} to {member}"),
            Self::Flag { flag, why } => write!(f, "pass `{flag}`: {why}"),
            Self::Call { call, why } => write!(f, "call `{call}`: {why}"),
            Self::Advice(text) => f.write_str(text),
        }
    }
}
