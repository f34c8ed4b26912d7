//! Trip starts and ends, plans, stops.

use super::{plan, unknown_type};
use crate::{json::Document, problem::Problem};
use std::sync::Arc;
use tacho_model::{TripEvent, TripEventKind};

/// Fields of every trip event.
const COMMON_FIELDS: [&str; 5] = ["trip_id", "vehicle_id", "driver_id", "event_type", "timestamp"];
const START_FIELDS: [&str; 2] = ["origin_lat", "origin_lon"];
const END_FIELDS: [&str; 5] = ["end_lat", "end_lon", "distance_m", "duration_sec", "status"];
const STOP_FIELDS: [&str; 4] = ["stop_id", "outcome", "delivered_qty", "reason"];

/// Longest trip that a producer may sum up: plausible in metres as in seconds.
const SUMMARY_RANGE: (f64, f64) = (0.0, 1e9);

pub(super) fn read(document: &Document<'_>) -> Result<TripEvent, Problem> {
    let kind_name = document.required_id("event_type")?;
    let trip_id = document.required_id("trip_id")?.into();
    let vehicle_id = document.required_id("vehicle_id")?.into();
    let driver_id = document.id("driver_id")?.into();
    let kind = match kind_name {
        "trip_start" => TripEventKind::Start {
            origin: document.position("origin_lat", "origin_lon")?,
            plan: document.selected(&plan::FIELDS),
            delivery: plan::read(document)?.map(Arc::new),
        },
        "trip_end" => TripEventKind::End {
            end: document.position("end_lat", "end_lon")?,
            distance_m: document.number_within("distance_m", SUMMARY_RANGE)?,
            duration_s: document.number_within("duration_sec", SUMMARY_RANGE)?,
            cancelled: document.word("status", &["completed", "cancelled"])? == "cancelled",
        },
        "plan_update" => match plan::read(document)? {
            None => return Err(Problem::missing("stops")),
            Some(plan) => {
                let text = document.selected(&plan::FIELDS);
                TripEventKind::PlanUpdate { plan: text, delivery: Arc::new(plan) }
            }
        },
        "stop_arrival" => TripEventKind::StopArrival { stop_id: document.required_id("stop_id")?.to_owned() },
        "stop_departure" => TripEventKind::StopDeparture {
            stop_id: document.required_id("stop_id")?.to_owned(),
            outcome: document.word("outcome", &["delivered", "partial", "refused", "failed"])?.to_owned(),
            delivered_qty: document.number_within("delivered_qty", SUMMARY_RANGE)?,
            reason: document.text("reason")?.to_owned(),
        },
        other => return Err(unknown_type("event_type", other)),
    };
    Ok(TripEvent { trip_id, vehicle_id, driver_id, kind })
}

/// The fields that the event's kind does not use, as a JSON object.
pub(super) fn read_extra(document: &Document<'_>) -> String {
    let own: &[&[&str]] = match document.text("event_type") {
        Ok("trip_start") => &[&START_FIELDS, &plan::FIELDS],
        Ok("trip_end") => &[&END_FIELDS],
        Ok("plan_update") => &[&plan::FIELDS],
        _ => &[&STOP_FIELDS],
    };
    document.others(&[&COMMON_FIELDS, own.concat().as_slice()].concat())
}
