//! Side events: they wait until vehicle time passes them, or until the vehicle has been silent for long enough.

use super::{
    absence, alerts,
    declared::{self, TripEnd},
    delivery::{self, StopChange, StopNews},
    emergencies::{self, Call},
    fencing,
    fix::Fix,
    health, marks, motion, privacy, reorder, review, silence,
    state::{Context, Vehicle},
    trips,
};
use serde::{Deserialize, Serialize};
use tacho_model::{
    AlertState, CommandKind, DeliveryPlan, DeviceAlert, DriverEventKind, DriverId, EventTime, LatLon, LogTime,
    MaintenanceItem, SideBody, SideEvent, Stream, TripEvent, TripEventKind, TripId, VehicleClass, device_flag,
};

/// Events that wait per vehicle; more, and the oldest takes effect early.
const PENDING_MAX: usize = 256;

/// A side event that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PendingSide {
    at: EventTime,
    rank: u8,
    partition: i32,
    offset: i64,
    /// Fleet time when it came, at most its log time; none if that was not known.
    arrived: Option<EventTime>,
    /// It took effect in silence, was counted then, and was taken back.
    is_again: bool,
    what: What,
}

impl PendingSide {
    /// Its moment.
    pub fn at(&self) -> EventTime {
        self.at
    }

    /// Rank of its stream.
    pub fn rank(&self) -> u8 {
        self.rank
    }

    /// True if it has not been counted as applied before.
    pub fn is_first_time(&self) -> bool {
        !self.is_again
    }

    /// Its place among others.
    pub fn order(&self) -> (EventTime, u8, i32, i64) {
        (self.at, self.rank, self.partition, self.offset)
    }

    /// True if all that it changes is kept for a fix that comes from before it: trips, rounds, who is logged in.
    pub fn can_be_taken_back(&self) -> bool {
        match self.what {
            What::TripStart { .. } | What::DeliveryPlan { .. } | What::Stop(_) | What::TripEnd(_) => true,
            What::Reassign { .. } | What::Login(_) | What::Logout(_) => true,
            What::Setup { .. } | What::Status(_) | What::Maintenance { .. } | What::Plan(_) => false,
            What::DeviceAlert { .. } | What::Review { .. } | What::Seen(_) => false,
        }
    }

    /// True if it comes before a fix at `at`: one of that very moment comes after it; but it still belongs to a trip that
    /// ends then, as it does when the end arrives behind it.
    pub fn comes_before(&self, at: EventTime) -> bool {
        self.at < at || (self.at == at && !matches!(self.what, What::TripEnd(_)))
    }
}

/// What it will change.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum What {
    TripStart {
        trip_id: TripId,
        driver_id: DriverId,
        origin: Option<LatLon>,
        plan: Option<Box<DeliveryPlan>>,
    },
    DeliveryPlan {
        trip_id: TripId,
        plan: Box<DeliveryPlan>,
    },
    Stop(StopNews),
    TripEnd(TripEnd),
    Reassign {
        trip_id: TripId,
        driver_id: DriverId,
    },
    Login(DriverId),
    Logout(DriverId),
    Setup {
        class: VehicleClass,
        limit_kmph: f32,
        volt_system: f32,
        tank_litres: f32,
        group: Option<Box<str>>,
    },
    Status(Box<Status>),
    Maintenance {
        is_in: bool,
    },
    Plan(Box<MaintenanceItem>),
    DeviceAlert {
        log_time: LogTime,
        alert: Box<DeviceAlert>,
    },
    Review {
        alert_id: Box<str>,
        verdict: AlertState,
    },
    /// A review whose emergency has been closed ahead of its moment.
    Seen(Call),
}

/// What a status message says of the vehicle's health.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Status {
    log_time: LogTime,
    fuel_pct: f32,
    engine_temp_c: f32,
    odometer_km: f64,
    fault_codes: Option<Box<[Box<str>]>>,
}

impl What {
    /// True if it says where silence is on a trip, or that the vehicle is down.
    fn bears_on_absence(&self) -> bool {
        matches!(
            self,
            What::TripStart { .. }
                | What::TripEnd(_)
                | What::Reassign { .. }
                | What::Status(_)
                | What::Maintenance { .. }
        )
    }

    fn stop(trip: &TripEvent, stop_id: &str, what: StopChange) -> What {
        What::Stop(StopNews { trip_id: trip.trip_id.clone(), stop_id: stop_id.to_owned(), what })
    }
}

