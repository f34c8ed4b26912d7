//! Kafka clients over librdkafka.
//!
//! [`ProducerLane`]s carry messages to topics: bounded, idempotent, compressed, with every delivery counted;
//! [`send_placed`] sends a few records to given partitions.
//! [`KafkaLog`] is the log of a pipeline: readers with explicit offsets, and outputs in transactions of whole epochs.
//! [`ensure_topics`] creates topics, [`probe`] says clearly when nobody answers. librdkafka's own log lines go to
//! `tracing` under the target `librdkafka`.

mod admin;
mod config;
mod context;
mod error;
mod log;
mod log_config;
mod log_error;
mod markers;
mod outputs;
mod producer;
mod reader;
mod resend;
mod security;

pub use admin::*;
pub use config::*;
pub use error::*;
pub use log::*;
pub use log_config::*;
pub use markers::MARKER_TOPIC_SETTINGS;
pub use producer::*;
pub use resend::*;
pub use security::*;

#[cfg(test)]
mod tests;
