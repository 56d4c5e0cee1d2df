//! The emulator from outside, over HTTP.

mod conflicts;
mod data_plane;
mod deletion;
mod domain_mappings;
mod failures;
mod faults;
mod hosts;
mod iam;
mod instances;
mod jobs;
mod kinds;
mod life_cycle;
mod lifetime;
mod log;
mod malformed;
mod methods;
mod mutations;
mod operations;
mod page;
mod parts;
mod paused_time;
mod state;
mod support;
mod traffic;
mod worker_pools;
mod world;
