//! The fleet as a whole: determinism, messages, physics, truth, pacing.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;
mod determinism;
mod messages;
mod pacing;
mod physics;
mod scenarios;
mod truth;
