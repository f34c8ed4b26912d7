//! One vehicle's stored history through a fresh engine, in event order.

use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::{Control, EngineConfig, EpochTime, GroupSet, Shard, VehicleStageOutput};
use tacho_io::{RecordSlot, Records, StoredCommand, TopicPartition};
use tacho_model::{
    AlertFact, CommandKind, EventTime, GeofenceEvent, LogTime, SideBody, SideEvent, StopVisit, Stream, TelemetryBatch,
    TripEventKind, TripFact, TripId, TripSummary, VehicleId, VehicleInterval, VehicleMinute, java_hash,
    key_group_of_hash,
};
use tacho_wire::{DecodeLimits, decode_side, read_plan};

/// Fixes of an epoch of the fresh engine.
const EPOCH_ROWS: usize = 2_048;
/// Events of an epoch: so many may wait for the fixes that they come before.
const EPOCH_EVENTS: usize = 128;
/// Epochs in which silence is looked at in the end: what one look sets off is seen by the next.
const LAST_LOOKS: i64 = 4;

/// The last word of the fresh engine on everything.
#[derive(Debug, Default)]
pub(super) struct History {
    pub trips: BTreeMap<String, TripFact>,
    pub alerts: BTreeMap<String, AlertFact>,
    pub minutes: BTreeMap<EventTime, VehicleMinute>,
    pub intervals: BTreeMap<EventTime, VehicleInterval>,
    pub summaries: BTreeMap<EventTime, TripSummary>,
    pub geofence_events: BTreeMap<String, GeofenceEvent>,
    /// By trip and stop.
    pub stop_visits: BTreeMap<(TripId, String), StopVisit>,
}

/// What is read to compute a day.
#[derive(Debug)]
pub(super) struct Inputs {
    /// In order.
    pub fixes: TelemetryBatch,
    /// Of the vehicle, in any order.
    pub events: Vec<SideEvent>,
    /// Geofences through time.
    pub geofences: Arc<Control>,
}

/// Runs inputs through an engine that knows nothing else. Silence is judged by `fleet`, in the end.
pub(super) fn replay(config: &Arc<EngineConfig>, vehicle: &VehicleId, inputs: Inputs, fleet: EventTime) -> History {
    let Inputs { mut fixes, mut events, geofences } = inputs;
    let group = key_group_of_hash(java_hash(vehicle.as_str()));
    let mut shard = Shard::new(Arc::clone(config), group..group + 1);
    shard.set_control(geofences);
    events.sort_by_key(|event| (event.at, event.body.stream().rank(), event.partition, event.offset));
    // The place in event order is the place in the log that this engine reads.
    fixes.offset.iter_mut().zip(0..).for_each(|(offset, place)| *offset = place);
    let mut history = History::default();
    let mut events = events.into_iter().peekable();
    let mut from = 0;
    while from < fixes.len() {
        let mut end = (from + EPOCH_ROWS).min(fixes.len());
        let last = fixes.timestamp[end - 1];
        let mut due: Vec<SideEvent> = Vec::new();
        while let Some(event) = events.next_if(|event| event.at <= last && due.len() < EPOCH_EVENTS) {
            due.push(event);
        }
        if let Some(next) = events.peek().filter(|next| next.at <= last) {
            // Fixes behind it wait for it.
            end = from + fixes.timestamp[from..end].partition_point(|at| *at < next.at);
        }
        let mut batch = TelemetryBatch::default();
        (from..end).for_each(|row| batch.push_from(&fixes, row));
        history.run(&mut shard, None, &mut [batch], &due);
        from = end;
    }
    let rest: Vec<SideEvent> = events.collect();
    for look in 0..LAST_LOOKS {
        let rest = if look == 0 { rest.as_slice() } else { &[] };
        history.run(&mut shard, Some(fleet.plus_ms(look * 1_000)), &mut [], rest);
    }
    history
}

impl History {
    fn run(
        &mut self,
        shard: &mut Shard,
        fleet: Option<EventTime>,
        telemetry: &mut [TelemetryBatch],
        side: &[SideEvent],
    ) {
        let time = EpochTime { fleet, log: LogTime(fleet.map_or(0, EventTime::ms)) };
        let mut out = VehicleStageOutput::default();
        shard.run_vehicle_stage(time, &GroupSet::ALL, telemetry, side, &mut out);
        let facts = out.facts;
        self.trips.extend(facts.trips.into_iter().map(|trip| (trip.trip_id.as_str().to_owned(), trip)));
        self.alerts.extend(facts.alerts.into_iter().map(|alert| (alert.alert_id.as_str().to_owned(), alert)));
        self.minutes.extend(facts.vehicle_minutes.into_iter().map(|minute| (minute.minute, minute)));
        self.intervals.extend(facts.vehicle_intervals.into_iter().map(|interval| (interval.start, interval)));
        self.summaries.extend(facts.trip_summaries.into_iter().map(|summary| (summary.window_start, summary)));
        self.geofence_events.extend(facts.geofence_events.into_iter().map(|event| (event.event_id.clone(), event)));
        let stops = facts.stop_visits.into_iter();
        self.stop_visits.extend(stops.map(|visit| ((visit.trip_id.clone(), visit.stop.stop_id.clone()), visit)));
    }
}

/// Reads the plans of stored trip events. One that does not read any more is left out.
pub(super) fn read_plans(events: &mut Vec<SideEvent>) {
    events.retain_mut(|event| {
        let SideBody::Trip(trip) = &mut event.body else { return true };
        match &mut trip.kind {
            TripEventKind::Start { plan, delivery, .. } => *delivery = read_plan(plan).map(Arc::new),
            TripEventKind::PlanUpdate { plan, delivery } => match read_plan(plan) {
                Some(read) => *delivery = Arc::new(read),
                None => return false,
            },
            _ => {}
        }
        true
    });
}

/// Stored commands as events. What an older build stored and this one does not read is left out.
pub(super) fn command_events(commands: &[StoredCommand], limits: &DecodeLimits) -> Vec<SideEvent> {
    let mut events = Vec::new();
    for command in commands {
        let bytes = message(command).into_bytes();
        let slot = RecordSlot { offset: 0, log_time: command.log_time, start: 0, len: bytes.len() as u32 };
        let source = TopicPartition::new("commands", 0);
        let records = Records { source, bytes, slots: vec![slot], next_offset: 1, own_count: 0 };
        let limits = DecodeLimits { max_age_ms: None, ..*limits };
        let mut decoded = Vec::new();
        decode_side(Stream::Commands, &records, &limits, &mut decoded, &mut Vec::new());
        for mut event in decoded {
            event.at = command.at;
            if let SideBody::Command(command) = &mut event.body
                && let CommandKind::VehicleUpsert(setup) = &mut command.kind
            {
                // The history is in order.
                setup.reorder_ms = 0;
            }
            events.push(event);
        }
    }
    events
}

/// The message on the wire: some kinds are stored whole, of others only what they change.
fn message(command: &StoredCommand) -> String {
    let inner = command.body.trim().trim_start_matches('{').trim_end_matches('}').trim();
    if inner.contains("\"command_id\"") {
        return command.body.clone();
    }
    let separator = if inner.is_empty() { "" } else { "," };
    let id = command.command_id.replace(['"', '\\'], "_");
    let mut ts = Vec::new();
    tacho_wire::write_timestamp(command.at.ms(), &mut ts);
    let ts = String::from_utf8_lossy(&ts);
    format!("{{\"command_id\":\"{id}\",\"type\":\"{}\",\"ts\":\"{ts}\"{separator}{inner}}}", command.kind)
}
