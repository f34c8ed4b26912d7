//! A scenario through decoder and engine, without log, pipeline and store: one thread, a clock that is counted.

use crate::arrivals::Counts;
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
};
use tacho_engine::{ControlStage, DriverStageOutput, EngineConfig, EpochTime, GroupSet, Shard, VehicleStageOutput};
use tacho_io::{RecordSlot, Records, TopicPartition};
use tacho_model::{
    AlertFact, AlertState, EtaPrediction, EventTime, Facts, KEY_GROUPS, LogTime, Rejected, SideEvent, SpeedArea, Stream,
};
use tacho_score::{Found, FoundAlert, FoundTrip, FoundVisit, Truth};
use tacho_sim::{Delivery, Fleet, Scenario, SimConfig, Sink, SinkError, TruthWriter};
use tacho_wire::{DecodeLimits, TelemetryDecoder, decode_side, speed_profile_command};

/// 2026-01-15T12:00:00Z, a Thursday.
const START: EventTime = EventTime(1_768_478_400_000);
/// Event time of an epoch. Fleet time follows the vehicles by as much.
const EPOCH_MS: i64 = 5_000;

/// The configuration of a scenario with these faults.
pub fn config(scenario: Scenario, faults: &str, seed: u64) -> SimConfig {
    let defaults = scenario.defaults().expect("a scenario sets its own duration");
    SimConfig {
        seed,
        scenario,
        num_vehicles: defaults.num_vehicles,
        telemetry_rate_hz: defaults.telemetry_rate_hz,
        start: START,
        duration: defaults.duration,
        faults: faults.parse().expect("faults"),
        ..SimConfig::default()
    }
}

/// Collects messages by stream, as the log would.
struct Log {
    now: EventTime,
    records: BTreeMap<u8, (Stream, Records)>,
}

impl Sink for Log {
    fn send(&mut self, stream: Stream, _key: &[u8], value: &[u8], _at: EventTime) -> Result<(), SinkError> {
        let (_, records) = self.records.entry(stream.rank()).or_insert_with(|| {
            let source = TopicPartition { topic: stream.name().into(), partition: 0 };
            (stream, Records::empty(source, 0))
        });
        let slot = RecordSlot {
            offset: records.next_offset,
            log_time: LogTime(self.now.ms()),
            start: records.bytes.len() as u32,
            len: value.len() as u32,
        };
        records.bytes.extend_from_slice(value);
        records.slots.push(slot);
        records.next_offset += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery::default()
    }
}

/// The engine, and the last word of every fact.
struct World {
    control: ControlStage,
    shard: Shard,
    decoder: TelemetryDecoder,
    limits: DecodeLimits,
    alerts: BTreeMap<String, AlertFact>,
    trips: BTreeMap<String, FoundTrip>,
    visits: BTreeMap<(String, String), FoundVisit>,
    rejected: Vec<Rejected>,
    predictions: Vec<EtaPrediction>,
    /// What was driven, if that is asked.
    counts: Option<Counts>,
}

impl World {
    fn new() -> World {
        let config = Arc::new(EngineConfig::default());
        let limits = DecodeLimits::default();
        World {
            control: ControlStage::default(),
            shard: Shard::new(config, 0..KEY_GROUPS),
            decoder: TelemetryDecoder::new(limits, 1),
            limits,
            alerts: BTreeMap::new(),
            trips: BTreeMap::new(),
            visits: BTreeMap::new(),
            rejected: Vec::new(),
            predictions: Vec::new(),
            counts: None,
        }
    }

    fn epoch(&mut self, log: &mut Log, fleet: Option<EventTime>) {
        let time = EpochTime { fleet, log: LogTime(log.now.ms()) };
        let mut telemetry = vec![tacho_model::TelemetryBatch::default()];
        let mut side: Vec<SideEvent> = Vec::new();
        for (stream, records) in log.records.values_mut() {
            match stream {
                Stream::Telemetry => self.decoder.decode(records, &mut telemetry, &mut self.rejected),
                _ => decode_side(*stream, records, &self.limits, &mut side, &mut self.rejected),
            }
            records.bytes.clear();
            records.slots.clear();
        }
        if let Some(counts) = &mut self.counts {
            telemetry.iter().for_each(|batch| counts.add(batch));
        }
        assert_eq!(self.control.run(time, &side).refused, 0);
        self.shard.set_control(self.control.control());
        let mut made = VehicleStageOutput::default();
        self.shard.run_vehicle_stage(time, &GroupSet::ALL, &mut telemetry, &side, &mut made);
        self.keep(&made.facts);
        let mut drivers = DriverStageOutput::default();
        self.shard.run_driver_stage(time, &GroupSet::ALL, &mut made.driver_inputs, &mut drivers);
        self.keep(&drivers.facts);
    }

