//! Messages as they came in beside telemetry: trip, status and driver messages, devices' alerts, commands.

use super::{START, insert};
use std::sync::Arc;
use tacho_io::{Insert, Table, TableRows};
use tacho_model::{
    Command, CommandKind, DeviceAlert, DriverEvent, DriverEventKind, DriverSetup, EventTime, Geofence, GeofenceKind,
    LatLon, LogTime, Scope, Shape, SideBody, SideEvent, TripEvent, TripEventKind, VehicleClass, VehicleId,
    VehicleSetup, VehicleStatus,
};

pub(super) fn side(offset: i64, body: SideBody) -> SideEvent {
    let (log_time, at) = (LogTime(START + 250), EventTime(START));
    SideEvent { partition: 0, offset, log_time, at, body, extra: String::new() }
}

pub(super) fn trip_events() -> Vec<SideEvent> {
    let origin = Some(LatLon { lat: 1.5, lon: 2.5 });
    let kinds = [
        TripEventKind::Start { origin, plan: "{\"stops\":[]}".into(), delivery: None },
        TripEventKind::End { end: None, distance_m: 1200.5, duration_s: f64::NAN, cancelled: true },
        TripEventKind::StopDeparture {
            stop_id: "s".into(),
            outcome: "partial".into(),
            delivered_qty: 2.0,
            reason: "closed".into(),
        },
    ];
    let event = |kind| TripEvent { trip_id: "t".into(), vehicle_id: "veh_1".into(), driver_id: "d".into(), kind };
    kinds.into_iter().zip(1..).map(|(kind, offset)| side(offset, SideBody::Trip(event(kind)))).collect()
}

/// A later plan of the trip.
pub fn plan_update() -> Insert {
    let plan = r#"{"dest_lat":1,"dest_lon":2}"#.to_owned();
    let kind = TripEventKind::PlanUpdate { plan, delivery: Arc::default() };
    let event = TripEvent { trip_id: "trip-1".into(), vehicle_id: "veh_1".into(), driver_id: "".into(), kind };
    let mut rows = insert(Table::TripEvents, TableRows::SideEvents(vec![side(9, SideBody::Trip(event))]));
    rows.token = "plan".to_owned();
    rows
}

pub(super) fn status() -> VehicleStatus {
    VehicleStatus {
        vehicle_id: "veh_1".into(),
        fuel_pct: 50.0,
        engine_temp_c: f32::NAN,
        odometer_km: 1.0,
        fault_codes: Some(vec!["P0300".into(), "P0420".into()]),
    }
}

pub(super) fn login() -> DriverEvent {
    DriverEvent { driver_id: "d".into(), vehicle_id: "".into(), kind: DriverEventKind::Login }
}

pub(super) fn device_alert() -> DeviceAlert {
    DeviceAlert {
        alert_id: "x".into(),
        vehicle_id: "veh_1".into(),
        trip_id: "".into(),
        alert_type: "tow".into(),
        severity: 4,
        details: "moved".into(),
    }
}

pub(super) fn commands() -> Vec<SideEvent> {
    let setup = VehicleSetup {
        vehicle_id: "veh_1".into(),
        class: VehicleClass::Truck,
        name: String::new(),
        group: String::new(),
        limit_kmph: 80.0,
        volt_system: f32::NAN,
        tank_litres: f32::NAN,
        reorder_ms: 2_000,
    };
    let other = CommandKind::Other { kind: "rule.upsert".into() };
    [(CommandKind::VehicleUpsert(setup), ""), (other, "{\"id\":1}")]
        .into_iter()
        .zip(1..)
        .map(|((kind, json), offset)| {
            side(offset, SideBody::Command(Command { command_id: "c".into(), kind, json: json.into() }))
        })
        .collect()
}

/// What people say of them.
pub fn reviews() -> Insert {
    let command = |offset, kind, json: &str| {
        side(offset, SideBody::Command(Command { command_id: offset.to_string(), kind, json: json.to_owned() }))
    };
    let of = |alert_id: &str| (alert_id.to_owned(), VehicleId::from("veh_0"));
    let (alert_id, vehicle_id) = of("a-1");
    let dismiss = CommandKind::AlertDismiss { alert_id, vehicle_id };
    let (alert_id, vehicle_id) = of("a-2");
    let acknowledge = CommandKind::AlertAcknowledge { alert_id, vehicle_id };
    let rows = vec![command(1, dismiss, r#"{"alert_id":"a-1","vehicle_id":"veh_0"}"#), command(2, acknowledge, "")];
    insert(Table::Commands, TableRows::SideEvents(rows))
}

pub(super) fn driver_upsert() -> Command {
    let setup = DriverSetup {
        driver_id: "drv_1".into(),
        name: "Asha".into(),
        group: String::new(),
        hours_of_service: "eu561".into(),
    };
    Command { command_id: "c".into(), kind: CommandKind::DriverUpsert(setup), json: "{}".into() }
}

/// One geofence that is there, one that is gone.
pub(super) fn geofences() -> Vec<SideEvent> {
    let upsert = |id: &str, name: &str| {
        let fence = Geofence {
            geofence_id: id.into(),
            name: name.into(),
            kind: GeofenceKind::Zone,
            shape: Shape::circle(LatLon { lat: 12.9, lon: 77.5 }, 100.0).expect("a circle"),
            limit_kmph: 30.0,
            schedule: None,
            scope: Some(Scope::new(vec!["v1".into()], Vec::new())),
            tells_crossings: false,
        };
        CommandKind::GeofenceUpsert(Arc::new(fence))
    };
    let kinds = [upsert("g1", "Depot"), CommandKind::GeofenceDelete { geofence_id: "g2".into() }];
    let command =
        |(kind, offset)| side(offset, SideBody::Command(Command { command_id: "c".into(), kind, json: "{}".into() }));
    kinds.into_iter().zip(4..).map(command).collect()
}

/// The same commands as they came.
pub fn place_commands() -> Insert {
    let mut rows = insert(Table::Commands, TableRows::SideEvents(geofences()));
    rows.token = "places".to_owned();
    rows
}
