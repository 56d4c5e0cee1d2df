//! The emulator from outside, over HTTP.

mod conflicts;
mod data_plane;
mod deletion;
mod failures;
mod hosts;
mod iam;
mod life_cycle;
mod lifetime;
mod malformed;
mod operations;
mod page;
mod parts;
mod paused_time;
mod state;
mod support;
mod traffic;
