//! The input streams and their topics.

/// An input stream: one topic each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Stream {
    /// The control stream: geofences, vehicles, limits, acknowledgements.
    Commands = 0,
    /// Trip starts and ends, plans, stop arrivals and departures.
    TripEvents = 1,
    /// Logins, breaks, incidents, SOS.
    DriverEvents = 2,
    /// Periodic vehicle health.
    VehicleStatus = 3,
    /// Devices' own alerts (the topic is shared with the engine's).
    Alerts = 4,
    /// High-frequency telemetry.
    Telemetry = 5,
}

impl Stream {
    /// All streams, in rank order.
    pub const ALL: [Stream; 6] = [
        Stream::Commands,
        Stream::TripEvents,
        Stream::DriverEvents,
        Stream::VehicleStatus,
        Stream::Alerts,
        Stream::Telemetry,
    ];

    /// The rank that orders events of equal event time: control first, telemetry last, so that a fix at the moment
    /// of a trip's start already belongs to that trip.
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// The topic's name behind the prefix (`fleet.prod` by default).
    pub const fn topic_suffix(self) -> &'static str {
        match self {
            Stream::Telemetry => "telemetry.raw",
            Stream::TripEvents => "trip.events",
            Stream::VehicleStatus => "vehicle.status",
            Stream::DriverEvents => "events.driver",
            Stream::Alerts => "alerts.outbound",
            Stream::Commands => "commands",
        }
    }

    /// Partitions of the reference's deployment, the default.
    pub const fn default_partitions(self) -> i32 {
        match self {
            Stream::Telemetry => 12,
            Stream::TripEvents | Stream::VehicleStatus => 6,
            Stream::DriverEvents | Stream::Alerts => 3,
            Stream::Commands => 1,
        }
    }

    /// The short name used in commands, counters and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Stream::Telemetry => "telemetry",
            Stream::TripEvents => "trip_events",
            Stream::VehicleStatus => "vehicle_status",
            Stream::DriverEvents => "driver_events",
            Stream::Alerts => "alerts",
            Stream::Commands => "commands",
        }
    }

    /// The stream of that short name.
    pub fn from_name(name: &str) -> Option<Stream> {
        Stream::ALL.into_iter().find(|stream| stream.name() == name)
    }
}

/// An output topic of the engine. `Alerts` shares its topic with [`Stream::Alerts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OutputTopic {
    /// Alerts: begin, update, end.
    Alerts,
    /// Upserted trip facts.
    TripSessions,
    /// 20 s tumbling summary per vehicle.
    TripSummary,
    /// Hop-window distance and speed of a running trip.
    TripMetrics,
    /// Penalty and score.
    DriverScores,
    /// Break and driving-time violations.
    BreakViolations,
    /// Utilization of the fleet.
    FleetMetrics,
    /// Health alerts.
    HealthAlerts,
    /// Enter, exit, dwell.
    GeofenceEvents,
    /// Arrivals, departures, delays.
    StopVisits,
    /// Predictions and outcomes.
    Eta,
    /// Rejected records.
    DeadLetter,
}

impl OutputTopic {
    /// All output topics.
    pub const ALL: [OutputTopic; 12] = [
        OutputTopic::Alerts,
        OutputTopic::TripSessions,
        OutputTopic::TripSummary,
        OutputTopic::TripMetrics,
        OutputTopic::DriverScores,
        OutputTopic::BreakViolations,
        OutputTopic::FleetMetrics,
        OutputTopic::HealthAlerts,
        OutputTopic::GeofenceEvents,
        OutputTopic::StopVisits,
        OutputTopic::Eta,
        OutputTopic::DeadLetter,
    ];

    /// The topic's name behind the prefix.
    pub const fn topic_suffix(self) -> &'static str {
        match self {
            OutputTopic::Alerts => "alerts.outbound",
            OutputTopic::TripSessions => "trip.sessionsummary",
            OutputTopic::TripSummary => "trip.summary",
            OutputTopic::TripMetrics => "trip.metrics.live",
            OutputTopic::DriverScores => "driver.behaviour.scores",
            OutputTopic::BreakViolations => "driver.break.violations",
            OutputTopic::FleetMetrics => "metrics.live",
            OutputTopic::HealthAlerts => "vehicle.health.alerts",
            OutputTopic::GeofenceEvents => "geofence.events",
            OutputTopic::StopVisits => "stop.visits",
            OutputTopic::Eta => "eta",
            OutputTopic::DeadLetter => "deadletter",
        }
    }

    /// Default partition count; `Alerts` has that of its input stream.
    pub const fn default_partitions(self) -> i32 {
        3
    }
}

/// The full topic name: `<prefix>.<suffix>`.
pub fn topic_name(prefix: &str, suffix: &str) -> String {
    format!("{prefix}.{suffix}")
}
