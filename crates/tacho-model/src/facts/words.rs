//! The words of facts: states, origins, reasons, kinds.

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
    /// True for those that tell of a person in danger: they say where, also in private mode.
    pub const fn calls_for_help(self) -> bool {
        matches!(self, AlertType::Sos | AlertType::Crash)
    }

    /// True for those that tell of a place by being raised.
    pub const fn is_of_place(self) -> bool {
        matches!(self, AlertType::GeofenceEnter | AlertType::GeofenceExit | AlertType::GeofenceViolation)
    }

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
        /// The vehicle is in private mode: where it went from there is not looked at.
        Private = "private",
    }
);
