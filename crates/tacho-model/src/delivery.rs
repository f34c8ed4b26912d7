//! Delivery rounds: what was planned, and what became of it.

use crate::{DriverId, EventTime, LatLon, TripId, VehicleId};

/// A round as it was planned.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct DeliveryPlan {
    /// Where the trip ends; none: at the last stop.
    pub destination: Option<LatLon>,
    /// When the trip is to be there.
    pub planned_arrival: Option<EventTime>,
    /// The way that was planned; empty without one.
    pub route: Vec<LatLon>,
    /// The stops, in their order.
    pub stops: Vec<PlannedStop>,
}

/// A stop as it was planned. Absent texts are empty, absent numbers NaN.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct PlannedStop {
    /// Its id, unique within the trip.
    pub stop_id: String,
    /// Whose it is.
    pub customer_id: String,
    /// What for.
    pub kind: StopKind,
    /// Where.
    pub position: LatLon,
    /// When.
    pub planned_arrival: Option<EventTime>,
    /// From when it is taken.
    pub window_start: Option<EventTime>,
    /// Until when.
    pub window_end: Option<EventTime>,
    /// Planned service, seconds.
    pub planned_service_s: f64,
    /// Ordered, in the customer's unit.
    pub ordered_qty: f64,
}

impl PlannedStop {
    /// Until when the vehicle is expected: the planned arrival, else the end of the window. What is late is late against it.
    pub fn due_at(&self) -> Option<EventTime> {
        self.planned_arrival.or(self.window_end)
    }
    /// What a stop is promised for, and so the day that it is counted in: the planned arrival, else the end of the window,
    /// else its start.
    pub fn promised_at(&self) -> Option<EventTime> {
        self.due_at().or(self.window_start)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }
        impl $name {
            /// The word used in messages, facts and in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }
    };
}

words!(
    /// What a stop is for.
    StopKind {
        /// Something is handed over: the default.
        #[default]
        Delivery = "delivery",
        /// Something is fetched.
        Pickup = "pickup",
        /// Where rounds begin and end.
        Depot = "depot",
    }
);
words!(
    /// Where a visit stands.
    VisitStatus {
        /// Yet to come.
        #[default]
        Planned = "planned",
        /// The vehicle is there.
        Arrived = "arrived",
        /// It has left.
        Departed = "departed",
        /// The trip ended without it.
        Skipped = "skipped",
        /// A later plan leaves it out.
        Removed = "removed",
    }
);
words!(
    /// An arrival against its window.
    Punctuality {
        /// Nothing to say yet, or nothing was planned.
        #[default]
        Unknown = "",
        /// Before the window.
        Early = "early",
        /// In the window.
        OnTime = "on_time",
        /// After it.
        Late = "late",
        /// Never.
        Skipped = "skipped",
    }
);

/// A planned stop and what became of it. Key: (trip, stop).
#[derive(Debug, Clone, PartialEq)]
pub struct StopVisit {
    /// The trip.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// The driver of the visit, or empty.
    pub driver_id: DriverId,
    /// As planned; planned arrival, window and ordered quantity are what was promised at dispatch.
    pub stop: PlannedStop,
    /// Place in the plan, from 1.
    pub plan_order: u32,
    /// Place among the visits, from 1; 0 before.
    pub visit_order: u32,
    /// Where it stands.
    pub status: VisitStatus,
    /// Arrival.
    pub arrived_at: Option<EventTime>,
    /// Departure.
    pub departed_at: Option<EventTime>,
    /// The arrival against its window.
    pub punctuality: Punctuality,
    /// True if a stop that was planned later was visited before it.
    pub is_out_of_order: bool,
    /// True if arrival or departure was told by the driver's device, not seen in positions.
    pub is_declared: bool,
    /// `delivered`, `partial`, `refused`, `failed`, or empty.
    pub outcome: String,
    /// Delivered; NaN if nobody said.
    pub delivered_qty: f64,
    /// Why not, or empty.
    pub reason: String,
}

impl StopVisit {
    /// When service can begin: on arrival, but not before the window.
    pub fn service_start(&self) -> Option<EventTime> {
        self.arrived_at.map(|at| self.stop.window_start.map_or(at, |start| at.max(start)))
    }
    /// Seconds from arrival to departure; NaN before that.
    pub fn dwell_s(&self) -> f64 {
        seconds(self.arrived_at, self.departed_at)
    }
    /// Seconds of waiting for the window; NaN before arrival.
    pub fn waiting_s(&self) -> f64 {
        seconds(self.arrived_at, self.service_start())
    }
    /// Seconds of service beyond the planned ones, at least 0; NaN before departure or without a planned service.
    pub fn delay_s(&self) -> f64 {
        let over_s = seconds(self.service_start(), self.departed_at) - self.stop.planned_service_s;
        if over_s.is_nan() { over_s } else { over_s.max(0.0) }
    }
    /// Arrival behind the planned one, else the end of the window, seconds; negative when before it; NaN before arrival or
    /// without either.
    pub fn lateness_s(&self) -> f64 {
        seconds(self.stop.due_at(), self.arrived_at)
    }
}

fn seconds(from: Option<EventTime>, to: Option<EventTime>) -> f64 {
    match (from, to) {
        (Some(from), Some(to)) => to.ms_since(from) as f64 / 1_000.0,
        _ => f64::NAN,
    }
}

/// A prediction of an arrival, or the outcome of the last one. Key: (trip, stop, made_at).
#[derive(Debug, Clone, PartialEq)]
pub struct EtaPrediction {
    /// The trip.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// The stop; empty for the end of the trip.
    pub stop_id: String,
    /// When it was made; of an outcome: the arrival.
    pub made_at: EventTime,
    /// The predicted arrival.
    pub predicted_at: EventTime,
    /// The promised arrival, at dispatch.
    pub promised_at: Option<EventTime>,
    /// Metres left; 0 for an outcome.
    pub remaining_m: f64,
    /// The arrival; none for a prediction.
    pub arrived_at: Option<EventTime>,
}
