//! A trip and its totals.

use super::{account::Account, ahead, detect::Lately, fix::Fix, path::Path, state::Context, windows::Samples};
use serde::{Deserialize, Serialize};
use tacho_model::{
    DriverId, EndReason, EventTime, LatLon, TripFact, TripId, TripOrigin, TripStatus, VehicleId, VehicleState,
};

/// Metres in and out of the corridor of the planned way.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct RouteTotals {
    pub in_corridor_m: f64,
    pub out_of_route_m: f64,
}

/// What is summed over a trip's fixes.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Totals {
    pub samples: Samples,
    pub moving_ms: i64,
    pub idle_ms: i64,
    /// Of it, with the engine not known to run.
    pub assumed_idle_ms: i64,
    pub idle_count: u32,
    /// Length of the idle phase that lasts.
    pub idle_phase_ms: i64,
    pub harsh: [u32; 3],
    pub overspeed_ms: i64,
    /// Unmeasured time.
    pub gap_ms: i64,
}

/// A point of a trip: when, where, and the totals up to then.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Mark {
    pub at: EventTime,
    pub position: LatLon,
    pub totals: Totals,
}

/// A trip that runs, may yet become one, or has ended and takes corrections.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trip {
    pub id: TripId,
    pub origin: TripOrigin,
    /// False while a detected trip is only a candidate.
    pub is_confirmed: bool,
    /// A candidate that has been far enough from where it parked.
    pub has_left: bool,
    /// Its fact says that its data just ended; the next fix takes that back.
    pub is_timed_out: bool,
    /// Telemetry has named it.
    pub is_in_telemetry: bool,
    /// A `trip_start` has begun it, so that a `trip_end` is to come.
    pub is_begun_by_event: bool,
    pub driver_id: DriverId,
    /// Who is to drive by its `trip_start`, or who really drove by a `trip.reassign`; or empty.
    pub named_driver: DriverId,
    /// A person said who really drives: messages that say otherwise are wrong.
    pub is_reassigned: bool,
    pub started_at: EventTime,
    pub start: LatLon,
    /// Newest fix.
    pub last_at: EventTime,
    pub position: LatLon,
    /// `position` is one of private time.
    pub is_position_private: bool,
    pub totals: Totals,
    /// First fix of the present standstill.
    pub still: Option<Mark>,
    /// Since when the ignition is known to be off.
    pub off_since: Option<EventTime>,
    pub path: Path,
    /// Where it was lately, of a detected one.
    pub lately: Option<Box<Lately>>,
    /// What scores have counted of it.
    pub account: Option<Box<Account>>,
    /// What the vehicle had used when the trip began, and what the trip has used, % of the tank; NaN without a level.
    pub fuel_from_pct: f64,
    pub fuel_used_pct: f64,
    /// Size of the tank; NaN when not known.
    pub tank_litres: f32,
    /// None without a planned way.
    pub route: Option<RouteTotals>,
    /// The producer's own summary; NaN when not sent.
    pub declared_distance_m: f64,
    pub declared_duration_s: f64,
    pub status: TripStatus,
    pub end_reason: EndReason,
    pub ended_at: EventTime,
    pub confirmed_at: EventTime,
    pub told_at: EventTime,
}

impl RouteTotals {
    /// Share of the way that lay in the corridor; 1 without any way.
    fn compliance(self) -> f64 {
        let driven_m = self.in_corridor_m + self.out_of_route_m;
        if driven_m > 0.0 { self.in_corridor_m / driven_m } else { 1.0 }
    }
}

impl Trip {
    /// A trip that starts.
    pub fn start(id: TripId, origin: TripOrigin, at: EventTime, position: LatLon, driver_id: DriverId) -> Trip {
        let mut path = Path::default();
        path.push(position);
        Trip {
            id,
            origin,
            is_confirmed: origin == TripOrigin::Declared,
            has_left: false,
            is_timed_out: false,
            is_in_telemetry: false,
            is_begun_by_event: false,
            driver_id,
            named_driver: DriverId::default(),
            is_reassigned: false,
            started_at: at,
            start: position,
            last_at: at,
            position,
            is_position_private: false,
            totals: Totals::default(),
            still: None,
            off_since: None,
            path,
            lately: None,
            account: None,
            fuel_from_pct: f64::NAN,
            fuel_used_pct: f64::NAN,
            tank_litres: f32::NAN,
            route: None,
            declared_distance_m: f64::NAN,
            declared_duration_s: f64::NAN,
            status: TripStatus::Open,
            end_reason: EndReason::None,
            ended_at: at,
            confirmed_at: at,
            told_at: EventTime::MIN,
        }
    }

    /// Takes the time since the last fix.
    pub fn spend(&mut self, ms: i64, state: VehicleState, ctx: &Context<'_>) {
        let totals = &mut self.totals;
        match state {
            VehicleState::Driving => totals.moving_ms += ms,
            VehicleState::Idling => totals.idle_ms += ms,
            _ => {}
        }
        if state == VehicleState::Idling {
            let before_ms = totals.idle_phase_ms;
            totals.idle_phase_ms += ms;
            if before_ms < ctx.config.idle_phase_ms && totals.idle_phase_ms >= ctx.config.idle_phase_ms {
                totals.idle_count += 1;
            }
        } else {
            totals.idle_phase_ms = 0;
        }
        if ms > ctx.config.coverage_gap_ms {
            totals.gap_ms += ms;
        }
    }

