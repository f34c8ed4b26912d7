//! What the engine concludes. Every fact has an id computed from its content, so that a repeat replaces itself;
//! the highest version of an id is the truth.

use crate::{
    AlertId, DriverId, EtaPrediction, EventTime, GeofenceId, GeofenceKind, LatLon, LogTime, StopVisit, TripId,
    VehicleId,
};

/// Facts of one epoch, by kind, in the order in which the engine made them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Trips: open ones as they grow, final ones when they end.
    pub trips: Vec<TripFact>,
    /// Alerts: begin, update, end.
    pub alerts: Vec<AlertFact>,
    /// Per vehicle and minute.
    pub vehicle_minutes: Vec<VehicleMinute>,
    /// Per vehicle and quarter of an hour. Stored, not published.
    pub vehicle_intervals: Vec<VehicleInterval>,
    /// 20 s tumbling summary per vehicle.
    pub trip_summaries: Vec<TripSummary>,
    /// Hop-window metrics of running trips.
    pub trip_metrics: Vec<TripMetrics>,
    /// Driver penalties and scores.
    pub driver_scores: Vec<DriverScore>,
    /// Breaks and driving times that broke a rule.
    pub break_violations: Vec<BreakViolation>,
    /// Planned stops and what became of them.
    pub stop_visits: Vec<StopVisit>,
    /// Predicted arrivals, and their outcomes.
    pub eta_predictions: Vec<EtaPrediction>,
    /// Utilization of the fleet.
    pub utilization: Vec<FleetUtilization>,
    /// Refuellings.
    pub refuels: Vec<Refuel>,
    /// Days that have to be computed again. Stored, not published.
    pub recompute_marks: Vec<RecomputeMark>,
    /// Enter, exit, stay.
    pub geofence_events: Vec<GeofenceEvent>,
}

impl Facts {
    /// Number of facts of all kinds.
    pub fn len(&self) -> usize {
        self.trips.len()
            + self.alerts.len()
            + self.vehicle_minutes.len()
            + self.vehicle_intervals.len()
            + self.trip_summaries.len()
            + self.trip_metrics.len()
            + self.driver_scores.len()
            + self.break_violations.len()
            + self.stop_visits.len()
            + self.eta_predictions.len()
            + self.utilization.len()
            + self.refuels.len()
            + self.recompute_marks.len()
            + self.geofence_events.len()
    }
    /// True without facts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Moves all facts of `other` behind ours.
    pub fn append(&mut self, other: &mut Facts) {
        self.trips.append(&mut other.trips);
        self.alerts.append(&mut other.alerts);
        self.vehicle_minutes.append(&mut other.vehicle_minutes);
        self.vehicle_intervals.append(&mut other.vehicle_intervals);
        self.trip_summaries.append(&mut other.trip_summaries);
        self.trip_metrics.append(&mut other.trip_metrics);
        self.driver_scores.append(&mut other.driver_scores);
        self.break_violations.append(&mut other.break_violations);
        self.stop_visits.append(&mut other.stop_visits);
        self.eta_predictions.append(&mut other.eta_predictions);
        self.utilization.append(&mut other.utilization);
        self.refuels.append(&mut other.refuels);
        self.recompute_marks.append(&mut other.recompute_marks);
        self.geofence_events.append(&mut other.geofence_events);
    }
}

/// What a vehicle is doing. Every second of its day belongs to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum VehicleState {
    /// Faster than 5 km/h.
    Driving = 0,
    /// At most 5 km/h with the engine known to be on.
    Idling = 1,
    /// At most 5 km/h with the engine off or unknown.
    Stopped = 2,
    /// Silent while it should be heard.
    #[default]
    Offline = 3,
    /// In maintenance, or with a critical fault open.
    Down = 4,
}

impl VehicleState {
    /// The word used in facts and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            VehicleState::Driving => "driving",
            VehicleState::Idling => "idling",
            VehicleState::Stopped => "stopped",
            VehicleState::Offline => "offline",
            VehicleState::Down => "down",
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }
        impl $name {
            /// All values, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            /// The word used in facts and in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
            /// The value of that word.
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}

