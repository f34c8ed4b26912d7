//! Everything that comes in beside telemetry: low-rate events, one value each.

use crate::{
    AlertType, DeliveryPlan, DriverId, EventTime, Geofence, GeofenceId, LatLon, LogTime, SpeedArea, Stream, TripId,
    VehicleId,
};
use std::sync::Arc;

/// A low-rate event with the place it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct SideEvent {
    /// Partition of its topic.
    pub partition: i32,
    /// Offset in its partition.
    pub offset: i64,
    /// When it came into the log.
    pub log_time: LogTime,
    /// When it happened.
    pub at: EventTime,
    /// What happened.
    pub body: SideBody,
    /// Fields that are not ours, as a JSON object; empty when there are none.
    pub extra: String,
}

impl SideEvent {
    /// Takes out what says where the vehicle is. Commands stay as they are: they are not the vehicle's.
    pub fn hide_position(&mut self) {
        if !matches!(self.body, SideBody::Command(_)) {
            self.body.hide_position();
            self.extra.clear();
        }
    }
}

/// What a side event says.
#[derive(Debug, Clone, PartialEq)]
pub enum SideBody {
    /// A trip starts, ends, is planned, reaches or leaves a stop.
    Trip(TripEvent),
    /// Vehicle health.
    Status(VehicleStatus),
    /// Login, break, incident, SOS.
    Driver(DriverEvent),
    /// A device's own alert.
    Alert(DeviceAlert),
    /// A change of the fleet's set-up.
    Command(Command),
}

impl SideBody {
    /// The stream that carries it.
    pub const fn stream(&self) -> Stream {
        match self {
            SideBody::Trip(_) => Stream::TripEvents,
            SideBody::Status(_) => Stream::VehicleStatus,
            SideBody::Driver(_) => Stream::DriverEvents,
            SideBody::Alert(_) => Stream::Alerts,
            SideBody::Command(_) => Stream::Commands,
        }
    }

    /// Takes out what says where the vehicle is: positions, and the texts that may hold one. What a call for help says
    /// stays. A plan is what somebody wrote, not where the vehicle was.
    fn hide_position(&mut self) {
        match self {
            SideBody::Trip(TripEvent { kind: TripEventKind::Start { origin: at, .. }, .. })
            | SideBody::Trip(TripEvent { kind: TripEventKind::End { end: at, .. }, .. }) => *at = None,
            SideBody::Alert(alert) if !alert.calls_for_help() => alert.details.clear(),
            SideBody::Trip(_) | SideBody::Status(_) | SideBody::Driver(_) | SideBody::Alert(_) => {}
            SideBody::Command(_) => {}
        }
    }

    /// The vehicle that it concerns; none for the fleet's matters, and for driver events without one.
    pub fn vehicle_id(&self) -> Option<&VehicleId> {
        let id = match self {
            SideBody::Trip(event) => &event.vehicle_id,
            SideBody::Status(status) => &status.vehicle_id,
            SideBody::Driver(event) => &event.vehicle_id,
            SideBody::Alert(alert) => &alert.vehicle_id,
            SideBody::Command(command) => command.kind.vehicle_id()?,
        };
        (!id.is_empty()).then_some(id)
    }
}

/// A message of `trip.events`.
#[derive(Debug, Clone, PartialEq)]
pub struct TripEvent {
    /// The trip.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// Its driver, or empty.
    pub driver_id: DriverId,
    /// What happened.
    pub kind: TripEventKind,
}

/// The kinds of trip events.
#[derive(Debug, Clone, PartialEq)]
pub enum TripEventKind {
    /// The trip starts.
    Start {
        /// Where, if sent.
        origin: Option<LatLon>,
        /// The delivery plan as JSON text (`dest_lat`, `stops`, ...); empty without one.
        plan: String,
        /// The same, read; none without one.
        delivery: Option<Arc<DeliveryPlan>>,
    },
    /// The trip ends, with the producer's own summary.
    End {
        /// Where, if sent.
        end: Option<LatLon>,
        /// The producer's distance in metres; NaN when not sent.
        distance_m: f64,
        /// The producer's duration in seconds; NaN when not sent.
        duration_s: f64,
        /// True for `status: cancelled`.
        cancelled: bool,
    },
    /// The plan is replaced.
    PlanUpdate {
        /// The plan as JSON text.
        plan: String,
        /// The same, read.
        delivery: Arc<DeliveryPlan>,
    },
    /// The vehicle reaches a stop.
    StopArrival {
        /// The stop.
        stop_id: String,
    },
    /// The vehicle leaves a stop.
    StopDeparture {
        /// The stop.
        stop_id: String,
        /// `delivered`, `partial`, `refused`, `failed`, or empty.
        outcome: String,
        /// Quantity delivered; NaN when not sent.
        delivered_qty: f64,
        /// Why not, or empty.
        reason: String,
    },
}

