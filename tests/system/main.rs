//! Whole-system tests: the real binary, real clients, real ClickHouse, on free loopback ports and temporary folders.

mod crash;
mod dead_letters;
mod drill;
mod geofences;
mod groups;
mod import;
mod intake;
mod kafka;
mod kafka_late;
mod numbers;
mod privacy;
mod score;
mod simulate;
mod speed_profile;
mod support;
mod traces;
