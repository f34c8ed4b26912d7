//! Sends dead letters to their topics again, in the embedded log or on Kafka. Each is announced in the store, sent, and
//! marked as done: a crash in between leaves an announcement without a mark, which is shown and not sent again by itself.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use serde::Deserialize;
use std::sync::Arc;
use tacho_kafka::{PlacedRecord, ProducerConfig, send_placed};
use tacho_log::EmbeddedLog;
use tacho_server::{DeadLetterReplay, ReplayOrder, ReplayReport};
use tacho_store::{ClickHouseStore, QueryOptions};

/// Letters that are announced, sent and marked together.
const CHUNK: usize = 1_000;

/// Letters that were neither sent nor announced, the oldest first.
const WAITING: &str = "FROM dead_letters
    WHERE ({topic:String} = '' OR topic = {topic:String}) AND ({reason:String} = '' OR reason = {reason:String})
        AND (topic, partition, offset) NOT IN (SELECT topic, partition, offset FROM dead_letter_replays)";

/// Where letters go, and commands that the instance gives itself.
pub enum Destination {
    /// This process's own log.
    Embedded(Arc<EmbeddedLog>),
    /// Brokers; a client of its own for every chunk, since replays are rare.
    Kafka(Box<ProducerConfig>),
}

/// Where they are, and where they go.
pub struct Replayer {
    store: ClickHouseStore,
    destination: Arc<Destination>,
    /// One at a time: two would send the same letters.
    turn: tokio::sync::Mutex<()>,
}

/// A letter that waits.
#[derive(Debug, Deserialize)]
struct Letter {
    topic: String,
    partition: i32,
    offset: String,
    /// Base64.
    bytes: String,
}

#[derive(Debug, Deserialize)]
struct Count {
    waiting: String,
}

impl Replayer {
    /// Letters of that store, to topics over there.
    pub fn new(store: ClickHouseStore, destination: Destination) -> Self {
        Self { store, destination: Arc::new(destination), turn: tokio::sync::Mutex::default() }
    }

    async fn run(&self, order: ReplayOrder) -> Result<ReplayReport, String> {
        let _turn = self.turn.lock().await;
        let options = QueryOptions::read_only().param("topic", &order.topic).param("reason", &order.reason);
        let sql = format!(
            "SELECT topic, partition, toString(offset) AS offset, base64Encode(payload) AS bytes {WAITING}
            ORDER BY at, topic, partition, offset LIMIT {}",
            order.limit
        );
        let letters: Vec<Letter> = self.store.rows(&sql, &options).await.map_err(|error| error.to_string())?;
        let mut report = ReplayReport::default();
        for chunk in letters.chunks(CHUNK) {
            self.mark(chunk, false).await?;
            let sent = self.send(chunk).await;
            self.mark(&chunk[..sent], true).await?;
            report.replayed += sent as u64;
            report.uncertain += (chunk.len() - sent) as u64;
            if sent < chunk.len() {
                break;
            }
        }
        let sql = format!("SELECT toString(count()) AS waiting {WAITING}");
        let counted: Vec<Count> = self.store.rows(&sql, &options).await.map_err(|error| error.to_string())?;
        report.remaining = counted.first().and_then(|count| count.waiting.parse().ok()).unwrap_or(0);
        tracing::info!(?order, ?report, "dead letters are sent again");
        Ok(report)
    }

    /// Sends the letters in their order; returns how many of the first are acknowledged.
    async fn send(&self, letters: &[Letter]) -> usize {
        let mut records = Vec::with_capacity(letters.len());
        for letter in letters {
            match BASE64_STANDARD.decode(&letter.bytes) {
                Ok(value) => {
                    records.push(PlacedRecord { topic: letter.topic.clone(), partition: letter.partition, value });
                }
                Err(error) => {
                    tracing::error!(%error, topic = letter.topic, offset = letter.offset, "a dead letter is damaged");
                    break;
                }
            }
        }
        let destination = Arc::clone(&self.destination);
        tokio::task::spawn_blocking(move || destination.send(&records)).await.unwrap_or(0)
    }

    async fn mark(&self, letters: &[Letter], is_done: bool) -> Result<(), String> {
        if letters.is_empty() {
            return Ok(());
        }
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let mut rows = Vec::with_capacity(letters.len());
        for Letter { topic, partition, offset, .. } in letters {
            let offset: i64 = offset.parse().map_err(|_| format!("offset `{offset}` is no number"))?;
            if !is_plain(topic) {
                return Err(format!("`{topic}` is no name of a topic"));
            }
            let version = 1 + u8::from(is_done);
            rows.push(format!("('{topic}', {partition}, {offset}, {is_done}, now64(3), {version})"));
        }
        let columns = "topic, partition, offset, done, at, version";
        let sql = format!("INSERT INTO dead_letter_replays ({columns}) VALUES {}", rows.join(", "));
        self.store.client().query(&sql).execute().await.map_err(|error| format!("the store is not available: {error}"))
    }
}

impl Destination {
    /// How many of the first are acknowledged. Blocks.
    pub fn send(&self, records: &[PlacedRecord]) -> usize {
        match self {
            Destination::Embedded(log) => {
                let append = |PlacedRecord { topic, partition, value }: &PlacedRecord| {
                    let appended = log.append(topic, *partition, &[(b"", value)]);
                    appended.inspect_err(|error| tracing::error!(%error, topic, partition, "a record was not sent"))
                };
                records.iter().take_while(|record| append(record).is_ok()).count()
            }
            Destination::Kafka(config) => send_placed(config, records).unwrap_or_else(|error| {
                tracing::error!(%error, "records were not sent");
                0
            }),
        }
    }
}

impl DeadLetterReplay for Replayer {
    fn replay(&self, order: ReplayOrder) -> BoxFuture<'_, Result<ReplayReport, String>> {
        Box::pin(self.run(order))
    }
}
