//! `geofence.upsert`: shape, hours, scope.

use crate::{
    json::Document,
    problem::{Problem, quote},
};
use tacho_model::{
    BadGeometry, DAY_MINUTES, Geofence, GeofenceKind, LatLon, Period, Reason, Schedule, Scope, Shape, VehicleId,
};

/// Fields that the command has beside those of every command.
pub(super) const FIELDS: &[&str] =
    &["geofence_id", "name", "kind", "geometry", "radius_m", "width_m", "limit_kmph", "schedule", "scope", "crossings"];

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Most periods of a schedule: they are looked at one after the other.
const PERIODS_MAX: usize = 64;
/// Most vehicles and groups of a scope.
const SCOPE_MAX: usize = 2_000;

pub(super) fn read(document: &Document<'_>) -> Result<Geofence, Problem> {
    let kind = match document.word("kind", &["zone", "forbidden", "required"])? {
        "forbidden" => GeofenceKind::Forbidden,
        "required" => GeofenceKind::Required,
        _ => GeofenceKind::Zone,
    };
    Ok(Geofence {
        geofence_id: document.required_id("geofence_id")?.into(),
        name: document.id("name")?.into(),
        kind,
        shape: read_shape(document)?,
        limit_kmph: document.number_within("limit_kmph", (1.0, 400.0))? as f32,
        schedule: read_schedule(document)?,
        scope: read_scope(document)?,
        tells_crossings: document.flag("crossings")?.unwrap_or(false),
    })
}

fn bad_geometry(detail: impl std::fmt::Display) -> Problem {
    Problem::new(Reason::BadGeometry, format!("`geometry`: {detail}"))
}

fn bad_value(detail: String) -> Problem {
    Problem::new(Reason::BadValue, detail)
}

/// GeoJSON (RFC 7946): a polygon or several; a point with `radius_m`; a line with `width_m`; or a feature of these.
fn read_shape(document: &Document<'_>) -> Result<Shape, Problem> {
    let Some(object) = document.object("geometry")? else { return Err(Problem::missing("geometry")) };
    if object.text("type")? == "Feature" {
        let Some(inner) = object.object("geometry")? else { return Err(Problem::missing("geometry.geometry")) };
        return read_geometry(document, &inner);
    }
    read_geometry(document, &object)
}

fn read_geometry(document: &Document<'_>, geometry: &Document<'_>) -> Result<Shape, Problem> {
    let size = |name: &str, kind: &str| match document.number(name)? {
        Some(size) => Ok(size),
        None => Err(Problem::new(Reason::MissingField, format!("`{name}` is missing: a {kind} needs it"))),
    };
    let shape = match geometry.text("type")? {
        "Polygon" => Shape::polygons(vec![rings(&coordinates::<Vec<Vec<Vec<f64>>>>(geometry)?)?]),
        "MultiPolygon" => {
            let polygons: Vec<Vec<Vec<Vec<f64>>>> = coordinates(geometry)?;
            Shape::polygons(polygons.iter().map(|polygon| rings(polygon)).collect::<Result<_, _>>()?)
        }
        "Point" => Shape::circle(position(&coordinates::<Vec<f64>>(geometry)?)?, size("radius_m", "circle")?),
        "LineString" => Shape::corridor(line(&coordinates::<Vec<Vec<f64>>>(geometry)?)?, size("width_m", "corridor")?),
        other => {
            let detail = format!(
                "its type is \"{}\", must be one of Polygon, MultiPolygon, Point (a circle), LineString (a corridor), \
                 Feature",
                quote(other)
            );
            return Err(bad_geometry(detail));
        }
    };
    shape.map_err(|BadGeometry(detail)| bad_geometry(detail))
}

fn coordinates<T: serde::de::DeserializeOwned>(geometry: &Document<'_>) -> Result<T, Problem> {
    let Some(raw) = geometry.raw("coordinates") else { return Err(bad_geometry("`coordinates` is missing")) };
    serde_json::from_str(raw.text).map_err(|error| {
        let text = error.to_string();
        bad_geometry(format!("`coordinates` are not those of its type: {}", text.replace(" line 1", "")))
    })
}

