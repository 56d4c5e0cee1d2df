//! The specification in `specs/`: how it is made from a discovery document.

mod check;
mod closure;
mod convert;
mod dialect;
pub(crate) mod discovery;
pub(crate) mod import;
#[cfg(test)]
mod inverse;
pub(crate) mod methods;
mod naming;
pub(crate) mod outline;
mod parameters;
mod prose;
mod renames;
mod report;
pub(crate) mod schemas;
mod source;
