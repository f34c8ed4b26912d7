//! One vehicle's inputs of an epoch, in their order.

use super::{
    absence, alerts, delivery, intervals, marks, motion, presence, privacy, reorder, share, side, silence,
    state::{Context, Vehicle},
    trips, windows,
};
use tacho_model::{EventTime, LatLon, LiveVehicle, RowOutcome, TelemetryBatch, VehicleState};

/// The live page is told of a vehicle at most this often (event time), unless its state changes, ms.
const LIVE_INTERVAL_MS: i64 = 1_000;

/// A row among the batches of an epoch.
#[derive(Debug, Clone, Copy)]
pub struct RowRef {
    pub batch: u32,
    pub row: u32,
}

/// Puts a vehicle's rows in the order of the log: partition and offset. They are, unless its records are spread over
/// partitions. Lateness is judged in this order, so that it does not depend on where epochs are cut.
pub fn sort_rows(rows: &mut [RowRef], telemetry: &[TelemetryBatch]) {
    let key = |at: &RowRef| {
        let batch = &telemetry[at.batch as usize];
        (batch.partition, batch.offset[at.row as usize])
    };
    if !rows.is_sorted_by_key(key) {
        rows.sort_by_key(key);
    }
}

/// Runs a vehicle's rows, which stand in the order of the log.
pub fn run_rows(vehicle: &mut Vehicle, rows: &[RowRef], telemetry: &mut [TelemetryBatch], ctx: &mut Context<'_>) {
    let state_before = vehicle.presence.state();
    for at in rows {
        let (batch, row) = (&telemetry[at.batch as usize], at.row as usize);
        let outcome = motion::take_row(vehicle, batch, row, ctx);
        telemetry[at.batch as usize].outcome[row] = outcome;
    }
    debug_assert!(rows.iter().all(|at| telemetry[at.batch as usize].outcome[at.row as usize] != RowOutcome::Pending));
    if let Some(privacy) = vehicle.privacy.as_deref() {
        rows.iter().for_each(|at| privacy::hide_row(privacy, &mut telemetry[at.batch as usize], at.row as usize));
    }
    windows::tell_corrections(vehicle, ctx);
    show(vehicle, state_before != vehicle.presence.state(), ctx);
}

/// Tells the live page.
pub fn show(vehicle: &mut Vehicle, has_changed: bool, ctx: &mut Context<'_>) {
    let Some(last) = &vehicle.last else { return };
    let is_due = last.at.ms_since(vehicle.live_at) >= LIVE_INTERVAL_MS;
    if !(is_due || has_changed) {
        return;
    }
    let is_private = vehicle.is_shown_private();
    let place = if is_private { LatLon::UNKNOWN } else { last.position };
    ctx.out.live.push(LiveVehicle {
        vehicle_id: vehicle.id.clone(),
        driver_id: vehicle.driver_id.clone(),
        trip_id: vehicle.trip_id(),
        at: last.at,
        lat: place.lat,
        lon: place.lon,
        speed_kmph: last.speed_kmph,
        heading: if is_private { f32::NAN } else { last.heading },
        state: vehicle.presence.state(),
        is_private,
    });
    vehicle.live_at = last.at;
}

