//! Runs epochs through a set of shards as the pipeline does, and keeps the last fact of every id.

use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::{
    ControlStage, DriverInput, DriverNews, DriverStageOutput, EngineConfig, EpochTime, FleetStage, GroupSet, Shard,
    SideCounts, VehicleStageOutput,
};
use tacho_model::{
    AlertFact, AlertType, EventTime, Facts, KEY_GROUPS, LatLon, LiveVehicle, LogTime, RowOutcome, ScoreWindow,
    SideBody, SideEvent, TelemetryBatch, Tristate, java_hash, key_group, shard_of_group,
};

/// One telemetry row, before it is put in columns. Absent numbers are NaN.
#[derive(Debug, Clone)]
pub struct Row {
    pub vehicle: String,
    pub at: i64,
    pub log: i64,
    pub offset: i64,
    pub position: LatLon,
    pub speed_kmph: f32,
    pub heading: f32,
    pub ignition: Tristate,
    pub rpm: f32,
    pub accuracy_m: f32,
    pub accel_long_ms2: f32,
    pub accel_lat_ms2: f32,
    pub limit_kmph: f32,
    pub battery_v: f32,
    pub fuel_pct: f32,
    pub engine_temp_c: f32,
    pub accel_g: f32,
    /// The vehicle is in the workshop: not sent, for the naive sums.
    pub is_down: bool,
    pub flags: u8,
    pub driver: String,
    pub trip: String,
    pub event_id: String,
}

impl Row {
    pub fn new(vehicle: &str, at: i64, position: LatLon, speed_kmph: f32) -> Row {
        Row {
            vehicle: vehicle.to_owned(),
            at,
            log: at,
            offset: 0,
            position,
            speed_kmph,
            heading: f32::NAN,
            ignition: Tristate::Unknown,
            rpm: f32::NAN,
            accuracy_m: f32::NAN,
            accel_long_ms2: f32::NAN,
            accel_lat_ms2: f32::NAN,
            limit_kmph: f32::NAN,
            battery_v: f32::NAN,
            fuel_pct: f32::NAN,
            engine_temp_c: f32::NAN,
            accel_g: f32::NAN,
            is_down: false,
            flags: 0,
            driver: String::new(),
            trip: String::new(),
            event_id: String::new(),
        }
    }

    fn push_to(&self, batch: &mut TelemetryBatch) {
        let row = batch.len();
        batch.offset.push(self.offset);
        batch.log_time.push(LogTime(self.log));
        batch.timestamp.push(EventTime(self.at));
        batch.vehicle_hash.push(java_hash(&self.vehicle));
        for (column, text) in [
            (&mut batch.vehicle_id, self.vehicle.as_str()),
            (&mut batch.driver_id, &self.driver),
            (&mut batch.trip_id, &self.trip),
            (&mut batch.event_id, &self.event_id),
            (&mut batch.extra, ""),
        ] {
            column.push(batch.text.push(text));
        }
        batch.lat.push(self.position.lat);
        batch.lon.push(self.position.lon);
        batch.speed_kmph.push(self.speed_kmph);
        batch.heading.push(self.heading);
        batch.sat_count.push(9);
        batch.battery_v.push(self.battery_v);
        if self.ignition != Tristate::Unknown {
            batch.set_ignition(row, self.ignition == Tristate::Yes);
        }
        if self.flags != 0 {
            batch.set_device_flags(row, self.flags);
        }
        for (column, value) in [
            (&mut batch.rpm, self.rpm),
            (&mut batch.accuracy_m, self.accuracy_m),
            (&mut batch.accel_long_ms2, self.accel_long_ms2),
            (&mut batch.accel_lat_ms2, self.accel_lat_ms2),
            (&mut batch.speed_limit_kmph, self.limit_kmph),
            (&mut batch.fuel_pct, self.fuel_pct),
            (&mut batch.engine_temp_c, self.engine_temp_c),
            (&mut batch.accel_g, self.accel_g),
        ] {
            if !value.is_nan() {
                column.set(row, value);
            }
        }
    }
}