impl TripEventKind {
    /// The `event_type` on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            TripEventKind::Start { .. } => "trip_start",
            TripEventKind::End { .. } => "trip_end",
            TripEventKind::PlanUpdate { .. } => "plan_update",
            TripEventKind::StopArrival { .. } => "stop_arrival",
            TripEventKind::StopDeparture { .. } => "stop_departure",
        }
    }
}

/// A message of `vehicle.status`. Absent numbers are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleStatus {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Tank level, %.
    pub fuel_pct: f32,
    /// Coolant, degrees Celsius.
    pub engine_temp_c: f32,
    /// Odometer, km.
    pub odometer_km: f64,
    /// Open fault codes; none when the message does not speak of them.
    pub fault_codes: Option<Vec<String>>,
}

/// A message of `events.driver`.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverEvent {
    /// The driver.
    pub driver_id: DriverId,
    /// The vehicle, or empty.
    pub vehicle_id: VehicleId,
    /// What happened.
    pub kind: DriverEventKind,
}

/// The kinds of driver events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriverEventKind {
    /// `driver_login`
    Login,
    /// `driver_logout`
    Logout,
    /// `break_start`
    BreakStart,
    /// `break_end`
    BreakEnd,
    /// `driver_incident`
    Incident,
    /// `sos`
    Sos,
}

impl DriverEventKind {
    /// All kinds.
    pub const ALL: [DriverEventKind; 6] = [
        DriverEventKind::Login,
        DriverEventKind::Logout,
        DriverEventKind::BreakStart,
        DriverEventKind::BreakEnd,
        DriverEventKind::Incident,
        DriverEventKind::Sos,
    ];

    /// The `event_type` on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            DriverEventKind::Login => "driver_login",
            DriverEventKind::Logout => "driver_logout",
            DriverEventKind::BreakStart => "break_start",
            DriverEventKind::BreakEnd => "break_end",
            DriverEventKind::Incident => "driver_incident",
            DriverEventKind::Sos => "sos",
        }
    }
}

/// A device's own alert, as it came in by `alerts.outbound`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct DeviceAlert {
    /// The device's id of it.
    pub alert_id: String,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The trip, or empty.
    pub trip_id: TripId,
    /// The device's name of the type; kept as sent.
    pub alert_type: String,
    /// 1..=5.
    pub severity: u8,
    /// Free text.
    pub details: String,
}

impl DeviceAlert {
    /// True if a person may be in danger.
    pub fn calls_for_help(&self) -> bool {
        AlertType::from_word(&self.alert_type).is_some_and(AlertType::calls_for_help)
    }
}

/// A message of the control stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its id.
    pub command_id: String,
    /// What it changes.
    pub kind: CommandKind,
    /// The whole message as JSON; empty for kinds whose fields say it all.
    pub json: String,
}

/// What a command changes.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandKind {
    /// `geofence.upsert`
    GeofenceUpsert(Arc<Geofence>),
    /// `geofence.delete`
    GeofenceDelete {
        /// The geofence.
        geofence_id: GeofenceId,
    },
    /// `speed_profile.upsert`
    SpeedProfileUpsert(Arc<SpeedArea>),
    /// `vehicle.upsert`
    VehicleUpsert(VehicleSetup),
    /// `driver.upsert`
    DriverUpsert(DriverSetup),
    /// `alert.acknowledge`
    AlertAcknowledge {
        /// The alert.
        alert_id: String,
        /// Its vehicle.
        vehicle_id: VehicleId,
    },
    /// `alert.dismiss`
    AlertDismiss {
        /// The alert.
        alert_id: String,
        /// Its vehicle.
        vehicle_id: VehicleId,
    },
    /// `trip.reassign`
    TripReassign {
        /// The trip.
        trip_id: TripId,
        /// Its vehicle.
        vehicle_id: VehicleId,
        /// Who really drove.
        driver_id: DriverId,
    },
    /// `maintenance.start`
    MaintenanceStart {
        /// The vehicle.
        vehicle_id: VehicleId,
    },
    /// `maintenance.end`
    MaintenanceEnd {
        /// The vehicle.
        vehicle_id: VehicleId,
    },
    /// `private.start`
    PrivateStart {
        /// The vehicle.
        vehicle_id: VehicleId,
    },
    /// `private.end`
    PrivateEnd {
        /// The vehicle.
        vehicle_id: VehicleId,
    },
    /// `maintenance.plan`
    MaintenancePlan(MaintenanceItem),
    /// `driver.erase`
    DriverErase {
        /// The driver.
        driver_id: DriverId,
    },
    /// A known type whose feature keeps its own body.
    Other {
        /// The `type` on the wire.
        kind: String,
    },
}

