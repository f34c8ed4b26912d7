//! From a fix to the way since the one before: order, duplicates, jumps, jitter.

use super::{
    absence, account, crash, delivery, detect, emergencies, fencing,
    fix::{Engine, Fix, LastFix},
    harsh, health,
    held::HeldRow,
    idling, intervals, marks, overspeed, presence, reorder, share, side, silence,
    state::{Context, Vehicle},
    trip::Trip,
    trips,
    windows::{self, Step},
};
use tacho_model::{EventTime, LatLon, RowOutcome, TelemetryBatch, VehicleState};

/// On a trip, slower than this is a standstill whose displacement is jitter, km/h.
const STANDSTILL_KMPH: f32 = 1.0;

/// Takes one row, in the order of the log, and says what became of it.
pub fn take_row(vehicle: &mut Vehicle, batch: &TelemetryBatch, row: usize, ctx: &mut Context<'_>) -> RowOutcome {
    let fix = Fix::of_row(batch, row);
    if batch.is_call(row) {
        emergencies::on_refused(vehicle, &fix, ctx);
        return RowOutcome::Call;
    }
    let config = ctx.config;
    if !vehicle.recent.insert(fix.at, fix.event_id, config.duplicate_memory_ms, config.duplicate_memory_fixes) {
        return RowOutcome::Duplicate;
    }
    if fix.device_flags != 0 {
        emergencies::on_device_flags(vehicle, &fix, ctx);
    }
    if fix.at < vehicle.time {
        ctx.out.displacements.add(reorder::displacement_ms(vehicle, fix.at));
        windows::on_late_fix(vehicle, &fix, ctx);
        marks::on_late(vehicle, fix.at, ctx);
        return RowOutcome::Late;
    }
    if vehicle.reorder.is_some() {
        return reorder::take_row(vehicle, batch, row, ctx);
    }
    place(vehicle, &fix, || Box::new(HeldRow::of_row(batch, row)), ctx)
}

/// Applies a fix whose turn it is, unless its position is impossible. `hold` gives the row to keep.
pub fn place(
    vehicle: &mut Vehicle,
    fix: &Fix<'_>,
    hold: impl FnOnce() -> Box<HeldRow>,
    ctx: &mut Context<'_>,
) -> RowOutcome {
    let is_suspect = vehicle.last.is_some_and(|last| is_jump((last.at, last.position), (fix.at, fix.position), ctx));
    if is_suspect {
        return take_suspect(vehicle, fix, hold, ctx);
    }
    give_up_held(vehicle, fix.at, ctx);
    let held = vehicle.held.take();
    match held {
        Some(held) if held.fix().at <= fix.at => {
            // The fix fits the one before the suspect: the suspect was wrong.
            release(&held, RowOutcome::Outlier, ctx);
            apply(vehicle, fix, ctx);
        }
        Some(held) => {
            apply(vehicle, fix, ctx);
            let fits_now = !is_jump((fix.at, fix.position), (held.fix().at, held.fix().position), ctx);
            if fits_now {
                apply(vehicle, &held.fix(), ctx);
                release(&held, RowOutcome::Applied, ctx);
            } else {
                vehicle.held = Some(held);
            }
        }
        None => apply(vehicle, fix, ctx),
    }
    RowOutcome::Applied
}

/// A fix that the one before makes impossible: its neighbour behind decides.
fn take_suspect(
    vehicle: &mut Vehicle,
    fix: &Fix<'_>,
    hold: impl FnOnce() -> Box<HeldRow>,
    ctx: &mut Context<'_>,
) -> RowOutcome {
    give_up_held(vehicle, fix.at, ctx);
    vehicle.time = vehicle.time.max(fix.capped_at());
    match vehicle.held.take() {
        None => {}
        Some(held) if fix.at < held.fix().at => {
            vehicle.held = Some(held);
            return RowOutcome::Outlier;
        }
        Some(held) if !is_jump((held.fix().at, held.fix().position), (fix.at, fix.position), ctx) => {
            // Two that agree: the vehicle really is elsewhere. The leg between adds no distance.
            apply(vehicle, &held.fix(), ctx);
            release(&held, RowOutcome::Applied, ctx);
            apply(vehicle, fix, ctx);
            return RowOutcome::Applied;
        }
        Some(held) => release(&held, RowOutcome::Outlier, ctx),
    }
    vehicle.held = Some(hold());
    ctx.gauges.held_rows += 1;
    RowOutcome::Held
}

fn release(held: &HeldRow, outcome: RowOutcome, ctx: &mut Context<'_>) {
    ctx.gauges.held_rows -= 1;
    held.release(outcome, &mut ctx.out.released);
}

/// A leg that no vehicle drives. Intervals under a second are judged as a second: there, the noise of positions alone
/// would look like a jump.
fn is_jump(from: (EventTime, LatLon), to: (EventTime, LatLon), ctx: &Context<'_>) -> bool {
    let seconds = (to.0.ms_since(from.0).max(1_000)) as f64 / 1_000.0;
    let limit_m = ctx.config.jump_kmph / 3.6 * seconds;
    // A degree of latitude is 111 km: most fixes are told apart without a sine.
    let is_near = (to.1.lat - from.1.lat).abs() + (to.1.lon - from.1.lon).abs() < limit_m / 160_000.0;
    !is_near && from.1.distance_m(to.1) > limit_m
}

/// Looks at a silent vehicle: a suspect without a neighbour is an outlier.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    let is_over = held_until(vehicle, ctx).is_some_and(|until| until <= fleet);
    if let Some(held) = vehicle.held.take_if(|_| is_over) {
        release(&held, RowOutcome::Outlier, ctx);
    }
}