words!(
    /// How a trip became known.
    TripOrigin {
        /// By trip events, or a trip id in telemetry.
        Declared = "declared",
        /// By the engine, from motion.
        Detected = "detected",
    }
);
words!(
    /// Where a trip stands.
    TripStatus {
        /// It runs.
        Open = "open",
        /// It ended.
        Completed = "completed",
        /// The producer cancelled it.
        Cancelled = "cancelled",
        /// Its data just ended.
        TimedOut = "timed_out",
    }
);
words!(
    /// Why a trip ended.
    EndReason {
        /// It has not ended.
        None = "",
        /// A `trip_end` event.
        Declared = "declared",
        /// Telemetry went on under another trip id, or under none.
        TripIdChanged = "trip_id_changed",
        /// Ignition off for 60 s.
        IgnitionOff = "ignition_off",
        /// Still within 200 m for 300 s, engine unknown.
        Still = "still",
        /// Still within 200 m for 1,800 s with the engine on.
        StillEngineOn = "still_engine_on",
        /// A gap after which the vehicle is where it was.
        GapStill = "gap_still",
        /// A gap of more than 3,600 s.
        GapLong = "gap_long",
        /// No data for 3,600 s of fleet time.
        TimedOut = "timed_out",
    }
);
words!(
    /// The kinds of alerts.
    AlertType {
        /// Over the limit.
        Overspeed = "overspeed",
        /// Harsh braking.
        HarshBrake = "harsh_brake",
        /// Harsh acceleration.
        HarshAccel = "harsh_accel",
        /// Harsh cornering.
        HarshCorner = "harsh_corner",
        /// Standing with the engine on.
        Idling = "idling",
        /// SOS.
        Sos = "sos",
        /// Crash, by the device or by acceleration.
        Crash = "crash",
        /// Perhaps a crash, by GPS alone.
        PossibleCrash = "possible_crash",
        /// Inside a geofence.
        GeofenceEnter = "geofence_enter",
        /// Left a geofence.
        GeofenceExit = "geofence_exit",
        /// Where or when it must not be.
        GeofenceViolation = "geofence_violation",
        /// Silent on an open trip.
        VehicleOffline = "vehicle_offline",
        /// Coolant too hot.
        EngineOverheat = "engine_overheat",
        /// Low voltage with the engine off.
        LowBattery = "low_battery",
        /// Little left in the tank.
        LowFuel = "low_fuel",
        /// The level fell while the vehicle was parked.
        FuelTheft = "fuel_theft",
        /// A fault code is open.
        FaultCode = "fault_code",
        /// A maintenance is due by its plan.
        MaintenanceDue = "maintenance_due",
        /// Offline while in use, or down, for more than a day.
        AssetDowntime = "asset_downtime",
        /// Away from the planned route.
        RouteDeviation = "route_deviation",
        /// Predicted to arrive later than promised.
        EtaBreach = "eta_breach",
        /// Too long without a legal break, or too short a break.
        BreakViolation = "break_violation",
        /// Too much driving in a day, a shift, a week or two.
        DrivingTime = "driving_time",
        /// A type that only the device knows; its name is in `details`.
        Device = "device",
    }
);
impl AlertType {
    /// True for the alerts of a vehicle's health, which have a topic of their own beside that of all alerts.
    pub const fn is_health(self) -> bool {
        matches!(
            self,
            AlertType::EngineOverheat
                | AlertType::LowBattery
                | AlertType::LowFuel
                | AlertType::FuelTheft
                | AlertType::FaultCode
                | AlertType::MaintenanceDue
                | AlertType::AssetDowntime
        )
    }
}

words!(
    /// Where an alert stands.
    AlertState {
        /// It lasts.
        Open = "open",
        /// It ended.
        Closed = "closed",
        /// A person has seen it.
        Acknowledged = "acknowledged",
        /// A person says that it is none.
        Dismissed = "dismissed",
    }
);
words!(
    /// Where a speed limit came from.
    LimitSource {
        /// Not a matter of limits.
        None = "",
        /// The default of 80 km/h: alerts, but never scores.
        Default = "default",
        /// The message's `speed_limit_kmph`.
        Message = "message",
        /// The vehicle's own limit.
        Vehicle = "vehicle",
        /// A geofence.
        Geofence = "geofence",
    }
);

