//! Writes outputs: one transaction for one or more whole epochs, with the marker that names the last.
//!
//! Who may write is settled twice. `init_transactions` fences every earlier writer with the same id. And each writer
//! begins with a marker of its own (its *claim*): a writer that the brokers refuse looks whether somebody else has
//! claimed the outputs since. If so, it has lost them for good. If not, the brokers had only ended a transaction that
//! was open for too long, and the writer begins anew from the last marker.

use crate::{
    admin::{TopicSpec, ensure_topics_with},
    context::{OutputContext, Refused},
    error::KafkaError,
    log_config::{Isolation, KafkaLogConfig, MARKER_PARTITIONS},
    log_error::{fatal, kafka_error, log_error},
    markers::{self, Marker},
};
use rdkafka::{
    error::{KafkaError as ClientError, RDKafkaErrorCode as Code},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, Producer as _, ThreadedProducer},
};
use std::{
    hash::{BuildHasher as _, RandomState},
    mem,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tacho_io::{EpochId, LogError, OWN_HEADER, OutputRecord};

type Client = ThreadedProducer<OutputContext>;

/// How often an aborted transaction is tried again before the caller hears of it; the caller has its own pauses.
const ATTEMPTS: usize = 3;
/// What a record takes beside key and value: lengths, time, and the header that names the epoch.
const RECORD_OVERHEAD: usize = 128;
const ROOM_WAIT: Duration = Duration::from_millis(2);
const OPEN_PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct OutputWriter {
    config: Arc<KafkaLogConfig>,
    marker_topic: String,
    context: OutputContext,
    /// Names this writer in its markers.
    instance: String,
    has_claimed: bool,
    /// The last epoch that is written; epoch 0 for none.
    last: EpochId,
    state: State,
}

#[derive(Default)]
enum State {
    /// No session with the brokers.
    #[default]
    Closed,
    /// No transaction is open.
    Ready(Client),
    /// The commit of this epoch was sent, and its answer did not come in time.
    Committing(Client, EpochId),
    /// Another instance has claimed the outputs.
    Lost,
}

impl OutputWriter {
    /// Takes the outputs of the pipeline over.
    pub(crate) fn open(config: Arc<KafkaLogConfig>) -> Result<Self, KafkaError> {
        let marker_topic = config.marker_topic();
        let (partitions, replication) = (MARKER_PARTITIONS, -1);
        let spec = TopicSpec { name: &marker_topic, partitions, replication, settings: markers::MARKER_TOPIC_SETTINGS };
        ensure_topics_with(&config.client("admin"), &config.brokers, &[spec], config.open_timeout)?;
        // Two instances must differ, on whatever machines they run: the hash keys are the system's random words.
        let instance = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let last = EpochId::default();
        let context = OutputContext::default();
        let mut writer =
            Self { config, marker_topic, context, instance, has_claimed: false, last, state: State::Closed };
        let deadline = Instant::now() + writer.config.open_timeout;
        loop {
            match writer.settle() {
                Ok(()) if writer.has_claimed => return Ok(writer),
                // A commit was outstanding and is done.
                Ok(()) => writer.state = State::Closed,
                Err(LogError::Unavailable(_)) if Instant::now() < deadline => thread::sleep(OPEN_PAUSE),
                Err(error) => return Err(kafka_error(error)),
            }
        }
    }

    pub(crate) fn last_epoch(&self) -> Option<EpochId> {
        (self.last.epoch > 0).then_some(self.last)
    }

    /// Writes these epochs, ascending, in one transaction; those that are written already are left out.
    pub(crate) fn append(&mut self, epochs: &[(EpochId, &[OutputRecord])]) -> Result<(), LogError> {
        for (_, outputs) in epochs {
            self.check_sizes(outputs)?;
        }
        let mut attempt = 0;
        loop {
            self.settle()?;
            let new = &epochs[epochs.partition_point(|(epoch, _)| *epoch <= self.last)..];
            let Some((last, _)) = new.last() else { return Ok(()) };
            attempt += 1;
            match self.transact(*last, new) {
                // Nothing is outstanding: a new session aborts it.
                Err(LogError::Unavailable(_)) if attempt < ATTEMPTS && matches!(self.state, State::Closed) => {}
                result => return result,
            }
        }
    }

    /// Before anything of the epoch is sent: no repeat makes such an output smaller.
    fn check_sizes(&self, outputs: &[OutputRecord]) -> Result<(), LogError> {
        let bytes = |output: &OutputRecord| output.key.len() + output.value.len() + RECORD_OVERHEAD;
        match outputs.iter().find(|output| bytes(output) > self.config.record_bytes_max as usize) {
            Some(output) => Err(too_large(&output.topic, bytes(output))),
            None => Ok(()),
        }
    }

    /// Brings whatever is outstanding to an end, so that no transaction is open.
    fn settle(&mut self) -> Result<(), LogError> {
        match mem::take(&mut self.state) {
            State::Closed => self.connect(),
            State::Ready(client) => {
                self.state = State::Ready(client);
                Ok(())
            }
            State::Committing(client, epoch) => self.commit(client, epoch),
            State::Lost => Err(self.lost()),
        }
    }

    /// Begins a session: fences, reads the marker, claims.
    fn connect(&mut self) -> Result<(), LogError> {
        if self.has_claimed {
            // As far as is committed: a transaction of our own may still be open, and whoever has claimed the outputs
            // has ended it.
            self.check_claim(Isolation::Committed)?;
        }
        let client: Client = self
            .config
            .producer()
            .create_with_context(self.context.clone())
            .map_err(KafkaError::Config)
            .map_err(fatal)?;
        let refused = |error: &ClientError| match error.rdkafka_error_code() {
            Some(Code::TransactionalIdAuthorizationFailed) => {
                fatal(KafkaError::NoTransactions { id: self.config.transactional_id() })
            }
            _ => log_error("fencing", error),
        };
        client.init_transactions(self.config.request_timeout).map_err(|error| refused(&error))?;
        // The end of all records: another pipeline's open transaction may hide our marker.
        self.last = self.check_claim(Isolation::Uncommitted)?;
        self.state = State::Ready(client);
        self.transact(self.last, &[])?;
        Ok(())
    }

    /// The last epoch by the newest marker. Fails when another instance wrote it after this one had claimed.
    fn check_claim(&mut self, up_to: Isolation) -> Result<EpochId, LogError> {
        let marker = markers::last(&self.config, up_to).map_err(fatal)?;
        if self.has_claimed && marker.as_ref().is_none_or(|marker| marker.instance != self.instance) {
            return Err(self.lost());
        }
        if marker.is_none() && self.config.is_known {
            let (topic, pipeline) = (self.marker_topic.clone(), self.config.pipeline_id.clone());
            return Err(fatal(KafkaError::NoMarker { topic, pipeline }));
        }
        Ok(marker.map_or(EpochId::default(), |marker| marker.epoch()))
    }

    fn lost(&mut self) -> LogError {
        self.state = State::Lost;
        fatal(KafkaError::Fenced { pipeline: self.config.pipeline_id.clone() })
    }

    fn transact(&mut self, last: EpochId, epochs: &[(EpochId, &[OutputRecord])]) -> Result<(), LogError> {
        let State::Ready(client) = mem::take(&mut self.state) else {
            return Err(LogError::Unavailable("the outputs have no session with the brokers".to_owned()));
        };
        match self.send_all(&client, last, epochs) {
            Ok(()) => self.commit(client, last),
            Err(failure) => Err(self.give_up(client, failure)),
        }
    }

    fn send_all(
        &self,
        client: &Client,
        last: EpochId,
        epochs: &[(EpochId, &[OutputRecord])],
    ) -> Result<(), ClientError> {
        self.context.take_refused();
        client.begin_transaction()?;
        for (epoch, outputs) in epochs {
            let own = format!("{}.{}", epoch.generation, epoch.epoch);
            for output in *outputs {
                let headers = OwnedHeaders::new_with_capacity(1).insert(Header { key: OWN_HEADER, value: Some(&own) });
                let record = BaseRecord::to(&output.topic)
                    .key(output.key.as_slice())
                    .payload(output.value.as_slice())
                    .timestamp(output.timestamp_ms)
                    .headers(headers);
                self.send(client, record)?;
            }
        }
        let marker = Marker {
            pipeline: self.config.pipeline_id.clone(),
            instance: self.instance.clone(),
            generation: last.generation,
            last_epoch: last.epoch,
        };
        let value = serde_json::to_vec(&marker).expect("a marker is texts and numbers");
        let key = self.config.pipeline_id.as_bytes();
        let record =
            BaseRecord::to(&self.marker_topic).partition(markers::PARTITION).key(key).payload(value.as_slice());
        self.send(client, record)?;
        // The commit would wait for the acknowledgements as well; here their lateness still ends in an abort.
        client.flush(self.config.request_timeout)
    }

    /// Queues a record, waiting for room.
    fn send(&self, client: &Client, mut record: BaseRecord<'_, [u8], [u8], ()>) -> Result<(), ClientError> {
        let deadline = Instant::now() + self.config.request_timeout;
        loop {
            match client.send(record) {
                Ok(()) => return Ok(()),
                Err((ClientError::MessageProduction(Code::QueueFull), refused)) if Instant::now() < deadline => {
                    record = refused;
                }
                Err((error, _)) => return Err(error),
            }
            client.poll(ROOM_WAIT);
        }
    }

    fn commit(&mut self, client: Client, epoch: EpochId) -> Result<(), LogError> {
        match client.commit_transaction(self.config.request_timeout) {
            Ok(()) => {
                (self.last, self.has_claimed, self.state) = (epoch, true, State::Ready(client));
                Ok(())
            }
            Err(ClientError::Transaction(error)) if error.is_retriable() && !error.txn_requires_abort() => {
                self.state = State::Committing(client, epoch);
                Err(LogError::Unavailable(format!("committing the outputs of epoch {}: {error}", epoch.epoch)))
            }
            Err(error) => Err(self.give_up(client, error)),
        }
    }

    /// Ends a transaction that cannot be committed, and the session with it; says why it could not. The next session's
    /// `init_transactions` aborts it and begins a new producer epoch. Aborting it here and going on would use sequence
    /// numbers a second time: where a broker had appended a batch whose acknowledgement was lost, it took the batch of
    /// the repeat for the same one and dropped it, although the first was aborted.
    fn give_up(&mut self, client: Client, failure: ClientError) -> LogError {
        let refused = self.context.take_refused();
        drop(client);
        if is_end_of_session(&failure) {
            return self.closed(&failure);
        }
        self.state = State::Closed;
        match refused {
            Some(Refused { topic, bytes, code: Code::MessageSizeTooLarge }) => too_large(&topic, bytes),
            Some(Refused { topic, code, .. }) => {
                log_error(&format!("writing outputs to {topic}"), &ClientError::MessageProduction(code))
            }
            None => log_error("writing outputs", &failure),
        }
    }

    /// After the end of the session: lost to another instance, or worth another one.
    fn closed(&mut self, failure: &ClientError) -> LogError {
        self.state = State::Closed;
        match log_error("writing outputs", failure) {
            LogError::Unavailable(detail) if self.has_claimed => match self.check_claim(Isolation::Committed) {
                Ok(_) | Err(LogError::Unavailable(_)) => LogError::Unavailable(detail),
                Err(error) => error,
            },
            error => error,
        }
    }
}

fn too_large(topic: &str, bytes: usize) -> LogError {
    fatal(KafkaError::OutputTooLarge { topic: topic.to_owned(), bytes })
}

/// Whether librdkafka takes nothing more from this client.
fn is_end_of_session(failure: &ClientError) -> bool {
    match failure {
        ClientError::Transaction(error) => error.is_fatal(),
        ClientError::MessageProduction(code) => matches!(code, Code::Fatal | Code::Fenced),
        _ => false,
    }
}
