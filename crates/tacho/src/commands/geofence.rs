//! `geofence import`: geofences from GeoJSON files into the control stream.

use crate::{cli::GeofenceImport, commands::import::producer_of, config::Config, kafka_client};
use anyhow::{Context, Result, bail};
use std::{path::Path, time::Duration};
use tacho_kafka::ProducerLane;
use tacho_model::{EventTime, Stream, topic_name};
use tacho_wire::{DecodeLimits, GeofenceCommand, geofence_commands};

/// How long to look for a broker.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for the last acknowledgements.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);

/// Checks the whole file, then sends it: all of it or nothing.
pub fn import(config: &Config, args: &GeofenceImport) -> Result<()> {
    let from = EventTime(jiff::Timestamp::now().as_millisecond());
    let commands = read(&args.file, from)?;
    let producer = producer_of(config, args.data_dir.as_deref(), args.brokers.as_deref())?;
    kafka_client::probe(&producer.brokers, &producer.security, PROBE_PATIENCE)?;
    let topic = topic_name(&config.topics.prefix, Stream::Commands.topic_suffix());
    let mut lanes = ProducerLane::open(&producer, vec![topic], 1)?;
    let lane = lanes.first_mut().context("open a producer")?;
    for command in &commands {
        // The log sets the time: what comes in now has come in now.
        lane.send(0, command.geofence_id.as_bytes(), command.json.as_bytes(), 0)?;
    }
    lane.flush(FLUSH_PATIENCE)?;
    let failed = lane.counts().first().map_or(0, |counts| counts.failed);
    if failed > 0 {
        bail!("{failed} of {} geofences were not delivered", commands.len());
    }
    println!("{} geofences, effective from now", commands.len());
    Ok(())
}

/// The geofences of a file. Every feature that is wrong is said.
pub fn read(file: &Path, from: EventTime) -> Result<Vec<GeofenceCommand>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("open {}", file.display()))?;
    let features = geofence_commands(&text, from, DecodeLimits::default().record_bytes_max)
        .with_context(|| format!("read {}", file.display()))?;
    let count = features.len();
    let (mut commands, mut problems) = (Vec::with_capacity(count), Vec::new());
    for feature in features {
        match feature {
            Ok(command) => commands.push(command),
            Err(problem) => problems.push(problem.to_string()),
        }
    }
    if !problems.is_empty() {
        bail!("{} of {count} features are no geofences:\n{}", problems.len(), problems.join("\n"));
    }
    Ok(commands)
}
