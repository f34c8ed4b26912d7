//! Dimension tables, from the commands that set them. The version of a row is its command's time, then its place in
//! the log: the newest command is the truth, in whatever order they come and however often they are stored.

use super::{
    EncodeError,
    block::{EncodedBlock, RowColumns},
};
use tacho_io::Table;
use tacho_model::{
    Bounds, Command, CommandKind, DriverSetup, Geofence, SideBody, SideEvent, VehicleClass, VehicleSetup,
};

/// Bits of a version that tell apart commands of one millisecond.
const OFFSET_BITS: u32 = 20;

fn version(event: &SideEvent) -> u64 {
    let offset = event.offset as u64 & ((1 << OFFSET_BITS) - 1);
    (event.at.ms().max(0) as u64) << OFFSET_BITS | offset
}

/// The rows of one dimension. All commands must be ones that set it.
pub(super) fn dimension(table: Table, events: &[SideEvent]) -> Result<EncodedBlock, EncodeError> {
    let wrong = || EncodeError::WrongRows { table: table.name() };
    let commands = events.iter().map(|event| match &event.body {
        SideBody::Command(command) => Ok((event, command)),
        _ => Err(wrong()),
    });
    let commands: Vec<(&SideEvent, &Command)> = commands.collect::<Result<_, _>>()?;
    macro_rules! rows {
        ($pattern:pat => $value:expr) => {
            commands
                .iter()
                .map(|&(event, command)| match &command.kind {
                    $pattern => Ok((event, $value)),
                    _ => Err(wrong()),
                })
                .collect::<Result<Vec<_>, _>>()?
        };
    }
    Ok(match table {
        Table::Vehicles => vehicles(&rows!(CommandKind::VehicleUpsert(setup) => setup)),
        Table::Drivers => drivers(&rows!(CommandKind::DriverUpsert(setup) => setup)),
        Table::Geofences => geofences(&commands)?,
        other => return Err(EncodeError::WrongRows { table: other.name() }),
    })
}

fn vehicles(rows: &[(&SideEvent, &VehicleSetup)]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("vehicle_id", |(_, setup)| setup.vehicle_id.as_str())
        .text("name", |(_, setup)| &setup.name)
        .text("group_name", |(_, setup)| &setup.group)
        .text("class", |(_, setup)| match setup.class {
            VehicleClass::Car => "car",
            VehicleClass::Van => "van",
            VehicleClass::Truck => "truck",
        })
        .f32("limit_kmph", |(_, setup)| setup.limit_kmph)
        .f32("volt_system", |(_, setup)| setup.volt_system)
        .f32("tank_litres", |(_, setup)| setup.tank_litres)
        .i64("reorder_ms", |(_, setup)| setup.reorder_ms)
        .time("valid_from", |(event, _)| event.at.ms())
        .u64("version", |(event, _)| version(event));
    columns.finish()
}

fn drivers(rows: &[(&SideEvent, &DriverSetup)]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("driver_id", |(_, setup)| setup.driver_id.as_str())
        .text("name", |(_, setup)| &setup.name)
        .text("group_name", |(_, setup)| &setup.group)
        .text("hours_of_service", |(_, setup)| &setup.hours_of_service)
        .time("valid_from", |(event, _)| event.at.ms())
        .u64("version", |(event, _)| version(event));
    columns.finish()
}

/// A geofence, or the id of one that is gone.
struct GeofenceRow<'a> {
    event: &'a SideEvent,
    id: &'a str,
    fence: Option<&'a Geofence>,
    definition: &'a str,
    vehicles: Vec<String>,
    groups: Vec<String>,
}

impl GeofenceRow<'_> {
    fn bounds(&self) -> Bounds {
        let nowhere = Bounds { south: f64::NAN, north: f64::NAN, west: f64::NAN, east: f64::NAN };
        self.fence.map_or(nowhere, |fence| fence.shape.bounds())
    }
}

fn geofence_row<'a>(event: &'a SideEvent, command: &'a Command) -> Option<GeofenceRow<'a>> {
    let (id, fence) = match &command.kind {
        CommandKind::GeofenceUpsert(fence) => (fence.geofence_id.as_str(), Some(&**fence)),
        CommandKind::GeofenceDelete { geofence_id } => (geofence_id.as_str(), None),
        _ => return None,
    };
    let scope = fence.and_then(|fence| fence.scope.as_ref());
    let vehicles = scope.map_or(Vec::new(), |scope| scope.vehicles().iter().map(ToString::to_string).collect());
    let groups = scope.map_or(Vec::new(), |scope| scope.groups().iter().map(ToString::to_string).collect());
    Some(GeofenceRow { event, id, fence, definition: &command.json, vehicles, groups })
}

fn geofences(commands: &[(&SideEvent, &Command)]) -> Result<EncodedBlock, EncodeError> {
    let rows = commands.iter().map(|&(event, command)| geofence_row(event, command));
    let wrong = EncodeError::WrongRows { table: Table::Geofences.name() };
    let rows: Vec<GeofenceRow<'_>> = rows.collect::<Option<_>>().ok_or(wrong)?;
    let mut columns = RowColumns::of(&rows);
    columns
        .text("geofence_id", |row| row.id)
        .text("name", |row| row.fence.map_or("", |fence| &fence.name))
        .text("status", |row| if row.fence.is_some() { "active" } else { "deleted" })
        .text("kind", |row| row.fence.map_or("", |fence| fence.kind.as_str()))
        .text("shape", |row| row.fence.map_or("", |fence| fence.shape.word()))
        .f32("limit_kmph", |row| row.fence.map_or(f32::NAN, |fence| fence.limit_kmph))
        .text("time_zone", |row| {
            row.fence.and_then(|fence| fence.schedule.as_ref()).map_or("", |schedule| &schedule.time_zone)
        })
        .bool("has_scope", |row| row.fence.is_some_and(|fence| fence.scope.is_some()))
        .text_lists("scope_vehicles", |row| &row.vehicles)
        .text_lists("scope_groups", |row| &row.groups)
        .f64("south", |row| row.bounds().south)
        .f64("north", |row| row.bounds().north)
        .f64("west", |row| row.bounds().west)
        .f64("east", |row| row.bounds().east)
        .text("definition", |row| row.definition)
        .time("valid_from", |row| row.event.at.ms())
        .u64("version", |row| version(row.event));
    Ok(columns.finish())
}
