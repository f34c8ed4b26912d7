//! The fleet's speed profile, from what is stored to the control stream: once a day by a running instance, or now by
//! `speed-profile`.

use crate::{
    cli::SpeedProfile as Args,
    commands::import::producer_of,
    config::Config,
    dead_letters::Destination,
    kafka_client,
    stored::{Await, Stored},
};
use anyhow::{Context, Result, bail};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tacho_io::{Clock, StoreError, SystemClock};
use tacho_kafka::{PlacedRecord, ProducerLane};
use tacho_model::{EventTime, SpeedArea, Stream, topic_name};
use tacho_store::{ClickHouseStore, heat, speeds};
use tacho_wire::{DrivenCell, changed_speed_areas, read_speed_profile, speed_profile_command};

/// How long to look for a broker.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for the last acknowledgements.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);
/// A profile holds from so much later than it is sent, ms: then it is there before the first fix of that moment.
const LEAD_MS: i64 = 60_000;
/// Time between two profiles.
const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Tells the profile of a running instance.
pub(super) struct Publisher {
    store: ClickHouseStore,
    destination: Arc<Destination>,
    topic: String,
    /// When it was told, or found to be unchanged.
    told: Mutex<Option<Instant>>,
}

impl Publisher {
    /// How often it is looked whether a profile is due.
    pub const INTERVAL: Duration = Duration::from_secs(3_600);

    pub fn new(config: &Config, store: ClickHouseStore, destination: Destination) -> Publisher {
        let topic = topic(config);
        Publisher { store, destination: Arc::new(destination), topic, told: Mutex::new(None) }
    }

    /// Tells what has changed, if a day has passed. Nothing is left to do then.
    ///
    /// # Errors
    /// As [`StoreError`] says; the same call may be made again.
    pub async fn collect(&self) -> Result<bool, StoreError> {
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < EVERY) {
            return Ok(false);
        }
        let Some(areas) = changed(&self.store).await? else { return Ok(false) };
        let from = EventTime(SystemClock.now().ms() + LEAD_MS);
        let record = |area: &SpeedArea| PlacedRecord {
            topic: self.topic.clone(),
            partition: 0,
            value: speed_profile_command(area, from).into_bytes(),
        };
        let records: Vec<PlacedRecord> = areas.iter().map(record).collect();
        let (destination, count) = (Arc::clone(&self.destination), records.len());
        let sent = tokio::task::spawn_blocking(move || destination.send(&records)).await.unwrap_or(0);
        if sent < count {
            tracing::warn!(sent, count, "not all of the speed profile was told; the rest is told later");
            return Ok(false);
        }
        tracing::info!(areas = count, "the fleet's speed profile is told");
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(false)
    }
}

fn topic(config: &Config) -> String {
    topic_name(&config.topics.prefix, Stream::Commands.topic_suffix())
}

/// The areas to tell; none when nothing was driven, and nothing told.
async fn changed(store: &ClickHouseStore) -> Result<Option<Vec<SpeedArea>>, StoreError> {
    let driven = speeds::cell_speeds(store).await?;
    let last: Vec<SpeedArea> =
        speeds::last_profile(store).await?.iter().filter_map(|body| read_speed_profile(body)).collect();
    if driven.is_empty() && last.is_empty() {
        return Ok(None);
    }
    let cells: Vec<DrivenCell<'_>> = driven
        .iter()
        .map(|row| DrivenCell { cell_id: &row.cell_id, time_zone: &row.time_zone, speeds: row.speeds().collect() })
        .collect();
    Ok(Some(changed_speed_areas(&cells, &last)))
}

/// Tells it now.
pub fn run(config: &Config, args: &Args) -> Result<()> {
    let stored = Stored::open(config, args.data_dir.as_deref(), args.clickhouse.as_deref(), Await::Stored)?;
    let producer = producer_of(config, args.data_dir.as_deref(), args.brokers.as_deref())?;
    kafka_client::probe(&producer.brokers, &producer.security, PROBE_PATIENCE)?;
    let areas = stored.ask(|store| async move {
        let now_ms = SystemClock.now().ms();
        while heat::collect(store.client(), now_ms).await.context("count what was driven")? {}
        Ok(changed(&store).await.context("read what was driven")?.unwrap_or_default())
    })?;
    if areas.is_empty() {
        println!("nothing has changed");
        return Ok(());
    }
    let mut lanes = ProducerLane::open(&producer, vec![topic(config)], 1)?;
    let lane = lanes.first_mut().context("open a producer")?;
    let from = EventTime(SystemClock.now().ms());
    for area in &areas {
        // The log sets the time: what comes in now has come in now.
        let key = format!("{:x}", area.area);
        lane.send(0, key.as_bytes(), speed_profile_command(area, from).as_bytes(), 0)?;
    }
    lane.flush(FLUSH_PATIENCE)?;
    let failed = lane.counts().first().map_or(0, |counts| counts.failed);
    if failed > 0 {
        bail!("{failed} of {} areas were not delivered", areas.len());
    }
    let cells: usize = areas.iter().map(|area| area.cells.len()).sum();
    println!("{} areas with {cells} cells, effective from now", areas.len());
    Ok(())
}