    fn keep(&mut self, facts: &Facts) {
        self.predictions.extend(facts.eta_predictions.iter().cloned());
        for alert in facts.alerts.iter().filter(|alert| alert.by_engine) {
            self.alerts.insert(alert.alert_id.to_string(), alert.clone());
        }
        for trip in &facts.trips {
            let found = FoundTrip {
                trip_id: trip.trip_id.to_string(),
                vehicle_id: trip.vehicle_id.to_string(),
                origin: trip.origin.as_str().to_owned(),
                status: trip.status.as_str().to_owned(),
                started_ms: trip.started_at.ms(),
                ended_ms: trip.ended_at.ms(),
                distance_m: trip.distance_m,
            };
            self.trips.insert(found.trip_id.clone(), found);
        }
        for visit in &facts.stop_visits {
            let found = FoundVisit {
                trip_id: visit.trip_id.to_string(),
                stop_id: visit.stop.stop_id.clone(),
                status: visit.status.as_str().to_owned(),
                punctuality: visit.punctuality.as_str().to_owned(),
                visit_order: visit.visit_order,
                is_out_of_order: visit.is_out_of_order,
                lateness_s: Some(visit.lateness_s()).filter(|seconds| seconds.is_finite()),
                waiting_s: Some(visit.waiting_s()).filter(|seconds| seconds.is_finite()),
                delay_s: Some(visit.delay_s()).filter(|seconds| seconds.is_finite()),
                arrived_ms: visit.arrived_at.map(EventTime::ms),
                departed_ms: visit.departed_at.map(EventTime::ms),
                outcome: visit.outcome.clone(),
            };
            self.visits.insert((found.trip_id.clone(), found.stop_id.clone()), found);
        }
    }

    fn found(self) -> Found {
        let alerts = self.alerts.into_values().filter(|alert| alert.state != AlertState::Dismissed);
        let alert = |alert: AlertFact| FoundAlert {
            alert_id: alert.alert_id.to_string(),
            alert_type: alert.alert_type.as_str().to_owned(),
            vehicle_id: alert.vehicle_id.to_string(),
            driver_id: alert.driver_id.to_string(),
            geofence_id: alert.geofence_id.to_string(),
            ts_ms: alert.ts.ms(),
            ended_ms: alert.ended_at.map_or(0, EventTime::ms),
            raised_ms: alert.raised_at.ms(),
        };
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for rejected in self.rejected {
            *reasons.entry(rejected.reason.as_str().to_owned()).or_default() += 1;
        }
        Found {
            alerts: alerts.map(alert).collect(),
            trips: self.trips.into_values().collect(),
            visits: Some(self.visits.into_values().collect()),
            anomalies: Vec::new(),
            dead_letters: reasons.into_iter().collect(),
        }
    }
}

/// A buffer that outlives the writer.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Plays a scenario through the engine: what happened, and what was found. Contradictions of trips are left out: the store
/// finds them among all trips.
pub fn play(config: SimConfig) -> (Truth, Found) {
    let (truth, world) = played(config, World::new(), &[]);
    (truth, world.found())
}

/// Plays a scenario to learn what is driven in it.
pub fn drive(config: SimConfig) -> Counts {
    let world = World { counts: Some(Counts::default()), ..World::new() };
    played(config, world, &[]).1.counts.unwrap_or_default()
}

/// The same with a speed profile, and what arrivals are predicted.
pub fn predict(config: SimConfig, profile: &[SpeedArea]) -> (Truth, Found, Vec<EtaPrediction>) {
    let (truth, mut world) = played(config, World::new(), profile);
    let predictions = std::mem::take(&mut world.predictions);
    (truth, world.found(), predictions)
}

fn played(config: SimConfig, mut world: World, profile: &[SpeedArea]) -> (Truth, World) {
    let (start, end) = (config.start, config.end());
    let fleet = Fleet::new(config).expect("a valid configuration");
    let mut slice = fleet.split(1).remove(0);
    let mut log = Log { now: start, records: BTreeMap::new() };
    let text = Shared::default();
    let mut writer = TruthWriter::new(Box::new(text.clone()));
    slice.set_up(&mut log).expect("taken");
    for area in profile {
        let command = speed_profile_command(area, start);
        log.send(Stream::Commands, b"", command.as_bytes(), start).expect("taken");
    }
    world.epoch(&mut log, None);
    let mut now = start;
    while now < end {
        now = now.plus_ms(EPOCH_MS).min(end);
        log.now = now;
        slice.advance_to(now, &mut log).expect("taken");
        if now >= end {
            slice.finish(end);
        }
        world.epoch(&mut log, Some(now.plus_ms(-EPOCH_MS)));
        for record in slice.take_truth() {
            writer.write(&record).expect("written");
        }
    }
    world.epoch(&mut log, Some(end));
    writer.finish(fleet.config(), end, slice.sent(), true).expect("written");
    let bytes = text.0.lock().expect("one thread").clone();
    let mut truth = Truth::read(&String::from_utf8(bytes).expect("text")).expect("a truth");
    truth.lines.retain(|line| line.kind != "anomaly");
    (truth, world)
}
