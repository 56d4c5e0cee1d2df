//! HTTP: from a connection to a method of the API or a host of the data plane, and back.

mod dispatch;
mod host;
mod respond;
mod server;

pub(crate) use server::serve;
