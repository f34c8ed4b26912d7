//! The whole pipeline over a log and a store in memory that fail on demand.

mod away;
mod calm;
mod crash;
mod damage;
mod demands;
mod fake_log;
mod fake_store;
mod fleet;
mod rig;
