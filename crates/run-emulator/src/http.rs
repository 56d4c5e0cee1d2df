//! HTTP: from a connection to a method of the API or a host of the data plane, and back.

mod body;
mod dispatch;
mod fields;
mod gzip;
mod host;
mod respond;
mod server;

pub(crate) use server::serve;
