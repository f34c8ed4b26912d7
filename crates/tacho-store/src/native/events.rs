//! Blocks of side events, as they came.

use super::{
    EncodeError,
    block::{EncodedBlock, RowColumns},
};
use serde_json::{Map, Value};
use tacho_io::Table;
use tacho_model::{
    Command, CommandKind, DeviceAlert, DriverEvent, LatLon, SideBody, SideEvent, TripEvent, TripEventKind,
    VehicleClass, VehicleSetup, VehicleStatus,
};

/// An event next to its unpacked body.
type Row<'e, B> = (&'e SideEvent, &'e B);

/// The rows of one stream's table. All must belong to it.
pub(super) fn side_events(table: Table, events: &[SideEvent], batch: u64) -> Result<EncodedBlock, EncodeError> {
    macro_rules! rows {
        ($variant:ident) => {
            events
                .iter()
                .map(|event| match &event.body {
                    SideBody::$variant(body) => Ok((event, body)),
                    _ => Err(EncodeError::WrongRows { table: table.name() }),
                })
                .collect::<Result<Vec<_>, _>>()?
        };
    }
    Ok(match table {
        Table::TripEvents => trip_events(&rows!(Trip), batch),
        Table::VehicleStatus => vehicle_status(&rows!(Status), batch),
        Table::DriverEvents => driver_events(&rows!(Driver), batch),
        Table::DeviceAlerts => device_alerts(&rows!(Alert), batch),
        Table::Commands => commands(&rows!(Command), batch),
        other => return Err(EncodeError::WrongRows { table: other.name() }),
    })
}

/// What all side events have.
fn finish<B>(mut columns: RowColumns<'_, Row<'_, B>>, batch: u64) -> EncodedBlock {
    columns
        .time("timestamp", |(event, _)| event.at.ms())
        .i32("partition", |(event, _)| event.partition)
        .i64("offset", |(event, _)| event.offset)
        .text("extra", |(event, _)| &event.extra)
        .time("ingested_at", |(event, _)| event.log_time.ms())
        .u64("batch", |_| batch);
    columns.finish()
}