/// Vehicle, event time and event id of a row.
pub type RowKey = (String, i64, String);

/// What one epoch made.
#[derive(Debug, Default)]
pub struct EpochOut {
    pub facts: Facts,
    /// Rows that were not just applied, the released ones included: (vehicle, event time, event id), outcome.
    pub odd_rows: Vec<(RowKey, RowOutcome)>,
    pub counts: Vec<SideCounts>,
    pub held_rows: u64,
    pub live: Vec<LiveVehicle>,
    /// Positions of the rows that go to the store.
    pub stored: Vec<(RowKey, LatLon)>,
    /// Side events of which nobody is to know where: how many.
    pub hidden: usize,
}

/// Shards, the fleet stage, and what they said so far.
pub struct Rig {
    config: Arc<EngineConfig>,
    control: ControlStage,
    shards: Vec<Shard>,
    fleet: FleetStage,
    /// Last fact by kind and id, as text.
    pub last: BTreeMap<String, String>,
    pub all: Facts,
    /// Alerts that were moved from one driver to another, or dismissed.
    pub moved: Vec<DriverInput>,
    /// Detected trips that were none.
    pub dropped_trips: u64,
}

fn groups_of(shard: u16, shards: u16) -> std::ops::Range<u16> {
    let owned = |group: &u16| shard_of_group(*group, shards) == shard;
    let first = (0..KEY_GROUPS).find(owned).unwrap_or(0);
    let count = (0..KEY_GROUPS).filter(owned).count() as u16;
    first..first + count
}

impl Rig {
    pub fn new(shards: u16) -> Rig {
        Rig::with(shards, Arc::new(EngineConfig::default()))
    }

    pub fn with(shards: u16, config: Arc<EngineConfig>) -> Rig {
        let make = |shard| Shard::new(Arc::clone(&config), groups_of(shard, shards));
        let shards = (0..shards).map(make).collect();
        Rig {
            control: ControlStage::default(),
            shards,
            fleet: FleetStage::new(Arc::clone(&config)),
            config,
            last: BTreeMap::new(),
            all: Facts::default(),
            moved: Vec::new(),
            dropped_trips: 0,
        }
    }

    /// One epoch of all three stages.
    pub fn epoch(&mut self, fleet: Option<i64>, rows: &[Row], side: &[SideEvent]) -> EpochOut {
        let log = rows.iter().map(|row| row.log).chain(side.iter().map(|side| side.log_time.ms())).max().unwrap_or(0);
        let time = EpochTime { fleet: fleet.map(EventTime), log: LogTime(log) };
        let count = self.shards.len() as u16;
        let mut out = EpochOut::default();
        let (mut inputs, mut partials) = (Vec::new(), Vec::new());
        assert_eq!(self.control.run(time, side).refused, 0);
        for index in 0..count {
            let owns = |vehicle: &str| shard_of_group(key_group(vehicle), count) == index;
            let mut batches = batches_of(rows.iter().filter(|row| owns(&row.vehicle)));
            let is_for_shard = |event: &&SideEvent| {
                matches!(event.body, SideBody::Command(_))
                    || event.body.vehicle_id().map_or(index == 0, |vehicle| owns(vehicle.as_str()))
            };
            let events: Vec<SideEvent> = side.iter().filter(is_for_shard).cloned().collect();
            let mut made = VehicleStageOutput::default();
            let shard = &mut self.shards[usize::from(index)];
            shard.set_control(self.control.control());
            shard.run_vehicle_stage(time, &GroupSet::ALL, &mut batches, &events, &mut made);
            batches.push(made.released);
            out.odd_rows.extend(batches.iter().flat_map(odd_rows));
            out.stored.extend(batches.iter().flat_map(stored));
            out.hidden += made.hidden_events.len();
            out.facts.append(&mut made.facts);
            out.counts.push(made.side_outcomes);
            self.dropped_trips += made.dropped_trips;
            out.held_rows += made.held_rows;
            out.live.append(&mut made.live);
            let is_moved =
                |input: &&DriverInput| matches!(input.news, DriverNews::MovedAlert { .. } | DriverNews::Dismissed(_));
            self.moved.extend(made.driver_inputs.iter().filter(is_moved).cloned());
            inputs.append(&mut made.driver_inputs);
            partials.push(made.fleet);
        }
        for index in 0..count {
            let is_own = |group: u16| shard_of_group(group, count) == index;
            let mut own: Vec<_> = inputs.iter().filter(|input| is_own(input.group())).cloned().collect();
            let mut made = DriverStageOutput::default();
            self.shards[usize::from(index)].run_driver_stage(time, &GroupSet::ALL, &mut own, &mut made);
            out.facts.append(&mut made.facts);
        }
        self.fleet.run(time, &partials, &mut out.facts);
        self.keep(&out.facts);
        out
    }

