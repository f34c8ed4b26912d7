//! What the engine found, as rows of a database.

use crate::truth::Truth;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A question to the store. Its rows come as one JSON object a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The table that it reads; where that is not there, nothing was found.
    pub table: &'static str,
    /// The text.
    pub sql: String,
}

/// The questions whose rows [`Found`] takes, by table. Only what lies in the run's time counts, so that a store may
/// hold other runs as well.
pub fn queries(truth: &Truth) -> Vec<Query> {
    let (start_ms, end_ms) = (truth.summary.start_ms - 1_000, truth.summary.end_ms + 60_000);
    let within = |column: &str| {
        format!("{column} BETWEEN fromUnixTimestamp64Milli({start_ms}) AND fromUnixTimestamp64Milli({end_ms})")
    };
    let ms = |column: &str| format!("toUnixTimestamp64Milli({column})");
    let alerts = format!(
        "SELECT alert_id, alert_type, vehicle_id, driver_id, geofence_id, {} AS ts_ms, {} AS ended_ms, {} AS raised_ms, \
         value FROM alerts FINAL WHERE source = 'engine' AND state != 'dismissed' AND ({} OR {}) ORDER BY ts, alert_id",
        ms("ts"),
        ms("ended_at"),
        ms("raised_at"),
        within("ts"),
        // What began before the run and was over in it: a vehicle that has been in the workshop since yesterday.
        within("ended_at")
    );
    let trips = format!(
        "SELECT trip_id, vehicle_id, origin, status, {} AS started_ms, {} AS ended_ms, distance_m FROM trips FINAL \
         WHERE {} ORDER BY started_at, trip_id",
        ms("started_at"),
        ms("ended_at"),
        within("started_at")
    );
    let visits = "SELECT * FROM stop_visits FINAL".to_owned();
    // When a damaged message came is log time, which an accelerated run compresses: all that came since it began.
    let dead = format!(
        "SELECT reason, count() AS records FROM dead_letters WHERE at >= fromUnixTimestamp64Milli({start_ms}) GROUP BY reason"
    );
    let anomalies = format!(
        "SELECT anomaly_type, vehicle_id, trip_id, other_trip_id, {} AS at_ms, value FROM v_anomalies_now WHERE {} \
         ORDER BY at, anomaly_type, trip_id, other_trip_id",
        ms("at"),
        within("at")
    );
    [
        ("alerts", alerts),
        ("trips", trips),
        ("stop_visits", visits),
        ("v_anomalies_now", anomalies),
        ("dead_letters", dead),
    ]
    .map(|(table, sql)| Query { table, sql })
    .to_vec()
}

/// An alert. Times in milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FoundAlert {
    /// Its id.
    pub alert_id: String,
    /// Its type.
    pub alert_type: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// The driver.
    pub driver_id: String,
    /// The geofence, or empty.
    pub geofence_id: String,
    /// Beginning.
    #[serde(deserialize_with = "whole")]
    pub ts_ms: i64,
    /// End; 0 while it lasts.
    #[serde(deserialize_with = "whole")]
    pub ended_ms: i64,
    /// When it was raised, log time.
    #[serde(deserialize_with = "whole")]
    pub raised_ms: i64,
}

/// A trip. Times in milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FoundTrip {
    /// Its id.
    pub trip_id: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// `declared`, `detected`.
    pub origin: String,
    /// `open`, `completed`, `cancelled`, `timed_out`.
    pub status: String,
    /// Beginning.
    #[serde(deserialize_with = "whole")]
    pub started_ms: i64,
    /// End, or the newest fix.
    #[serde(deserialize_with = "whole")]
    pub ended_ms: i64,
    /// Metres.
    pub distance_m: f64,
}

/// A trip that contradicts another one, or itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FoundAnomaly {
    /// Its type.
    pub anomaly_type: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// The trip.
    pub trip_id: String,
    /// The one that it contradicts, or empty.
    pub other_trip_id: String,
    /// Start of the trip, milliseconds since the epoch.
    #[serde(deserialize_with = "whole")]
    pub at_ms: i64,
    /// Seconds or metres, by type.
    pub value: f64,
}

/// A planned stop and what became of it. Times in milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundVisit {
    /// The trip.
    pub trip_id: String,
    /// The stop.
    pub stop_id: String,
    /// `planned`, `arrived`, `departed`, `skipped`, `removed`.
    pub status: String,
    /// `early`, `on_time`, `late`, `skipped`, or empty.
    pub punctuality: String,
    /// Its place among the visits, from 1; 0 without one.
    pub visit_order: u32,
    /// A stop that was planned later was visited before it.
    pub is_out_of_order: bool,
    /// Arrival; `None` if it was not visited.
    pub arrived_ms: Option<i64>,
    /// Departure.
    pub departed_ms: Option<i64>,
    /// Arrival behind its promise, seconds.
    pub lateness_s: Option<f64>,
    /// Until the window opened, seconds.
    pub waiting_s: Option<f64>,
    /// Service beyond the planned one, seconds.
    pub delay_s: Option<f64>,
    /// The outcome as it was declared, or empty.
    pub outcome: String,
}

