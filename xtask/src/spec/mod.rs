//! The specification in `specs/`: how it is made from a discovery document.

mod closure;
mod convert;
pub(crate) mod discovery;
pub(crate) mod import;
pub(crate) mod methods;
mod naming;
pub(crate) mod outline;
mod parameters;
mod prose;
mod report;
pub(crate) mod schemas;
mod source;