fn rings(rings: &[Vec<Vec<f64>>]) -> Result<Vec<Vec<LatLon>>, Problem> {
    rings.iter().map(|ring| line(ring)).collect()
}

fn line(positions: &[Vec<f64>]) -> Result<Vec<LatLon>, Problem> {
    positions.iter().map(|numbers| position(numbers)).collect()
}

/// Longitude, latitude, and perhaps an altitude, which is not used.
fn position(numbers: &[f64]) -> Result<LatLon, Problem> {
    match *numbers {
        [lon, lat, ..] => Ok(LatLon { lat, lon }),
        _ => Err(bad_geometry(format!("a position of {} numbers, must be longitude and latitude", numbers.len()))),
    }
}

fn read_schedule(document: &Document<'_>) -> Result<Option<Schedule>, Problem> {
    let Some(object) = document.object("schedule")? else { return Ok(None) };
    let time_zone = object.required_id("time_zone").map_err(|problem| within("schedule", problem))?;
    if jiff::tz::TimeZone::get(time_zone).is_err() {
        return Err(bad_value(format!("`schedule.time_zone` is \"{}\", no name of a time zone", quote(time_zone))));
    }
    let periods = object.objects("periods", PERIODS_MAX).map_err(|problem| within("schedule", problem))?;
    if periods.is_empty() {
        return Err(Problem::missing("schedule.periods"));
    }
    let periods = periods.iter().map(|period| read_period(period)).collect::<Result<_, _>>()?;
    Ok(Some(Schedule { time_zone: time_zone.into(), periods }))
}

fn read_period(text: &str) -> Result<Period, Problem> {
    let period = Document::parse(text)?;
    let mut weekdays = 0;
    for name in period.texts("weekdays", WEEKDAYS.len())? {
        let Some(day) = WEEKDAYS.iter().position(|weekday| *weekday == name) else {
            let name = quote(&name);
            return Err(bad_value(format!("`weekdays` has \"{name}\", must be of {}", WEEKDAYS.join(", "))));
        };
        weekdays |= 1 << day;
    }
    // Without weekdays, every day.
    let weekdays = if period.raw("weekdays").is_some() { weekdays } else { 0x7f };
    if weekdays == 0 {
        return Err(bad_value("`weekdays` is empty".to_owned()));
    }
    let from_minute = read_minute(&period, "from", DAY_MINUTES - 1)?.unwrap_or(0);
    let to_minute = read_minute(&period, "to", DAY_MINUTES)?.filter(|minute| *minute > 0).unwrap_or(DAY_MINUTES);
    Ok(Period { weekdays, from_minute, to_minute })
}

/// A time of day as `06:30`.
fn read_minute(period: &Document<'_>, name: &str, max: u16) -> Result<Option<u16>, Problem> {
    let text = period.text(name)?;
    if text.is_empty() {
        return Ok(None);
    }
    let digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
    let minute = text.split_once(':').and_then(|(hours, minutes)| match (digits(hours)?, digits(minutes)?) {
        (hours, minutes @ 0..60) => Some(hours * 60 + minutes).filter(|minute| *minute <= max),
        _ => None,
    });
    let refused = || bad_value(format!("`{name}` is \"{}\", must be a time of day as 06:30", quote(text)));
    minute.map(Some).ok_or_else(refused)
}

fn read_scope(document: &Document<'_>) -> Result<Option<Scope>, Problem> {
    let Some(object) = document.object("scope")? else { return Ok(None) };
    let names = |name: &str| object.texts(name, SCOPE_MAX).map_err(|problem| within("scope", problem));
    let vehicles = names("vehicles")?.into_iter().map(VehicleId::from).collect();
    let groups = names("groups")?.into_iter().map(String::into_boxed_str).collect();
    if object.raw("vehicles").is_none() && object.raw("groups").is_none() {
        return Err(bad_value("`scope` names neither `vehicles` nor `groups`; leave it out for all".to_owned()));
    }
    Ok(Some(Scope::new(vehicles, groups)))
}

/// The problem of a field of an object that is itself a field.
fn within(name: &str, problem: Problem) -> Problem {
    Problem { detail: format!("`{name}`: {}", problem.detail), ..problem }
}