/// What the engine found. `None`: there is no such table.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Alerts.
    pub alerts: Vec<FoundAlert>,
    /// Trips.
    pub trips: Vec<FoundTrip>,
    /// Visits to stops.
    pub visits: Option<Vec<FoundVisit>>,
    /// Trips that contradict each other.
    pub anomalies: Vec<FoundAnomaly>,
    /// Rejected records by reason.
    pub dead_letters: Vec<(String, u64)>,
}

/// A row that is not as its query says.
#[derive(Debug, thiserror::Error)]
#[error("a row of `{table}` is not as expected: {row}")]
pub struct RowError {
    table: String,
    row: String,
    #[source]
    source: serde_json::Error,
}

impl Found {
    /// Takes the rows of one of the [`queries`], one JSON object a line.
    ///
    /// # Errors
    /// When a row does not fit.
    pub fn take(&mut self, table: &str, rows: &str) -> Result<(), RowError> {
        for row in rows.lines().filter(|row| !row.trim().is_empty()) {
            self.take_row(table, row).map_err(|source| RowError { table: table.into(), row: row.into(), source })?;
        }
        if table == "stop_visits" {
            self.visits.get_or_insert_default();
        }
        Ok(())
    }

    fn take_row(&mut self, table: &str, row: &str) -> Result<(), serde_json::Error> {
        match table {
            "alerts" => self.alerts.push(serde_json::from_str(row)?),
            "trips" => self.trips.push(serde_json::from_str(row)?),
            "stop_visits" => self.visits.get_or_insert_default().push(visit_of(&serde_json::from_str(row)?)),
            "v_anomalies_now" => self.anomalies.push(serde_json::from_str(row)?),
            "dead_letters" => {
                let row: Value = serde_json::from_str(row)?;
                let reason = row["reason"].as_str().unwrap_or_default().to_owned();
                self.dead_letters.push((reason, number_of(&row["records"]).unwrap_or(0) as u64));
            }
            _ => {}
        }
        Ok(())
    }
}

/// A visit from a row of all columns.
fn visit_of(row: &Value) -> FoundVisit {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let time = |names: &[&str]| names.iter().find_map(|name| time_of(row.get(*name)?)).filter(|ms| *ms > 0);
    let number = |name: &str| row[name].as_f64().filter(|value| value.is_finite());
    FoundVisit {
        trip_id: text("trip_id"),
        stop_id: text("stop_id"),
        status: text("status"),
        punctuality: text("punctuality"),
        visit_order: number_of(&row["visit_order"]).unwrap_or(0) as u32,
        is_out_of_order: row["out_of_order"].as_bool().unwrap_or(false),
        lateness_s: number("lateness_s"),
        waiting_s: number("waiting_s"),
        delay_s: number("delay_s"),
        arrived_ms: time(&["arrived_at", "arrival"]),
        departed_ms: time(&["departed_at", "departure"]),
        outcome: text("outcome"),
    }
}

/// A time as ClickHouse writes it: `2026-01-15 12:00:00.000`.
fn time_of(value: &Value) -> Option<i64> {
    let text = value.as_str()?.replace(' ', "T");
    let text = if text.ends_with('Z') { text } else { format!("{text}Z") };
    Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}

fn number_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// ClickHouse may write 64-bit numbers as text.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(from)?;
    number_of(&value).ok_or_else(|| serde::de::Error::custom("not a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_with_numbers_as_numbers_or_as_text() {
        let mut found = Found::default();
        found
            .take("alerts", r#"{"alert_id":"a","alert_type":"sos","vehicle_id":"v","ts_ms":"7","ended_ms":0}"#)
            .unwrap();
        assert_eq!((found.alerts[0].ts_ms, found.alerts[0].ended_ms), (7, 0));
        found.take("stop_visits", r#"{"stop_id":"s","arrived_at":"1970-01-01 00:00:01.500"}"#).unwrap();
        assert_eq!(found.visits.as_ref().unwrap()[0].arrived_ms, Some(1_500));
        found.take("dead_letters", r#"{"reason":"not_json","records":"3"}"#).unwrap();
        assert_eq!(found.dead_letters, [("not_json".to_owned(), 3)]);
        let error = found.take("trips", r#"{"started_ms":"soon"}"#).unwrap_err().to_string();
        assert!(error.starts_with("a row of `trips` is not as expected"), "{error}");
    }
}