    /// Snapshots everything, starts anew with `shards` shards, and restores.
    pub fn restart(&mut self, shards: u16) {
        let mut rig = Rig::with(shards, Arc::clone(&self.config));
        let old_count = self.shards.len() as u16;
        for group in 0..KEY_GROUPS {
            let old = &self.shards[usize::from(shard_of_group(group, old_count))];
            let new = &mut rig.shards[usize::from(shard_of_group(group, shards))];
            let (vehicles, drivers) = (old.snapshot_vehicle_group(group), old.snapshot_driver_group(group));
            new.restore_vehicle_group(group, &vehicles).unwrap();
            new.restore_driver_group(group, &drivers).unwrap();
            assert!(new.snapshot_vehicle_group(group) == vehicles, "a snapshot is canonical");
            assert!(new.snapshot_driver_group(group) == drivers, "a snapshot is canonical");
        }
        rig.fleet.restore(&self.fleet.snapshot()).unwrap();
        rig.control.restore(&self.control.snapshot()).unwrap();
        assert!(rig.control.snapshot() == self.control.snapshot(), "a snapshot is canonical");
        self.control = rig.control;
        let count = |shards: &[Shard]| shards.iter().map(Shard::vehicle_count).sum::<usize>();
        assert_eq!(count(&rig.shards), count(&self.shards));
        self.shards = rig.shards;
        self.fleet = rig.fleet;
    }

    fn keep(&mut self, facts: &Facts) {
        let mut seen = std::collections::BTreeSet::new();
        for (key, value) in keyed(facts) {
            assert!(seen.insert(key.clone()), "told twice in one epoch: {key}");
            self.last.insert(key, value);
        }
        self.all.append(&mut facts.clone());
    }
}

fn batches_of<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<TelemetryBatch> {
    let mut batches: BTreeMap<i32, TelemetryBatch> = BTreeMap::new();
    for row in rows {
        let partition = i32::from(key_group(&row.vehicle) % 3);
        let batch = batches.entry(partition).or_default();
        batch.partition = partition;
        row.push_to(batch);
    }
    batches.into_values().collect()
}

fn odd_rows(batch: &TelemetryBatch) -> impl Iterator<Item = (RowKey, RowOutcome)> + '_ {
    assert_eq!(batch.outcome.len(), batch.len());
    let text = |at| batch.text.get(at).to_owned();
    let key = move |n: usize| (text(batch.vehicle_id[n]), batch.timestamp[n].ms(), text(batch.event_id[n]));
    (0..batch.len()).map(move |n| (key(n), batch.outcome[n])).filter(|row| row.1 != RowOutcome::Applied)
}

fn stored(batch: &TelemetryBatch) -> impl Iterator<Item = (RowKey, LatLon)> + '_ {
    let text = |at| batch.text.get(at).to_owned();
    let key = move |n: usize| (text(batch.vehicle_id[n]), batch.timestamp[n].ms(), text(batch.event_id[n]));
    let is_stored = |n: &usize| !matches!(batch.outcome[*n], RowOutcome::Held | RowOutcome::Duplicate);
    (0..batch.len()).filter(is_stored).map(move |n| (key(n), batch.position(n)))
}

