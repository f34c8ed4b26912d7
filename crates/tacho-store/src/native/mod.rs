//! Blocks of ClickHouse's Native format out of the pipeline's rows.

mod block;
mod deliveries;
mod dimensions;
mod events;
mod facts;
mod telemetry;
#[cfg(test)]
mod tests;

pub use block::{BlockWriter, EncodedBlock, RowColumns};

use tacho_io::{Insert, Table, TableRows};

/// Why an insert has no block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The rows are not of the table that the insert names.
    #[error("the rows do not belong into {table}")]
    WrongRows {
        /// The table.
        table: &'static str,
    },
}

/// The block of an insert.
///
/// # Errors
/// When table and rows do not go together.
pub fn encode(insert: &Insert) -> Result<EncodedBlock, EncodeError> {
    Ok(match (insert.table, &insert.rows) {
        (Table::Telemetry, TableRows::Telemetry { batches, rows }) => {
            telemetry::telemetry(batches, rows, insert.batch)?
        }
        (table @ (Table::Vehicles | Table::Drivers | Table::Geofences), TableRows::SideEvents(rows)) => {
            dimensions::dimension(table, rows)?
        }
        (table, TableRows::SideEvents(rows)) => events::side_events(table, rows, insert.batch)?,
        (Table::DeadLetters, TableRows::DeadLetters(rows)) => {
            facts::dead_letters(rows, insert.made_at.ms(), insert.batch)
        }
        (Table::Trips, TableRows::Trips(rows)) => facts::trips(rows),
        (Table::Alerts, TableRows::Alerts(rows)) => facts::alerts(rows),
        (Table::VehicleMinutes, TableRows::VehicleMinutes(rows)) => facts::vehicle_minutes(rows),
        (Table::VehicleIntervals, TableRows::VehicleIntervals(rows)) => facts::vehicle_intervals(rows),
        (Table::TripSummaries, TableRows::TripSummaries(rows)) => facts::trip_summaries(rows),
        (Table::DriverScores, TableRows::DriverScores(rows)) => facts::driver_scores(rows),
        (Table::BreakViolations, TableRows::BreakViolations(rows)) => facts::break_violations(rows),
        (Table::HoursLeft, TableRows::HoursLeft(rows)) => facts::hours_left(rows),
        (Table::StopVisits, TableRows::StopVisits(rows)) => deliveries::stop_visits(rows),
        (Table::EtaPredictions, TableRows::EtaPredictions(rows)) => deliveries::eta_predictions(rows),
        (Table::RecomputeMarks, TableRows::RecomputeMarks(rows)) => facts::recompute_marks(rows),
        (Table::FleetUtilization, TableRows::FleetUtilization(rows)) => facts::fleet_utilization(rows),
        (Table::Refuels, TableRows::Refuels(rows)) => facts::refuels(rows),
        (Table::GeofenceEvents, TableRows::GeofenceEvents(rows)) => facts::geofence_events(rows),
        (table, _) => return Err(EncodeError::WrongRows { table: table.name() }),
    })
}
