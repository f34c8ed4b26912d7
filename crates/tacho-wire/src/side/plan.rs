//! The delivery plan of a trip: destination, route, stops.

use crate::{
    json::{Document, Kind},
    problem::{Problem, quote},
};
use tacho_model::{DeliveryPlan, EventTime, LatLon, PlannedStop, Reason, StopKind};

/// The plan's fields in a trip event.
pub(super) const FIELDS: [&str; 5] = ["dest_lat", "dest_lon", "planned_arrival", "planned_route", "stops"];
/// Most stops of a round: each is looked at with every fix.
const STOPS_MAX: usize = 500;
/// Most points of a route.
const ROUTE_POINTS_MAX: usize = 10_000;
/// Longest service, seconds: a week.
const SERVICE_S: (f64, f64) = (0.0, 604_800.0);
const QUANTITY: (f64, f64) = (0.0, 1e9);

/// The plan of a text that holds a plan's fields, as a trip event's `plan` does; none if it is not one.
pub fn read_plan(text: &str) -> Option<DeliveryPlan> {
    read(&Document::parse(text).ok()?).ok()?
}

/// The plan in a trip event; none without one.
pub(super) fn read(document: &Document<'_>) -> Result<Option<DeliveryPlan>, Problem> {
    let plan = DeliveryPlan {
        destination: document.position("dest_lat", "dest_lon")?,
        planned_arrival: time(document, "planned_arrival")?,
        route: read_route(document)?,
        stops: read_stops(document)?,
    };
    let is_empty = plan.destination.is_none() && plan.route.is_empty() && plan.stops.is_empty();
    Ok((!is_empty).then_some(plan))
}

fn time(document: &Document<'_>, name: &str) -> Result<Option<EventTime>, Problem> {
    document.raw(name).is_some().then(|| document.time(name)).transpose()
}

fn read_stops(document: &Document<'_>) -> Result<Vec<PlannedStop>, Problem> {
    let texts = document.objects("stops", STOPS_MAX)?;
    let mut stops: Vec<PlannedStop> = Vec::with_capacity(texts.len());
    for (number, text) in texts.iter().enumerate() {
        let stop = Document::parse(text).and_then(|stop| read_stop(&stop));
        let stop =
            stop.map_err(|problem| Problem { detail: format!("`stops[{number}]`: {}", problem.detail), ..problem })?;
        if stops.iter().any(|other| other.stop_id == stop.stop_id) {
            let detail = format!("`stops[{number}]`: `stop_id` \"{}\" stands twice", quote(&stop.stop_id));
            return Err(Problem::new(Reason::BadValue, detail));
        }
        stops.push(stop);
    }
    Ok(stops)
}

fn read_stop(stop: &Document<'_>) -> Result<PlannedStop, Problem> {
    let Some(position) = stop.position("lat", "lon")? else { return Err(Problem::missing("lat")) };
    let (window_start, window_end) = (time(stop, "window_start")?, time(stop, "window_end")?);
    if let (Some(start), Some(end)) = (window_start, window_end)
        && end < start
    {
        return Err(Problem::new(Reason::BadValue, "`window_end` lies before `window_start`".to_owned()));
    }
    Ok(PlannedStop {
        stop_id: stop.required_id("stop_id")?.to_owned(),
        customer_id: stop.id("customer_id")?.to_owned(),
        kind: match stop.word("kind", &["depot", "pickup", "delivery"])? {
            "depot" => StopKind::Depot,
            "pickup" => StopKind::Pickup,
            _ => StopKind::Delivery,
        },
        position,
        planned_arrival: time(stop, "planned_arrival")?,
        window_start,
        window_end,
        planned_service_s: stop.number_within("planned_service_s", SERVICE_S)?,
        ordered_qty: stop.number_within("ordered_qty", QUANTITY)?,
    })
}

fn bad_route(detail: impl std::fmt::Display) -> Problem {
    Problem::new(Reason::BadGeometry, format!("`planned_route`: {detail}"))
}

/// An encoded polyline (five decimals), or `[[lat, lon], ...]`.
fn read_route(document: &Document<'_>) -> Result<Vec<LatLon>, Problem> {
    let Some(raw) = document.raw("planned_route") else { return Ok(Vec::new()) };
    let points: Vec<LatLon> = match raw.kind {
        Kind::String => {
            let line = polyline::decode_polyline(document.text("planned_route")?, 5).map_err(bad_route)?;
            line.0.iter().map(|point| LatLon { lat: point.y, lon: point.x }).collect()
        }
        Kind::Array => {
            let pairs: Vec<[f64; 2]> = serde_json::from_str(raw.text)
                .map_err(|_| bad_route("an array of something else than [lat, lon] pairs"))?;
            pairs.iter().map(|[lat, lon]| LatLon { lat: *lat, lon: *lon }).collect()
        }
        _ => {
            let detail =
                format!("`planned_route` is {}, must be an encoded polyline or an array of positions", quote(raw.text));
            return Err(Problem::new(Reason::WrongType, detail));
        }
    };
    if points.len() > ROUTE_POINTS_MAX {
        return Err(bad_route(format!("{} points, at most {ROUTE_POINTS_MAX} are allowed", points.len())));
    }
    let is_wrong = |point: &LatLon| !(point.lat.abs() <= 90.0 && point.lon.abs() <= 180.0);
    if let Some(place) = points.iter().position(is_wrong) {
        return Err(bad_route(format!("point {place} is no position")));
    }
    Ok(points)
}