words!(
    /// The kinds of geofence events.
    GeofenceEventKind {
        /// The vehicle is inside.
        Enter = "enter",
        /// It has left.
        Exit = "exit",
        /// It stays inside for long: one fact per stay, told again with its end.
        Dwell = "dwell",
        /// The straight line between two fixes outside crosses it.
        Crossing = "crossing",
    }
);
words!(
    /// Why a vehicle is no longer inside.
    GeofenceExitReason {
        /// No exit.
        None = "",
        /// It drove out.
        Left = "left",
        /// The geofence was deleted.
        Deleted = "deleted",
        /// The geofence no longer concerns the vehicle.
        Scope = "scope",
    }
);

/// A trip.
#[derive(Debug, Clone, PartialEq)]
pub struct TripFact {
    /// Its id.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// Its driver, or empty.
    pub driver_id: DriverId,
    /// How it became known.
    pub origin: TripOrigin,
    /// Where it stands.
    pub status: TripStatus,
    /// Why it ended.
    pub end_reason: EndReason,
    /// Start.
    pub started_at: EventTime,
    /// End; for an open trip its newest fix.
    pub ended_at: EventTime,
    /// When the end became certain; for an open trip its newest fix.
    pub confirmed_at: EventTime,
    /// Where it started.
    pub start: LatLon,
    /// Where it ended, or is.
    pub end: LatLon,
    /// Metres, summed over the applied fixes.
    pub distance_m: f64,
    /// Seconds from start to end.
    pub duration_s: f64,
    /// Seconds in state driving.
    pub moving_s: f64,
    /// Seconds in state idling.
    pub idle_s: f64,
    /// Idle phases of at least 60 s.
    pub idle_count: u32,
    /// Fixes applied.
    pub event_count: u32,
    /// Distance over duration, km/h; 0 for a duration of 0.
    pub avg_speed_kmph: f64,
    /// Mean of the speed samples, km/h.
    pub mean_speed_kmph: f64,
    /// Smallest speed sample, km/h.
    pub min_speed_kmph: f32,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: f32,
    /// Harsh brakings.
    pub harsh_brake_count: u32,
    /// Harsh accelerations.
    pub harsh_accel_count: u32,
    /// Harsh corners.
    pub harsh_corner_count: u32,
    /// Seconds over the limit, in overspeed episodes.
    pub overspeed_s: f64,
    /// Seconds of `idle_s` for which the engine was not known to run (`idling_without_ignition`).
    pub assumed_idle_s: f64,
    /// Share of the tank that was used, %; NaN when the level was not sent.
    pub fuel_used_pct: f64,
    /// The same in litres; NaN when the size of the tank is not known.
    pub fuel_used_l: f64,
    /// Measured share of the duration: 1 minus the gaps over 60 s, within 0..=1.
    pub coverage: f64,
    /// Share of the way within 200 m of the planned line, within 0..=1; NaN without a planned line.
    pub route_compliance: f64,
    /// Metres beyond that; NaN without a planned line.
    pub out_of_route_m: f64,
    /// The producer's own distance, metres; NaN when not sent.
    pub declared_distance_m: f64,
    /// The producer's own duration, seconds; NaN when not sent.
    pub declared_duration_s: f64,
    /// The path, simplified to at most 64 points.
    pub path: Vec<LatLon>,
}

/// An alert: one episode with a beginning, updates and an end.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertFact {
    /// Its id: derived for the engine's, the device's own otherwise.
    pub alert_id: AlertId,
    /// Start of the episode.
    pub ts: EventTime,
    /// End of the episode; none while it lasts.
    pub ended_at: Option<EventTime>,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The driver, or empty.
    pub driver_id: DriverId,
    /// The trip, or empty.
    pub trip_id: TripId,
    /// What.
    pub alert_type: AlertType,
    /// 1..=5.
    pub severity: u8,
    /// A sentence for a person.
    pub details: String,
    /// The peak in the unit of the type: km/h, m/s2, s, g, degrees Celsius, V, %.
    pub value: f64,
    /// The limit, in the unit of `value`.
    pub threshold: f64,
    /// Where the limit came from.
    pub limit_source: LimitSource,
    /// Where the episode began.
    pub position: LatLon,
    /// The geofence that it is about, or whose limit it was; or empty.
    pub geofence_id: GeofenceId,
    /// Satellites at the beginning; 255 when not sent.
    pub sat_count: u8,
    /// Position accuracy at the beginning, metres; NaN when not sent.
    pub accuracy_m: f32,
    /// Milliseconds between the fixes that decided it.
    pub interval_ms: i64,
    /// True if the engine raised it, false if the device did.
    pub by_engine: bool,
    /// Where it stands.
    pub state: AlertState,
    /// True if it was raised too long after its event to page anybody.
    pub stale: bool,
    /// Log time of the record that raised it, or fleet time for a timer.
    pub raised_at: LogTime,
}