/// Takes a side event of this vehicle in.
pub fn accept(vehicle: &mut Vehicle, event: &SideEvent, ctx: &mut Context<'_>) {
    let hidden = privacy::hidden_event(vehicle, event, ctx);
    let event = hidden.as_ref().unwrap_or(event);
    let stream = event.body.stream();
    let Some(what) = what_of(vehicle, event, ctx) else {
        ctx.out.side_outcomes.add_applied(stream);
        return;
    };
    let (at, rank, partition, offset) = (event.at, stream.rank(), event.partition, event.offset);
    let pending =
        PendingSide { at, rank, partition, offset, arrived: ctx.fleet_at(event.log_time), is_again: false, what };
    silence::on_event(vehicle, &pending, ctx);
    if vehicle.has_passed(event.at) {
        let what = pending.what;
        ctx.out.side_outcomes.add_late(stream);
        // What a person says of the present is not history.
        let is_history = !matches!(what, What::Setup { .. } | What::Review { .. } | What::Seen(_));
        let is_old = vehicle.time.ms_since(event.at) > ctx.config.allowed_lateness_ms;
        if is_history && (is_old || has_missed_fixes(vehicle, event.at, &what)) {
            marks::on_late(vehicle, event.at, ctx);
        }
        if what.bears_on_absence() {
            absence::take_back(vehicle, event.at, ctx);
        }
        apply(vehicle, event.at, what, ctx);
        marks::on_doubted(vehicle, ctx);
        return;
    }
    let place = vehicle.pending.partition_point(|side| side.order() < pending.order());
    vehicle.pending.insert(place, pending);
    ctx.gauges.buffered[stream.rank() as usize] += 1;
    if vehicle.pending.len() > PENDING_MAX {
        release_early(vehicle, ctx);
    }
}

/// Puts an event back that took effect too early.
pub fn wait_again(vehicle: &mut Vehicle, event: PendingSide) {
    let place = vehicle.pending.partition_point(|side| side.order() < event.order());
    vehicle.pending.insert(place, PendingSide { is_again: true, ..event });
}

/// Lets the oldest take effect before its moment, so that what waits stays bounded. It then met fixes that it should not
/// have met: the day is computed again.
fn release_early(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(at) = vehicle.pending.first().map(PendingSide::at) else { return };
    if let Some(fleet) = ctx.time.fleet.filter(|_| vehicle.silence.is_some()) {
        silence::note_first(vehicle, fleet, ctx);
    }
    release_first(vehicle, ctx);
    marks::on_doubted(vehicle, ctx);
    marks::on_late(vehicle, at, ctx);
}

/// True if fixes that the event should have met have been applied without it, so that what is corrected now is not all:
/// totals of a trip that telemetry does not name, the leg to its first fix, whose fixes they were, stops on the way.
fn has_missed_fixes(vehicle: &Vehicle, at: EventTime, what: &What) -> bool {
    let has_fix_behind = vehicle.last.is_some_and(|last| last.at > at);
    let known = |trip_id: &TripId| {
        [&vehicle.trip, &vehicle.ended].into_iter().flatten().find(|trip| trip.id == *trip_id).map(|trip| &**trip)
    };
    match what {
        What::TripStart { plan: Some(_), .. } if has_fix_behind => true,
        What::TripStart { trip_id, .. } => match known(trip_id) {
            Some(trip) => at < trip.started_at,
            None => !vehicle.has_ended(trip_id.as_str()),
        },
        What::DeliveryPlan { .. } | What::Stop(_) => has_fix_behind,
        What::TripEnd(end) => {
            let has_plan = vehicle.delivery.as_ref().is_some_and(|delivery| delivery.is_of(&end.trip_id));
            known(&end.trip_id).is_some_and(|trip| (!trip.is_in_telemetry || has_plan) && trip.last_at > at)
        }
        What::Login(driver_id) => vehicle.driver_id != *driver_id,
        What::Logout(driver_id) => {
            has_fix_behind && vehicle.logged_in() == Some(driver_id) && vehicle.driver_id == *driver_id
        }
        What::Maintenance { .. } => has_fix_behind,
        _ => false,
    }
}

