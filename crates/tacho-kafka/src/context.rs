//! What librdkafka calls back: log lines, errors, deliveries.

use crate::producer::LaneCounters;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::KafkaError as ClientError,
    producer::{DeliveryResult, ProducerContext},
};
use std::sync::{Arc, atomic::Ordering};

/// Sends librdkafka's words to `tracing`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogContext;

impl ClientContext for LogContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(target: "librdkafka", facility, "{message}")
            }
            RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{message}"),
        }
    }

    fn error(&self, error: ClientError, reason: &str) {
        // Most are passing (a broker that restarts); what matters comes back by a call or a delivery.
        tracing::warn!(target: "librdkafka", %error, "{reason}");
    }
}

impl ConsumerContext for LogContext {}

impl ProducerContext for LogContext {
    type DeliveryOpaque = ();
    // Of a transaction's records the commit tells: it fails when one was not delivered.
    fn delivery(&self, _result: &DeliveryResult<'_>, _opaque: ()) {}
}

/// Counts deliveries: a message's opaque word is `lane x topics + topic`, so nothing is allocated per message.
#[derive(Debug)]
pub(crate) struct DeliveryContext {
    pub topics: usize,
    pub lanes: Arc<[LaneCounters]>,
}

impl ClientContext for DeliveryContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        LogContext.log(level, facility, message);
    }
    fn error(&self, error: ClientError, reason: &str) {
        LogContext.error(error, reason);
    }
}

impl ProducerContext for DeliveryContext {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let counters = &self.lanes[opaque / self.topics].0[opaque % self.topics];
        match result {
            Ok(_) => counters.acknowledged.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                let failed = counters.failed.fetch_add(1, Ordering::Relaxed);
                if failed == 0 {
                    tracing::warn!(%error, topic = opaque % self.topics, "a message was not delivered");
                }
                failed
            }
        };
    }
}
