//! Kafka clients over librdkafka.
//!
//! [`ProducerLane`]s carry messages to topics: bounded, idempotent, compressed, with every delivery counted.
//! [`ensure_topics`] creates topics, [`probe`] says clearly when nobody answers. librdkafka's own log lines go to
//! `tracing` under the target `librdkafka`.

mod admin;
mod config;
mod context;
mod error;
mod producer;

pub use admin::*;
pub use config::*;
pub use error::*;
pub use producer::*;

#[cfg(test)]
mod tests;