/// What the event will change at its moment; none if it has no effect here, or had it at once.
fn what_of(vehicle: &mut Vehicle, event: &SideEvent, ctx: &mut Context<'_>) -> Option<What> {
    match &event.body {
        SideBody::Trip(trip) => match &trip.kind {
            TripEventKind::Start { origin, delivery, .. } => Some(What::TripStart {
                trip_id: trip.trip_id.clone(),
                driver_id: trip.driver_id.clone(),
                origin: *origin,
                plan: delivery.as_deref().cloned().map(Box::new),
            }),
            TripEventKind::End { end, distance_m, duration_s, cancelled } => Some(What::TripEnd(TripEnd {
                trip_id: trip.trip_id.clone(),
                driver_id: trip.driver_id.clone(),
                end: *end,
                distance_m: *distance_m,
                duration_s: *duration_s,
                is_cancelled: *cancelled,
            })),
            TripEventKind::PlanUpdate { delivery, .. } => Some(What::DeliveryPlan {
                trip_id: trip.trip_id.clone(),
                plan: Box::new(DeliveryPlan::clone(delivery)),
            }),
            TripEventKind::StopArrival { stop_id } => Some(What::stop(trip, stop_id, StopChange::Arrival)),
            TripEventKind::StopDeparture { stop_id, outcome, delivered_qty, reason } => {
                let change = StopChange::Departure {
                    outcome: outcome.clone(),
                    delivered_qty: *delivered_qty,
                    reason: reason.clone(),
                };
                Some(What::stop(trip, stop_id, change))
            }
        },
        SideBody::Driver(driver) => match driver.kind {
            DriverEventKind::Login => Some(What::Login(driver.driver_id.clone())),
            DriverEventKind::Logout => Some(What::Logout(driver.driver_id.clone())),
            DriverEventKind::Sos => {
                emergencies::on_app_sos(vehicle, &sos_fix(vehicle, event, driver.driver_id.as_str()), ctx);
                None
            }
            _ => None,
        },
        SideBody::Command(command) => match &command.kind {
            CommandKind::VehicleUpsert(setup) => {
                reorder::set_bound(vehicle, setup.reorder_ms, ctx);
                Some(What::Setup {
                    class: setup.class,
                    limit_kmph: setup.limit_kmph,
                    volt_system: setup.volt_system,
                    tank_litres: setup.tank_litres,
                    group: (!setup.group.is_empty()).then(|| setup.group.as_str().into()),
                })
            }
            CommandKind::AlertAcknowledge { alert_id, .. } => {
                Some(What::Review { alert_id: alert_id.as_str().into(), verdict: AlertState::Acknowledged })
            }
            CommandKind::AlertDismiss { alert_id, .. } => {
                Some(What::Review { alert_id: alert_id.as_str().into(), verdict: AlertState::Dismissed })
            }
            CommandKind::TripReassign { trip_id, driver_id, .. } => {
                Some(What::Reassign { trip_id: trip_id.clone(), driver_id: driver_id.clone() })
            }
            CommandKind::PrivateStart { .. } => {
                privacy::switch(vehicle, event, true, ctx);
                None
            }
            CommandKind::PrivateEnd { .. } => {
                privacy::switch(vehicle, event, false, ctx);
                None
            }
            CommandKind::MaintenancePlan(item) => Some(What::Plan(Box::new(item.clone()))),
            CommandKind::MaintenanceStart { .. } => Some(What::Maintenance { is_in: true }),
            CommandKind::MaintenanceEnd { .. } => Some(What::Maintenance { is_in: false }),
            _ => None,
        },
        SideBody::Status(status) => Some(What::Status(Box::new(Status {
            log_time: event.log_time,
            fuel_pct: status.fuel_pct,
            engine_temp_c: status.engine_temp_c,
            odometer_km: status.odometer_km,
            fault_codes: status.fault_codes.as_ref().map(|codes| codes.iter().map(|code| (**code).into()).collect()),
        }))),
        SideBody::Alert(alert) => Some(What::DeviceAlert { log_time: event.log_time, alert: Box::new(alert.clone()) }),
    }
}

/// Applies a status message at its moment.
fn take_status(vehicle: &mut Vehicle, at: EventTime, status: &Status, ctx: &mut Context<'_>) {
    let position = vehicle.public_place();
    let fix = Fix {
        fuel_pct: status.fuel_pct,
        engine_temp_c: status.engine_temp_c,
        odometer_km: status.odometer_km,
        ..Fix::of_event(at, status.log_time, position)
    };
    health::on_status(vehicle, &fix, status.fault_codes.as_deref(), ctx);
}

/// An SOS pressed in the app has no fix of its own: it is where the vehicle was last.
fn sos_fix<'a>(vehicle: &Vehicle, event: &SideEvent, driver_id: &'a str) -> Fix<'a> {
    let position = vehicle.last.map_or(LatLon::UNKNOWN, |last| last.position);
    Fix { device_flags: device_flag::SOS, driver_id, ..Fix::of_event(event.at, event.log_time, position) }
}

/// Applies what comes before a fix at `at`.
pub fn release_until(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    while vehicle.pending.first().is_some_and(|side| side.comes_before(at)) {
        release_first(vehicle, ctx);
    }
}