/// When a suspect stops waiting, on fleet time.
pub fn held_until(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let held = vehicle.held.as_ref()?;
    let from = vehicle.progress_fleet.map_or(held.fix().at, |progress| progress.max(held.fix().at));
    Some(from.plus_ms(vehicle.reorder_ms() + vehicle.usual_gap_ms(ctx.config.outlier_hold_ms)))
}

/// A suspect does not wait longer for a fix that comes than for one that does not.
fn give_up_held(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let patience_ms = vehicle.usual_gap_ms(ctx.config.outlier_hold_ms);
    if let Some(held) = vehicle.held.take_if(|held| at.ms_since(held.fix().at) > patience_ms) {
        release(&held, RowOutcome::Outlier, ctx);
    }
}

/// Applies a fix in order: every feature sees it once.
fn apply(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let inputs_before = ctx.out.driver_inputs.len();
    if vehicle.silence.is_some() {
        silence::on_fix(vehicle, fix.at, ctx);
    }
    absence::take_back(vehicle, fix.at, ctx);
    side::release_until(vehicle, fix.at, ctx);
    absence::on_fix(vehicle, fix, ctx);
    emergencies::place_calls(vehicle, fix.at, ctx);
    vehicle.identify_driver(fix);
    emergencies::settle_flags(vehicle, fix, ctx);
    vehicle.time = vehicle.time.max(fix.capped_at());
    let step = Step { delta_m: moved_m(vehicle, fix, ctx), spent: presence::spent(vehicle, fix.at) };
    let mut now = LastFix {
        at: fix.at,
        position: fix.position,
        speed_kmph: fix.speed_kmph,
        heading: fix.heading,
        engine: fix.engine,
        state: state_at(vehicle, fix, ctx),
        offline_at: fix.at,
        delay_ms: fix.log_time.as_event_time().ms_since(fix.at),
        silence_told: None,
    };
    health::on_fix(vehicle, fix, ctx);
    trips::on_fix(vehicle, fix, &now, &step, ctx);
    health::note_fuel(vehicle);
    now.offline_at = presence::offline_at(vehicle, &now, now.at, ctx);
    presence::on_fix(vehicle, &now, ctx);
    windows::on_fix(vehicle, fix, &step, ctx);
    intervals::on_fix(vehicle, fix.at, &step, ctx);
    crash::on_fix(vehicle, fix, ctx);
    share::on_fix(vehicle, fix, &step, ctx);
    let fence_limit = fencing::on_fix(vehicle, fix, ctx);
    overspeed::on_fix(vehicle, fix, fence_limit, ctx);
    harsh::on_fix(vehicle, fix, ctx);
    idling::on_fix(vehicle, fix, ctx);
    delivery::on_fix(vehicle, fix, &step, ctx);
    if ctx.out.driver_inputs.len() > inputs_before {
        account::note_alerts(vehicle, &ctx.out.driver_inputs[inputs_before..]);
    }
    if fix.device_flags != 0 {
        emergencies::note_crash(vehicle, fix);
    }
    if let Some(last) = &vehicle.last {
        smooth_interval(&mut vehicle.interval_ms, fix.at.ms_since(last.at));
    }
    vehicle.last = Some(now);
    vehicle.progress_fleet = ctx.fleet_at(fix.log_time);
    marks::on_doubted(vehicle, ctx);
}

/// What the vehicle is doing: down whatever it does, else as the fix says.
fn state_at(vehicle: &Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) -> VehicleState {
    if absence::is_down(vehicle) {
        return VehicleState::Down;
    }
    let state = fix.state(ctx.config.still_kmph);
    let may_assume = ctx.config.idling_without_ignition && fix.engine == Engine::Unknown;
    if may_assume && state == VehicleState::Stopped && vehicle.trip.as_ref().is_some_and(|trip| trip.is_confirmed) {
        return VehicleState::Idling;
    }
    state
}

/// The usual time between fixes: an exponential mean; silences do not count.
fn smooth_interval(interval_ms: &mut f32, gap_ms: i64) {
    if !(1..600_000).contains(&gap_ms) {
        return;
    }
    let gap_ms = gap_ms as f32;
    *interval_ms = if *interval_ms == 0.0 { gap_ms } else { *interval_ms + (gap_ms - *interval_ms) / 8.0 };
}

/// Metres since the fix before: great-circle, without jumps, and without the jitter of a vehicle that stands.
fn moved_m(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) -> f64 {
    let Some(last) = vehicle.last else { return 0.0 };
    if is_jump((last.at, last.position), (fix.at, fix.position), ctx) {
        vehicle.parked.anchor = None;
        return 0.0;
    }
    // By what the fix says, if it says anything: the end of a trip may arrive before or after it.
    let is_on_unnamed = |trip: &Trip| trip.is_confirmed && !trip.is_in_telemetry;
    let is_on_trip = !fix.trip_id.is_empty() || vehicle.trip.as_ref().is_some_and(|trip| is_on_unnamed(trip));
    if is_on_trip && fix.speed_kmph >= STANDSTILL_KMPH {
        let from = vehicle.parked.anchor.take().unwrap_or(last.position);
        return from.distance_m(fix.position);
    }
    let anchor = *vehicle.parked.anchor.get_or_insert(last.position);
    let displaced_m = anchor.distance_m(fix.position);
    // Positions of a parked vehicle wander farther than the radius now and then: while it stands, they add nothing.
    let is_parked = !is_on_trip && fix.speed_kmph < STANDSTILL_KMPH;
    if is_parked && displaced_m >= ctx.config.trip_start_m {
        // It was taken elsewhere: the way there is not that of its next trip.
        vehicle.parked.anchor = Some(fix.position);
    }
    if is_parked || displaced_m <= detect::parked_radius_m(fix, ctx) {
        return 0.0;
    }
    vehicle.parked.anchor = Some(fix.position);
    displaced_m
}
