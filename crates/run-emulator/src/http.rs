//! HTTP: from a connection to a method of the API or a host of the data plane, and back.

mod admin;
mod call;
mod connection;
mod dispatch;
mod exchange;
mod faulty;
mod fields;
mod gzip;
mod host;
mod methods;
mod origin;
mod resource_manager;
mod respond;
mod server;

pub(crate) use server::serve;