/// A refuelling. Key: its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Refuel {
    /// Its id, derived from vehicle and start.
    pub refuel_id: AlertId,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// When the level began to rise.
    pub started_at: EventTime,
    /// When it was seen at its highest.
    pub ended_at: EventTime,
    /// Tank level before, %.
    pub from_pct: f64,
    /// Tank level after, %.
    pub to_pct: f64,
    /// Litres; NaN when the size of the tank is not known.
    pub litres: f64,
    /// Where.
    pub position: LatLon,
}

/// A vehicle enters a geofence, leaves it, or stays in it. Key: `event_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct GeofenceEvent {
    /// Its id: derived from kind, vehicle, geofence and moment.
    pub event_id: String,
    /// What happened.
    pub kind: GeofenceEventKind,
    /// When: the first fix of the run that decided it; for a stay, its beginning.
    pub ts: EventTime,
    /// End of a stay; none while it lasts, and for the other kinds.
    pub ended_at: Option<EventTime>,
    /// When it became certain.
    pub confirmed_at: EventTime,
    /// False if a single fix, or a run shorter than the dwell, is all there is.
    pub is_confirmed: bool,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The driver, or empty.
    pub driver_id: DriverId,
    /// The trip, or empty.
    pub trip_id: TripId,
    /// The geofence.
    pub geofence_id: GeofenceId,
    /// Its name then, or empty.
    pub geofence_name: Box<str>,
    /// Its kind then.
    pub geofence_kind: GeofenceKind,
    /// Why it is no longer inside; `None` for other kinds than an exit.
    pub reason: GeofenceExitReason,
    /// Where.
    pub position: LatLon,
    /// Speed then, km/h.
    pub speed_kmph: f32,
    /// Seconds since it entered; 0 for an entry and a crossing.
    pub duration_s: f64,
}

/// A minute of a vehicle. Key: (vehicle, minute).
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleMinute {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the minute.
    pub minute: EventTime,
    /// Fixes applied.
    pub event_count: u32,
    /// Metres.
    pub distance_m: f64,
    /// Smallest speed sample, km/h; 0 without samples.
    pub min_speed_kmph: f32,
    /// Mean of the speed samples, km/h; 0 without samples.
    pub avg_speed_kmph: f32,
    /// Largest speed sample, km/h; 0 without samples.
    pub max_speed_kmph: f32,
    /// Seconds in each state, by [`VehicleState`] order; they sum to at most 60.
    pub seconds: [f32; 5],
}

/// A quarter of an hour of a vehicle, from which days in any time zone are formed. Key: (vehicle, start). A quarter in
/// which the vehicle was offline as a whole need not be told.
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleInterval {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the quarter.
    pub start: EventTime,
    /// Milliseconds in each state, by [`VehicleState`] order. They sum to a quarter of an hour, but for the one of the
    /// vehicle's very first fix.
    pub spent_ms: [u32; 5],
    /// Metres.
    pub distance_m: f64,
}

impl VehicleInterval {
    /// A quarter of an hour, ms.
    pub const LENGTH_MS: i64 = 900_000;
}

/// 20 s tumbling summary of a vehicle. Key: (vehicle, window_start).
#[derive(Debug, Clone, PartialEq)]
pub struct TripSummary {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The trip of the window's last fix, or empty.
    pub trip_id: TripId,
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// Fixes in the window.
    pub event_count: u32,
    /// Metres: sum of the distances to the previous fix, for the window's fixes.
    pub distance_m: f64,
    /// Mean of the speed samples, km/h.
    pub avg_speed_kmph: f64,
    /// Smallest speed sample, km/h.
    pub min_speed_kmph: f32,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: f32,
}

/// Hop-window metrics of a running trip (60 s, sliding by 10 s). Key: (trip, window_start).
#[derive(Debug, Clone, PartialEq)]
pub struct TripMetrics {
    /// The trip.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// Fixes in the window.
    pub event_count: u32,
    /// Metres.
    pub distance_m: f64,
    /// Mean of the speed samples, km/h.
    pub avg_speed_kmph: f64,
}