fn trip_events(rows: &[Row<'_, TripEvent>], batch: u64) -> EncodedBlock {
    use TripEventKind::{End, PlanUpdate, Start, StopArrival, StopDeparture};
    let position = |event: &TripEvent| match &event.kind {
        Start { origin: at, .. } | End { end: at, .. } => *at,
        PlanUpdate { .. } | StopArrival { .. } | StopDeparture { .. } => None,
    };
    let end = |event: &TripEvent| match &event.kind {
        End { distance_m, duration_s, cancelled, .. } => (*distance_m, *duration_s, *cancelled),
        _ => (f64::NAN, f64::NAN, false),
    };
    const UNKNOWN: LatLon = LatLon { lat: f64::NAN, lon: f64::NAN };
    let mut columns = RowColumns::of(rows);
    columns
        .text("trip_id", |(_, event)| event.trip_id.as_str())
        .text("vehicle_id", |(_, event)| event.vehicle_id.as_str())
        .text("driver_id", |(_, event)| event.driver_id.as_str())
        .text("event_type", |(_, event)| event.kind.name())
        .f64("lat", |(_, event)| position(event).unwrap_or(UNKNOWN).lat)
        .f64("lon", |(_, event)| position(event).unwrap_or(UNKNOWN).lon)
        .text("plan", |(_, event)| match &event.kind {
            Start { plan, .. } | PlanUpdate { plan, .. } => plan,
            End { .. } | StopArrival { .. } | StopDeparture { .. } => "",
        })
        .f64("distance_m", |(_, event)| end(event).0)
        .f64("duration_s", |(_, event)| end(event).1)
        .bool("cancelled", |(_, event)| end(event).2)
        .text("stop_id", |(_, event)| match &event.kind {
            StopArrival { stop_id } | StopDeparture { stop_id, .. } => stop_id,
            Start { .. } | End { .. } | PlanUpdate { .. } => "",
        })
        .text("outcome", |(_, event)| if let StopDeparture { outcome, .. } = &event.kind { outcome } else { "" })
        .f64("delivered_qty", |(_, event)| match &event.kind {
            StopDeparture { delivered_qty, .. } => *delivered_qty,
            _ => f64::NAN,
        })
        .text("reason", |(_, event)| if let StopDeparture { reason, .. } = &event.kind { reason } else { "" });
    finish(columns, batch)
}

fn vehicle_status(rows: &[Row<'_, VehicleStatus>], batch: u64) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("vehicle_id", |(_, status)| status.vehicle_id.as_str())
        .f32("fuel_pct", |(_, status)| status.fuel_pct)
        .f32("engine_temp_c", |(_, status)| status.engine_temp_c)
        .f64("odometer_km", |(_, status)| status.odometer_km)
        .text_lists("fault_codes", |(_, status)| status.fault_codes.as_deref().unwrap_or_default())
        .bool("has_fault_codes", |(_, status)| status.fault_codes.is_some());
    finish(columns, batch)
}

fn driver_events(rows: &[Row<'_, DriverEvent>], batch: u64) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("driver_id", |(_, event)| event.driver_id.as_str())
        .text("vehicle_id", |(_, event)| event.vehicle_id.as_str())
        .text("event_type", |(_, event)| event.kind.name());
    finish(columns, batch)
}

fn device_alerts(rows: &[Row<'_, DeviceAlert>], batch: u64) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("alert_id", |(_, alert)| &alert.alert_id)
        .text("vehicle_id", |(_, alert)| alert.vehicle_id.as_str())
        .text("trip_id", |(_, alert)| alert.trip_id.as_str())
        .text("alert_type", |(_, alert)| &alert.alert_type)
        .u8("severity", |(_, alert)| alert.severity)
        .text("details", |(_, alert)| &alert.details);
    finish(columns, batch)
}

fn commands(rows: &[Row<'_, Command>], batch: u64) -> EncodedBlock {
    let bodies: Vec<(&SideEvent, (&Command, String))> =
        rows.iter().map(|&(event, command)| (event, (command, command_body(command)))).collect();
    let rows: Vec<Row<'_, (&Command, String)>> = bodies.iter().map(|(event, body)| (*event, body)).collect();
    let mut columns = RowColumns::of(&rows);
    columns
        .text("command_id", |(_, (command, _))| &command.command_id)
        .text("type", |(_, (command, _))| command.kind.name())
        .text("vehicle_id", |(_, (command, _))| command.kind.vehicle_id().map_or("", |id| id.as_str()))
        .text("body", |(_, (_, body))| body);
    finish(columns, batch)
}

/// What a command changes, as a JSON object; absent values are left out.
fn command_body(command: &Command) -> String {
    match &command.kind {
        CommandKind::AlertAcknowledge { alert_id, vehicle_id } => {
            serde_json::json!({ "alert_id": alert_id, "vehicle_id": vehicle_id.as_str() }).to_string()
        }
        CommandKind::VehicleUpsert(setup) => vehicle_setup(setup).to_string(),
        _ => command.json.clone(),
    }
}

fn vehicle_setup(setup: &VehicleSetup) -> Value {
    let class = match setup.class {
        VehicleClass::Car => "car",
        VehicleClass::Van => "van",
        VehicleClass::Truck => "truck",
    };
    let mut body = Map::new();
    let texts =
        [("vehicle_id", setup.vehicle_id.as_str()), ("class", class), ("name", &setup.name), ("group", &setup.group)];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        body.insert(name.into(), text.into());
    }
    let numbers =
        [("limit_kmph", setup.limit_kmph), ("volt_system", setup.volt_system), ("tank_litres", setup.tank_litres)];
    for (name, number) in numbers.into_iter().filter(|(_, number)| number.is_finite()) {
        body.insert(name.into(), number.into());
    }
    body.insert("reorder_ms".into(), setup.reorder_ms.into());
    Value::Object(body)
}
