//! Blocks of stop visits and of predicted arrivals.

use super::block::{EncodedBlock, RowColumns};
use tacho_io::Versioned;
use tacho_model::{EtaPrediction, EventTime, StopVisit};

/// 1970-01-01 for a time that is not known.
fn ms_or_zero(at: Option<EventTime>) -> i64 {
    at.map_or(0, |at| at.ms())
}

pub(super) fn stop_visits(rows: &[Versioned<StopVisit>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("trip_id", |row| row.fact.trip_id.as_str())
        .text("stop_id", |row| &row.fact.stop.stop_id)
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("customer_id", |row| &row.fact.stop.customer_id)
        .text("kind", |row| row.fact.stop.kind.as_str())
        .f64("lat", |row| row.fact.stop.position.lat)
        .f64("lon", |row| row.fact.stop.position.lon)
        .u32("plan_order", |row| row.fact.plan_order)
        .u32("visit_order", |row| row.fact.visit_order)
        .text("status", |row| row.fact.status.as_str())
        .time("planned_arrival", |row| ms_or_zero(row.fact.stop.planned_arrival))
        .time("window_start", |row| ms_or_zero(row.fact.stop.window_start))
        .time("window_end", |row| ms_or_zero(row.fact.stop.window_end))
        .f64("planned_service_s", |row| row.fact.stop.planned_service_s)
        .time("arrived_at", |row| ms_or_zero(row.fact.arrived_at))
        .time("service_start", |row| ms_or_zero(row.fact.service_start()))
        .time("departed_at", |row| ms_or_zero(row.fact.departed_at))
        .f64("dwell_s", |row| row.fact.dwell_s())
        .f64("waiting_s", |row| row.fact.waiting_s())
        .f64("delay_s", |row| row.fact.delay_s())
        .f64("lateness_s", |row| row.fact.lateness_s())
        .text("punctuality", |row| row.fact.punctuality.as_str())
        .bool("out_of_order", |row| row.fact.is_out_of_order)
        .bool("declared", |row| row.fact.is_declared)
        .text("outcome", |row| &row.fact.outcome)
        .f64("ordered_qty", |row| row.fact.stop.ordered_qty)
        .f64("delivered_qty", |row| row.fact.delivered_qty)
        .text("reason", |row| &row.fact.reason)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn eta_predictions(rows: &[Versioned<EtaPrediction>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("trip_id", |row| row.fact.trip_id.as_str())
        .text("stop_id", |row| &row.fact.stop_id)
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .time("made_at", |row| row.fact.made_at.ms())
        .time("predicted_at", |row| row.fact.predicted_at.ms())
        .time("promised_at", |row| ms_or_zero(row.fact.promised_at))
        .f64("remaining_m", |row| row.fact.remaining_m)
        .time("arrived_at", |row| ms_or_zero(row.fact.arrived_at))
        .u64("version", |row| row.version);
    columns.finish()
}
