//! The embedded log and its Kafka-protocol front end.
//!
//! [`EmbeddedLog`] keeps topics in partitions of append-only segments on the local disk, one process at a time.
//! [`KafkaListener`] lets the usual Kafka clients produce to it and consume from it. It is one node for one machine:
//! no replication, no client transactions, no compaction (a topic with `cleanup.policy=compact` is kept whole).
//!
//! # Files
//!
//! ```text
//! lock                                    held while a process has the log open
//! topics                                  names, partition counts, configuration
//! producer-ids                            next id that has not been given out to a producer
//! group-offsets                           what consumer groups have committed; written anew at start
//! data/<topic>/<partition>/<offset>.log   a segment: Kafka record batches v2, one behind the other
//! data/<topic>/<partition>/<offset>.index its sparse index; a shortcut that is made again when it is lost
//! data/<topic>/<partition>/recovery-point what is whole and durable, and the producers' state there
//! ```
//!
//! # Durability
//!
//! An append is written to the file before it is acknowledged, so a killed process loses nothing. What a power cut may
//! take depends on [`FsyncPolicy`]. A segment is fsynced before the next one begins; so a damaged older segment is an
//! error, and only the torn tail of the last one is cut at start.
//!
//! # Log time
//!
//! Every batch carries the log's clock at its append (LogAppendTime), which never goes back within a partition.
//!
//! # Consumer groups
//!
//! The classic group protocol, so `subscribe()` with commits works from the usual clients. Committed offsets are as
//! durable as records are; those of a group without members go after 7 days. Who is in a group is not kept: after a
//! restart members join again. Not there: static membership (`group.instance.id` gets UNSUPPORTED_VERSION), the newer
//! consumer protocol (KIP-848; its requests are not offered, so clients say that the broker lacks it), transactions.
//!
//! # Own outputs
//!
//! The pipeline's outputs of one epoch for one partition are one batch. The epoch stands in the batch's producer fields
//! (a range of producer ids that clients are refused) and in each record's header, so that an append that is repeated
//! after a crash is recognised, and readers leave the records out.

mod batch;
mod config;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod groups;
mod listener;
mod log;
mod maintenance;
mod outputs;
mod partitioner;
mod producer_ids;
mod reader;
mod storage;
#[cfg(test)]
mod tests;
mod topics;
mod watch;

pub use batch::BatchError;
pub use config::{CleanupPolicy, FsyncPolicy, LogConfig, TopicConfig, TopicInfo, TopicUsage};
pub use error::{AppendError, CreateTopicError, OpenError};
pub use listener::{KafkaListener, ListenerConfig};
pub use log::EmbeddedLog;
pub use partitioner::partition_of_key;
