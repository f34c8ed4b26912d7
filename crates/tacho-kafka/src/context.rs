//! What librdkafka calls back: log lines, errors, deliveries.

use crate::producer::LaneCounters;
use rdkafka::{
    ClientContext, Message as _,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError as ClientError, RDKafkaErrorCode},
    producer::{DeliveryResult, ProducerContext},
};
use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};

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
    fn delivery(&self, _result: &DeliveryResult<'_>, _opaque: ()) {}
}

/// A transaction's client. That a record was not delivered is also the commit's answer; which one and why only the
/// delivery tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutputContext {
    refused: Arc<Mutex<Option<Refused>>>,
}

/// A record that the brokers did not take.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub topic: String,
    pub bytes: usize,
    pub code: RDKafkaErrorCode,
}

impl OutputContext {
    /// The first record that was refused since the last call.
    pub(crate) fn take_refused(&self) -> Option<Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for OutputContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        LogContext.log(level, facility, message);
    }
    fn error(&self, error: ClientError, reason: &str) {
        LogContext.error(error, reason);
    }
}

impl ProducerContext for OutputContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _opaque: ()) {
        let Err((error, message)) = result else { return };
        let Some(code) = error.rdkafka_error_code() else { return };
        // A transaction that is aborted purges what it had queued: that tells nothing.
        if matches!(code, RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) {
            return;
        }
        let bytes = message.key().map_or(0, <[u8]>::len) + message.payload().map_or(0, <[u8]>::len);
        let refused = Refused { topic: message.topic().to_owned(), bytes, code };
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(refused);
    }
}

/// While probing, a refused connection is the answer, not news. What the brokers have against this client is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProbeContext {
    complaint: Arc<Mutex<Option<String>>>,
    hint: Arc<Mutex<Option<String>>>,
}

impl ProbeContext {
    /// What stands in the way and will not pass by waiting: credentials or certificates.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// What librdkafka suspects.
    pub(crate) fn hint(&self) -> Option<String> {
        self.hint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for ProbeContext {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
        // Said in a log line only: a connection that breaks off is no error to librdkafka.
        if message.contains("security.protocol") {
            keep_first(&self.hint, message);
        }
    }
    fn error(&self, error: ClientError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        if matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL)) {
            keep_first(&self.complaint, reason);
        }
    }
}

fn keep_first(place: &Mutex<Option<String>>, text: &str) {
    place.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| text.to_owned());
}

impl ProducerContext for ProbeContext {
    type DeliveryOpaque = ();
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
