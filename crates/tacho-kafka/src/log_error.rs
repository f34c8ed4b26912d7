//! librdkafka's failures as the log's failures.

use crate::error::KafkaError;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use std::io;
use tacho_io::{LogError, TopicPartition};

/// What failed, as the caller of the log sees it. Whatever may pass is `Unavailable`; only what a person has to
/// change is not.
pub(crate) fn log_error(what: &str, error: &ClientError) -> LogError {
    match error.rdkafka_error_code() {
        Some(
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed,
        ) => LogError::Io(io::Error::new(io::ErrorKind::PermissionDenied, format!("{what}: {error}"))),
        _ => LogError::Unavailable(format!("{what}: {error}")),
    }
}

/// A failure that no repeat heals, with its own words.
pub(crate) fn fatal(error: KafkaError) -> LogError {
    match error {
        KafkaError::Log(error) => error,
        other => LogError::Io(io::Error::other(other)),
    }
}

/// The way back: what failed, without the log's words around it.
pub(crate) fn kafka_error(error: LogError) -> KafkaError {
    match error {
        LogError::Io(io) => match io.downcast::<KafkaError>() {
            Ok(inner) => inner,
            Err(io) => KafkaError::Log(LogError::Io(io)),
        },
        other => KafkaError::Log(other),
    }
}

pub(crate) fn unknown(source: &TopicPartition) -> LogError {
    LogError::UnknownPartition { topic: source.topic.to_string(), partition: source.partition }
}

pub(crate) fn corrupt(source: &TopicPartition, offset: i64, detail: String) -> LogError {
    LogError::Corrupt { topic: source.topic.to_string(), partition: source.partition, offset, detail }
}