    /// The trip begins where nobody is to know.
    pub fn hide_start(&mut self) {
        self.start = LatLon::UNKNOWN;
        self.forget_path();
    }

    /// The way up to here is not told, nor where it is now.
    pub fn forget_path(&mut self) {
        self.path = Path::default();
        self.is_position_private = true;
    }

    /// Takes a fix. A private one is no point of its path.
    pub fn add_fix(&mut self, fix: &Fix<'_>, delta_m: f64, is_private: bool) {
        self.totals.samples.add(fix.speed_kmph);
        self.totals.samples.distance_m += delta_m;
        self.last_at = fix.at;
        self.position = fix.position;
        self.is_position_private = is_private;
        if !is_private {
            let is_first = self.totals.samples.count == 1;
            if is_first && !self.start.is_known() {
                self.start = fix.position;
            }
            self.path.push(fix.position);
        }
    }

    /// The vehicle has used so much of its tank in all, %.
    pub fn note_fuel(&mut self, used_pct: f64, tank_litres: f32) {
        if self.fuel_from_pct.is_nan() {
            self.fuel_from_pct = used_pct;
        }
        self.fuel_used_pct = (used_pct - self.fuel_from_pct).max(0.0);
        self.tank_litres = tank_litres;
    }

    /// Ends the trip at `at`; `confirmed_at` is when that became certain.
    pub fn end(&mut self, at: EventTime, confirmed_at: EventTime, status: TripStatus, reason: EndReason) {
        self.ended_at = at;
        self.confirmed_at = confirmed_at;
        self.status = status;
        self.end_reason = reason;
    }

    /// See [`super::ahead`].
    pub fn read_ahead(&self) {
        ahead::fetch(&self.last_at);
        ahead::fetch(&self.totals.moving_ms);
        ahead::fetch(&self.totals.gap_ms);
        ahead::fetch(&self.told_at);
        ahead::fetch(&self.started_at);
        ahead::fetch(&self.still);
        ahead::fetch(&self.route);
        ahead::fetch(&self.is_confirmed);
        ahead::fetch(&self.id);
        ahead::fetch(&self.driver_id);
        ahead::fetch(&self.path);
    }

    /// An ended trip goes on after all.
    pub fn reopen(&mut self) {
        self.status = TripStatus::Open;
        self.end_reason = EndReason::None;
        self.is_timed_out = false;
        self.told_at = EventTime::MIN;
    }

    /// Goes back to a mark: what came after it belongs to no trip. Harsh events and speeding do not happen while
    /// standing; one that was decided by the first still fix is counted after the mark, and stays.
    pub fn cut_at(&mut self, mark: &Mark) {
        self.totals = Totals { harsh: self.totals.harsh, overspeed_ms: self.totals.overspeed_ms, ..mark.totals };
        self.last_at = mark.at;
        self.position = mark.position;
        // What is told hides an end in private time by its moment.
        self.is_position_private = false;
    }

    /// Puts the trip's fact out as it stands.
    pub fn tell(&mut self, vehicle_id: &VehicleId, ctx: &mut Context<'_>) {
        self.told_at = self.last_at;
        let fact = self.fact(vehicle_id);
        ctx.out.facts.trips.push(fact);
    }

    fn fact(&self, vehicle_id: &VehicleId) -> TripFact {
        let is_open = self.status == TripStatus::Open;
        let ended_at = if is_open { self.last_at } else { self.ended_at };
        let duration_s = ended_at.ms_since(self.started_at).max(0) as f64 / 1_000.0;
        let totals = &self.totals;
        let seconds = |ms: i64| ms as f64 / 1_000.0;
        let over_duration = |value: f64| if duration_s > 0.0 { value / duration_s } else { 0.0 };
        TripFact {
            trip_id: self.id.clone(),
            vehicle_id: vehicle_id.clone(),
            driver_id: self.driver_id.clone(),
            origin: self.origin,
            status: self.status,
            end_reason: self.end_reason,
            started_at: self.started_at,
            ended_at,
            confirmed_at: if is_open { self.last_at } else { self.confirmed_at },
            start: self.start,
            end: if self.is_position_private { LatLon::UNKNOWN } else { self.position },
            distance_m: totals.samples.distance_m,
            duration_s,
            moving_s: seconds(totals.moving_ms),
            idle_s: seconds(totals.idle_ms),
            idle_count: totals.idle_count,
            event_count: totals.samples.count,
            avg_speed_kmph: over_duration(totals.samples.distance_m) * 3.6,
            mean_speed_kmph: totals.samples.mean_kmph(),
            min_speed_kmph: totals.samples.min_or_zero(),
            max_speed_kmph: totals.samples.max_kmph,
            harsh_brake_count: totals.harsh[0],
            harsh_accel_count: totals.harsh[1],
            harsh_corner_count: totals.harsh[2],
            overspeed_s: seconds(totals.overspeed_ms),
            assumed_idle_s: seconds(totals.assumed_idle_ms),
            fuel_used_pct: self.fuel_used_pct,
            fuel_used_l: self.fuel_used_pct * f64::from(self.tank_litres) / 100.0,
            coverage: (1.0 - over_duration(seconds(totals.gap_ms))).clamp(0.0, 1.0),
            route_compliance: self.route.map_or(f64::NAN, RouteTotals::compliance),
            out_of_route_m: self.route.map_or(f64::NAN, |route| route.out_of_route_m),
            declared_distance_m: self.declared_distance_m,
            declared_duration_s: self.declared_duration_s,
            path: if is_open { Vec::new() } else { self.path.points() },
        }
    }
}