/// Looks at a vehicle whose silence is due, on fleet time.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    let state_before = vehicle.presence.state();
    reorder::on_silence(vehicle, fleet, ctx);
    if let Some(first) = reorder::first_waiting(vehicle) {
        // Not silent: what it sent waits for its turn. A silence before that is certain.
        if first > offline_at(vehicle) {
            presence::on_silence(vehicle, fleet, ctx);
        }
        return;
    }
    motion::on_silence(vehicle, fleet, ctx);
    side::on_silence(vehicle, fleet, ctx);
    // What cannot be taken back waits for the suspect: if the vehicle really was there, it was not silent then.
    let certain = before_suspect(vehicle).map_or(fleet, |before| before.min(fleet));
    alerts::on_silence(vehicle, certain, ctx);
    absence::on_silence(vehicle, certain, ctx);
    trips::on_silence(vehicle, fleet, ctx);
    if window_close_at(vehicle, ctx) <= fleet {
        let is_silent =
            vehicle.progress_fleet.is_none_or(|progress| progress.plus_ms(ctx.config.silence_hold_ms) <= fleet);
        if is_silent {
            windows::close_silent(vehicle, fleet.plus_ms(-ctx.config.silence_hold_ms), ctx);
        }
    }
    if intervals_close_at(vehicle, ctx) <= fleet {
        intervals::close_silent(vehicle, fleet.plus_ms(-ctx.config.silence_hold_ms), ctx);
    }
    share::on_silence(vehicle, fleet, ctx);
    presence::on_silence(vehicle, fleet, ctx);
    marks::on_doubted(vehicle, ctx);
    marks::on_check(vehicle, fleet, ctx);
    delivery::on_check(vehicle, fleet, ctx);
    silence::on_check(vehicle, fleet);
    if state_before != vehicle.presence.state() {
        show(vehicle, true, ctx);
    }
}

/// The last moment before a suspect that waits for its neighbour.
fn before_suspect(vehicle: &Vehicle) -> Option<EventTime> {
    vehicle.held.as_ref().map(|held| held.fix().at.plus_ms(-1))
}

/// When a silent vehicle's quarter of an hour is told, on fleet time; `MAX` without one.
fn intervals_close_at(vehicle: &Vehicle, ctx: &Context<'_>) -> EventTime {
    told_in_silence_at(vehicle, intervals::next_end(vehicle), ctx)
}

/// The same for windows.
fn window_close_at(vehicle: &Vehicle, ctx: &Context<'_>) -> EventTime {
    told_in_silence_at(vehicle, vehicle.windows.next_end(ctx.config), ctx)
}

fn told_in_silence_at(vehicle: &Vehicle, end: EventTime, ctx: &Context<'_>) -> EventTime {
    let since = vehicle.progress_fleet.map_or(end, |progress| progress.max(end));
    since.plus_ms(ctx.config.silence_hold_ms)
}

/// When the vehicle counts as offline without another fix; `MAX` if it does already.
fn offline_at(vehicle: &Vehicle) -> EventTime {
    let last = vehicle.last.filter(|_| vehicle.presence.state() != VehicleState::Offline);
    last.map_or(EventTime::MAX, |last| last.offline_at)
}

/// When the vehicle's silence has to be looked at next, on fleet time.
pub fn next_check(vehicle: &Vehicle, ctx: &Context<'_>) -> EventTime {
    if let Some(until) = reorder::rows_until(vehicle, ctx) {
        let offline_at = offline_at(vehicle);
        let is_certain = reorder::first_waiting(vehicle).is_some_and(|first| first > offline_at);
        return if is_certain { until.min(offline_at) } else { until };
    }
    let or_never = |at: Option<EventTime>| at.unwrap_or(EventTime::MAX);
    let trip_at = vehicle.trip.as_ref().and_then(|trip| trips::timeout_check_at(vehicle, trip, ctx));
    let mut certain = or_never(alerts::episodes_until(vehicle, ctx)).min(or_never(absence::check_at(vehicle, ctx)));
    if before_suspect(vehicle).is_some_and(|before| certain > before) {
        certain = EventTime::MAX;
    }
    // Plain comparisons: this is asked of every vehicle in every epoch.
    let mut due = certain
        .min(offline_at(vehicle))
        .min(or_never(trip_at))
        .min(window_close_at(vehicle, ctx))
        .min(intervals_close_at(vehicle, ctx))
        .min(or_never(motion::held_until(vehicle, ctx)))
        .min(or_never(side::pending_until(vehicle, ctx)))
        .min(or_never(share::due_at(vehicle, ctx)))
        .min(or_never(marks::check_at(vehicle)));
    if vehicle.delivery.is_some() || vehicle.silence.is_some() {
        due = due.min(or_never(delivery::check_at(vehicle, ctx))).min(or_never(silence::check_at(vehicle)));
    }
    due
}