fn release_first(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let side = vehicle.pending.remove(0);
    if !side.is_again {
        ctx.gauges.buffered[side.rank as usize] -= 1;
        ctx.out.side_outcomes.add_applied(Stream::ALL[side.rank as usize]);
    }
    emergencies::place_calls(vehicle, side.at, ctx);
    if side.what.bears_on_absence() {
        absence::take_back(vehicle, side.at, ctx);
    }
    absence::pass(vehicle, side.at, ctx);
    apply(vehicle, side.at, side.what, ctx);
}

/// An SOS or crash goes out as it comes; what a person said by then of the one before, of its kind, closes that one
/// first. What has been seen by then is decided at the moment of the review, all the same.
pub fn review_emergencies(vehicle: &mut Vehicle, call: Call, at: EventTime, ctx: &mut Context<'_>) {
    for place in 0..vehicle.pending.partition_point(|side| side.at <= at) {
        let What::Review { alert_id, verdict } = &vehicle.pending[place].what else { continue };
        if emergencies::call_of(vehicle, alert_id) != Some(call) {
            continue;
        }
        let (alert_id, verdict) = (alert_id.clone(), *verdict);
        let side = &mut vehicle.pending[place];
        let reviewed_at = side.at;
        side.what = What::Seen(call);
        review::close_emergency(vehicle, &alert_id, reviewed_at, verdict, ctx);
    }
}

/// True if a review that waits for its moment has seen what called at `at`.
pub fn is_seen_at(vehicle: &Vehicle, call: Call, at: EventTime) -> bool {
    vehicle.pending.iter().any(|side| side.at >= at && matches!(side.what, What::Seen(seen) if seen == call))
}

/// Looks at a silent vehicle: what it will not pass itself, fleet time passes.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    while pending_until(vehicle, ctx).is_some_and(|until| until <= fleet) {
        silence::note_first(vehicle, fleet, ctx);
        release_first(vehicle, ctx);
    }
}

/// When the first event stops waiting, on fleet time. What happened behind a suspect waits until that is decided: if the
/// vehicle really was there, the event meets it there.
pub fn pending_until(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let side = vehicle.pending.first()?;
    let since = side.at.max(side.arrived.unwrap_or(side.at)).max(vehicle.progress_fleet.unwrap_or(side.at));
    let until = since.plus_ms(vehicle.reorder_ms() + ctx.config.silence_hold_ms);
    let suspect = vehicle.held.as_ref().filter(|held| !side.comes_before(held.fix().at));
    let decided = suspect.and_then(|_| motion::held_until(vehicle, ctx));
    Some(decided.map_or(until, |decided| decided.max(until)))
}

fn apply(vehicle: &mut Vehicle, at: EventTime, what: What, ctx: &mut Context<'_>) {
    match what {
        What::Reassign { trip_id, driver_id } => trips::reassign(vehicle, &trip_id, driver_id, ctx),
        What::Login(driver_id) => vehicle.log_in(at, driver_id),
        // Another who is in by now stays in.
        What::Logout(driver_id) if vehicle.logged_in().is_some_and(|other| *other != driver_id) => {}
        What::Logout(_) => vehicle.log_in(at, DriverId::default()),
        What::Setup { class, limit_kmph, volt_system, tank_litres, group } => {
            vehicle.class = class;
            vehicle.limit_kmph = limit_kmph;
            health::set_up(vehicle, volt_system, tank_litres);
            fencing::set_group(vehicle, group);
        }
        What::Status(status) => take_status(vehicle, at, &status, ctx),
        What::Seen(call) => vehicle.emergencies.get_or_insert_default().see_until(call, at),
        What::Review { alert_id, verdict } => review::review(vehicle, &alert_id, at, verdict, ctx),
        What::Plan(item) => health::set_plan(vehicle, at, &item, ctx),
        What::Maintenance { is_in } => absence::set_maintenance(vehicle, at, is_in, ctx),
        What::DeviceAlert { log_time, alert } => alerts::tell_device_alert(vehicle, at, log_time, &alert, ctx),
        What::TripStart { trip_id, driver_id, origin, plan } => {
            declared::start(vehicle, at, &trip_id, driver_id, origin, ctx);
            let is_running = vehicle.trip.as_ref().is_some_and(|trip| trip.id == trip_id);
            if let Some(plan) = plan.filter(|_| is_running) {
                delivery::on_plan(vehicle, &trip_id, &plan, ctx);
            }
        }
        What::DeliveryPlan { trip_id, plan } => {
            if vehicle.trip.as_ref().is_some_and(|trip| trip.id == trip_id) {
                delivery::on_plan(vehicle, &trip_id, &plan, ctx);
            }
        }
        What::Stop(news) => delivery::on_stop_news(vehicle, at, &news, ctx),
        What::TripEnd(end) => declared::end(vehicle, at, end, ctx),
    }
}