impl CommandKind {
    /// The `type` on the wire.
    pub fn name(&self) -> &str {
        match self {
            CommandKind::GeofenceUpsert(_) => "geofence.upsert",
            CommandKind::GeofenceDelete { .. } => "geofence.delete",
            CommandKind::SpeedProfileUpsert(_) => "speed_profile.upsert",
            CommandKind::VehicleUpsert(_) => "vehicle.upsert",
            CommandKind::DriverUpsert(_) => "driver.upsert",
            CommandKind::AlertAcknowledge { .. } => "alert.acknowledge",
            CommandKind::AlertDismiss { .. } => "alert.dismiss",
            CommandKind::TripReassign { .. } => "trip.reassign",
            CommandKind::MaintenanceStart { .. } => "maintenance.start",
            CommandKind::MaintenanceEnd { .. } => "maintenance.end",
            CommandKind::MaintenancePlan(_) => "maintenance.plan",
            CommandKind::PrivateStart { .. } => "private.start",
            CommandKind::PrivateEnd { .. } => "private.end",
            CommandKind::DriverErase { .. } => "driver.erase",
            CommandKind::Other { kind } => kind,
        }
    }

    /// The vehicle that it is about; none for the fleet's matters.
    pub fn vehicle_id(&self) -> Option<&VehicleId> {
        match self {
            CommandKind::VehicleUpsert(setup) => Some(&setup.vehicle_id),
            CommandKind::MaintenancePlan(item) => Some(&item.vehicle_id),
            CommandKind::AlertAcknowledge { vehicle_id, .. }
            | CommandKind::AlertDismiss { vehicle_id, .. }
            | CommandKind::TripReassign { vehicle_id, .. }
            | CommandKind::MaintenanceStart { vehicle_id }
            | CommandKind::PrivateStart { vehicle_id }
            | CommandKind::PrivateEnd { vehicle_id }
            | CommandKind::MaintenanceEnd { vehicle_id } => Some(vehicle_id),
            CommandKind::GeofenceUpsert(_)
            | CommandKind::GeofenceDelete { .. }
            | CommandKind::SpeedProfileUpsert(_)
            | CommandKind::DriverUpsert(_)
            | CommandKind::DriverErase { .. }
            | CommandKind::Other { .. } => None,
        }
    }
}

/// One item of a vehicle's maintenance plan. It is due by the first of its measures; without one it is taken out.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct MaintenanceItem {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// What is to be done: `oil`, `brakes`, ...
    pub item: String,
    /// Odometer at which it is due, km; NaN: not by odometer.
    pub due_km: f64,
    /// Hours with the engine on from the command's moment; NaN: not by engine hours.
    pub in_engine_h: f64,
    /// Moment at which it is due.
    pub due_at: Option<EventTime>,
}

/// What `driver.upsert` says of a driver. Absent texts are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverSetup {
    /// The driver.
    pub driver_id: DriverId,
    /// A name for people.
    pub name: String,
    /// The driver's group.
    pub group: String,
    /// Hours-of-service profile: `eu561`, `us395`, `us395_60`, or empty.
    pub hours_of_service: String,
}

/// What `vehicle.upsert` says of a vehicle. Absent numbers are NaN, absent texts empty.
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleSetup {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Its class, which sets the harsh-event thresholds.
    pub class: VehicleClass,
    /// A name for people.
    pub name: String,
    /// Its group.
    pub group: String,
    /// The vehicle's own speed limit, km/h.
    pub limit_kmph: f32,
    /// Electrical system, V (12 or 24).
    pub volt_system: f32,
    /// Tank size, litres.
    pub tank_litres: f32,
    /// Reorder bound, ms.
    pub reorder_ms: i64,
}

/// Vehicle classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum VehicleClass {
    /// Passenger car: the default.
    #[default]
    Car = 0,
    /// Van.
    Van = 1,
    /// Truck or bus.
    Truck = 2,
}