/// Facts as (kind and id, content). Series of which only changes are told are left to `series`.
fn keyed(facts: &Facts) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |key: String, value: String| all.push((key, value));
    facts.trips.iter().for_each(|f| add(format!("trip {} {}", f.vehicle_id, f.trip_id), format!("{f:?}")));
    for f in &facts.alerts {
        // Which trip a maintenance names that falls due between the end of a trip and the message of it, is left open.
        let is_due = f.alert_type == AlertType::MaintenanceDue;
        let trip_id = if is_due { Default::default() } else { f.trip_id.clone() };
        add(format!("alert {}", f.alert_id), format!("{:?}", AlertFact { trip_id, ..f.clone() }));
    }
    facts.refuels.iter().for_each(|f| add(format!("refuel {}", f.refuel_id), format!("{f:?}")));
    facts.geofence_events.iter().for_each(|f| add(format!("fence {}", f.event_id), format!("{f:?}")));
    for f in &facts.vehicle_minutes {
        add(format!("minute {} {:?}", f.vehicle_id, f.minute), format!("{f:?}"));
    }
    // Quarters that are offline as a whole are told only where something else was guessed before.
    for f in &facts.vehicle_intervals {
        let value = if f.spent_ms[3] == 900_000 { String::new() } else { format!("{f:?}") };
        add(format!("interval {} {:?}", f.vehicle_id, f.start), value);
    }
    for f in &facts.trip_summaries {
        add(format!("summary {} {:?}", f.vehicle_id, f.window_start), format!("{f:?}"));
    }
    for f in &facts.trip_metrics {
        add(format!("metrics {} {:?}", f.trip_id, f.window_start), format!("{f:?}"));
    }
    for f in &facts.driver_scores {
        let who = if f.driver_id.is_empty() { f.vehicle_id.as_str() } else { f.driver_id.as_str() };
        if f.window != ScoreWindow::Penalty15s {
            add(format!("score {} {who} {:?}", f.window.as_str(), f.window_end), format!("{f:?}"));
            continue;
        }
        let value = (f.penalty, f.overspeed_count, f.harsh_brake_count, f.idling_count);
        add(format!("~penalty {who} {:020}", f.window_end.ms()), format!("{value:?} {}", f.vehicle_id));
    }
    for f in &facts.stop_visits {
        add(format!("stop {} {} {}", f.vehicle_id, f.trip_id, f.stop.stop_id), format!("{f:?}"));
    }
    for f in &facts.eta_predictions {
        add(format!("eta {} {} {:?} {:?}", f.trip_id, f.stop_id, f.made_at, f.arrived_at), format!("{f:?}"));
    }
    for f in &facts.break_violations {
        add(format!("violation {}", f.violation_id), format!("{f:?}"));
    }
    facts.hours_left.iter().for_each(|f| add(format!("left {}", f.driver_id), format!("{f:?}")));
    for f in &facts.utilization {
        let value = (f.active_count, f.idle_count, f.stopped_count, f.offline_count);
        add(format!("~fleet all {:020}", f.window_end.ms()), format!("{value:?}"));
    }
    all
}

/// The last facts, where series that carry a value forward are reduced to the points at which it changes.
pub fn settled(last: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut settled = BTreeMap::new();
    let mut before = (String::new(), String::new());
    for (key, value) in last {
        if value.is_empty() {
            continue;
        }
        if !key.starts_with('~') {
            settled.insert(key.clone(), value.clone());
            continue;
        }
        let series = key.rsplit_once(' ').map(|(series, _)| series.to_owned()).unwrap_or_default();
        let shown = value.split(") ").next().unwrap_or_default().to_owned();
        let nothing = if key.starts_with("~penalty") { "(0, 0, 0, 0" } else { "" };
        let carried = if before.0 == series { before.1.as_str() } else { nothing };
        if carried != shown {
            settled.insert(key.clone(), value.clone());
        }
        before = (series, shown);
    }
    settled
}
