//! The client against a server of this test's own, over real sockets.

mod credentials;
mod doubt;
mod errors;
mod facade;
mod headers;
mod items;
mod limits;
mod names;
mod partial;
mod server;