/// The windows of driver scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScoreWindow {
    /// 15 s sliding by 1 s: the penalty.
    Penalty15s,
    /// An hour, sliding by 1 min.
    Hour1,
    /// 24 hours, sliding by 15 min.
    Hours24,
    /// 7 days, sliding by 1 h.
    Days7,
    /// 30 days, sliding by 1 h.
    Days30,
}

impl ScoreWindow {
    /// The word in `driver_scores.window`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ScoreWindow::Penalty15s => "15s",
            ScoreWindow::Hour1 => "1h",
            ScoreWindow::Hours24 => "24h",
            ScoreWindow::Days7 => "7d",
            ScoreWindow::Days30 => "30d",
        }
    }

    /// Its length, ms.
    pub const fn length_ms(self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            ScoreWindow::Penalty15s => 15_000,
            ScoreWindow::Hour1 => HOUR_MS,
            ScoreWindow::Hours24 => 24 * HOUR_MS,
            ScoreWindow::Days7 => 7 * 24 * HOUR_MS,
            ScoreWindow::Days30 => 30 * 24 * HOUR_MS,
        }
    }
}

/// Penalty and score of a driver over a window, with what they are made of. Key: (driver, window, window_start); an unidentified driver is told apart by vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverScore {
    /// The driver; empty for the unidentified one, who is told apart by vehicle.
    pub driver_id: DriverId,
    /// The penalty's: the vehicle of the newest counted alert. A score's: empty, but for an unidentified driver.
    pub vehicle_id: VehicleId,
    /// Which window.
    pub window: ScoreWindow,
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// 2 x overspeed + 3 x harsh_brake + 1 x idling.
    pub penalty: u32,
    /// 0..=100; NaN under the least distance, and for the penalty's window.
    pub score: f64,
    /// Overspeed alerts that began in the window.
    pub overspeed_count: u32,
    /// Harsh brakings in the window.
    pub harsh_brake_count: u32,
    /// Idling alerts that began in the window.
    pub idling_count: u32,
    /// Harsh accelerations in the window. This and all below stay 0 in the penalty's window.
    pub harsh_accel_count: u32,
    /// Harsh corners in the window.
    pub harsh_corner_count: u32,
    /// Route deviations that began in the window.
    pub route_deviation_count: u32,
    /// Crashes in the window.
    pub crash_count: u32,
    /// Metres driven.
    pub distance_m: f64,
    /// Seconds in state driving.
    pub driving_s: f64,
    /// Seconds over a known limit, within overspeed episodes.
    pub over_limit_s: f64,
    /// Measured share of the time on trips, within 0..=1.
    pub coverage: f64,
}

/// A rule on breaks or driving time that was overstepped: one episode. Key: violation_id.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakViolation {
    /// Its id, which is also its alert's.
    pub violation_id: AlertId,
    /// The driver.
    pub driver_id: DriverId,
    /// The vehicle that was driven when it began; empty if that is not known.
    pub vehicle_id: VehicleId,
    /// The rules that the driver is judged by: `eu561`, `us395`.
    pub profile: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// When the limit was passed, or the short break began.
    pub started_at: EventTime,
    /// When a legal rest was complete, or the short break was over; none while it lasts.
    pub ended_at: Option<EventTime>,
    /// Minutes driven against the limit; of a short break: its length; of the window of a shift: minutes since its start.
    pub value_min: f64,
    /// The limit, minutes.
    pub limit_min: f64,
}

/// Distinct vehicles by their state at a window's end (5 s, sliding by 1 s, fleet time). Key: window_start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetUtilization {
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// Driving.
    pub active_count: u32,
    /// Idling.
    pub idle_count: u32,
    /// Stopped.
    pub stopped_count: u32,
    /// Offline (and down).
    pub offline_count: u32,
}

/// A day of a vehicle whose facts do not know all that happened: something came late. Key: (vehicle, day).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecomputeMark {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the UTC day.
    pub day: EventTime,
    /// Event time of the first late one.
    pub first_late: EventTime,
    /// Event time of the last late one.
    pub last_late: EventTime,
    /// How many were late.
    pub late_count: u32,
    /// True if the day may be computed now; false while it waits.
    pub is_due: bool,
    /// The live state touches no facts before this any more.
    pub until: EventTime,
    /// Fleet time of this word.
    pub marked_at: EventTime,
}
