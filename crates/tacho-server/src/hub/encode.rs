//! Events of the live stream, as bytes. Vehicles are arrays of whole numbers:
//! `[number, at - as_of in ms, lat * 1e6, lon * 1e6, speed * 10, heading or -1, state]`. In private mode 8 is added to the
//! state, and there is no position: 0, 0 is none.

use super::state::{Changes, VehicleRow};
use crate::view::{AlertView, FleetView};
use bytes::Bytes;
use std::{fmt::Write as _, ops::Range, sync::Arc};

/// How old the news are, and when they were sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    /// The newest event time that counts; none before the first data.
    pub as_of_ms: Option<i64>,
    /// The server's clock.
    pub server_ms: i64,
}

/// A part of the map, in degrees. `west > east` crosses the date line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Area {
    /// Reads `west,south,east,north` in degrees.
    pub fn parse(text: &str) -> Option<Area> {
        let mut numbers = text.split(',').map(|part| part.trim().parse::<f64>().ok().filter(|value| value.is_finite()));
        let mut next = || numbers.next().flatten();
        let (west, south, east, north) = (next()?, next()?, next()?, next()?);
        let is_valid = south <= north && south >= -90.0 && north <= 90.0 && west.abs() <= 180.0 && east.abs() <= 180.0;
        (is_valid && numbers.next().is_none()).then_some(Area { west, south, east, north })
    }
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        let is_between = if self.west <= self.east {
            lon >= self.west && lon <= self.east
        } else {
            lon >= self.west || lon <= self.east
        };
        is_between && lat >= self.south && lat <= self.north
    }
}

/// The news of one tick: the event for viewers of everything, and its parts for those who see a part of the map.
#[derive(Debug)]
pub(crate) struct DeltaFrame {
    pub revision: u64,
    /// Vehicles whose names are known with it.
    pub named: usize,
    has_names: bool,
    /// The whole event.
    pub whole: Bytes,
    /// One per vehicle, with the place of its text in `whole`.
    rows: Vec<(VehicleRow, Range<u32>)>,
    /// Everything before the first vehicle.
    head: Range<usize>,
}

impl DeltaFrame {
    pub fn encode(session: &str, stamp: Stamp, changes: &Changes) -> Self {
        Self::encode_as("delta", session, stamp, changes)
    }

    /// The whole state of a part of the map is a delta from nothing, under another name.
    pub fn encode_as(event: &str, session: &str, stamp: Stamp, changes: &Changes) -> Self {
        let mut text = String::with_capacity(256 + changes.rows.len() * 48 + changes.names.len() * 24);
        write_head(&mut text, event, session, stamp, changes);
        let head = 0..text.len();
        let base_ms = stamp.as_of_ms.unwrap_or(0);
        let mut rows = Vec::with_capacity(changes.rows.len());
        for row in &changes.rows {
            if !rows.is_empty() {
                text.push(',');
            }
            let start = text.len() as u32;
            write_row(&mut text, base_ms, row);
            rows.push((*row, start..text.len() as u32));
        }
        text.push_str(TAIL);
        Self {
            revision: changes.revision,
            named: changes.named,
            has_names: !changes.names.is_empty(),
            whole: Bytes::from(text),
            rows,
            head,
        }
    }

    /// The event without vehicles.
    pub fn without_vehicles(&self) -> Bytes {
        Bytes::from([&self.whole[self.head.clone()], TAIL.as_bytes()].concat())
    }

    /// The event for a viewer of `area`. `inside` holds, by number, which vehicles that viewer sees: one that leaves
    /// is told once more. None when the viewer would learn nothing.
    pub fn within(&self, area: &Area, inside: &mut Vec<bool>) -> Option<Bytes> {
        let mut text = self.whole[self.head.clone()].to_vec();
        let mut count = 0;
        for (row, range) in &self.rows {
            let number = row.index as usize;
            if inside.len() <= number {
                inside.resize(number + 1, false);
            }
            let is_inside = area.contains(row.lat, row.lon);
            if !is_inside && !inside[number] {
                continue;
            }
            inside[number] = is_inside;
            if count > 0 {
                text.push(b',');
            }
            count += 1;
            text.extend_from_slice(&self.whole[range.start as usize..range.end as usize]);
        }
        text.extend_from_slice(TAIL.as_bytes());
        (count > 0 || self.has_names).then(|| Bytes::from(text))
    }
}

const TAIL: &str = "]}\n\n";

fn write_head(text: &mut String, event: &str, session: &str, stamp: Stamp, changes: &Changes) {
    let revision = changes.revision;
    let _ = write!(text, "event: {event}\nid: {session}.{revision}\ndata: {{\"session\":\"{session}\",");
    text.push_str("\"as_of\":");
    match stamp.as_of_ms {
        Some(ms) => push_int(text, ms),
        None => text.push_str("null"),
    }
    text.push_str(",\"server_time\":");
    push_int(text, stamp.server_ms);
    text.push_str(",\"names\":[");
    for (position, (index, id)) in changes.names.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push('[');
        push_int(text, i64::from(*index));
        text.push(',');
        text.push_str(&serde_json::Value::from(id.as_str()).to_string());
        text.push(']');
    }
    text.push_str("],\"vehicles\":[");
}

/// What is added to the state of a vehicle in private mode.
const PRIVATE: i64 = 8;

fn write_row(text: &mut String, base_ms: i64, row: &VehicleRow) {
    let heading = if row.heading.is_finite() { i64::from(row.heading.round() as i32 % 360) } else { -1 };
    let numbers = [
        i64::from(row.index),
        row.at_ms - base_ms,
        (row.lat * 1e6).round() as i64,
        (row.lon * 1e6).round() as i64,
        (f64::from(row.speed_kmph) * 10.0).round() as i64,
        heading,
        row.state as i64 + if row.is_private { PRIVATE } else { 0 },
    ];
    text.push('[');
    for (position, number) in numbers.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_int(text, number);
    }
    text.push(']');
}

fn push_int(text: &mut String, number: i64) {
    text.push_str(itoa::Buffer::new().format(number));
}

/// Alerts that began, changed or ended, oldest first; `reset` when they replace the whole feed.
pub(crate) fn alerts(stamp: Stamp, reset: bool, alerts: &[Arc<AlertView>]) -> Bytes {
    let views: Vec<&AlertView> = alerts.iter().map(AsRef::as_ref).collect();
    let data = serde_json::json!({
        "as_of": stamp.as_of_ms, "server_time": stamp.server_ms, "reset": reset, "alerts": views,
    });
    event("alerts", &data)
}

/// The key figures.
pub(crate) fn kpi(view: &FleetView) -> Bytes {
    event("kpi", view)
}

fn event(name: &str, data: &impl serde::Serialize) -> Bytes {
    let json = serde_json::to_string(data).expect("views hold texts, numbers and lists only");
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}
