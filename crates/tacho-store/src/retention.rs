//! How long each table keeps its rows: by ClickHouse's TTL, set at every start, without a rebuild.
//!
//! Ages count from arrival (log time, or when a row was stored), never from event time: imported history stays as long as
//! what happened today.

use crate::statement::{list, run};
use tacho_io::StoreError;

/// Days that the tables keep their rows; 0 keeps them for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Raw fixes.
    pub telemetry: u32,
    /// What came in beside telemetry: trip, driver and status messages, devices' alerts. Days are computed again from them
    /// and telemetry, so that they are kept for as long as telemetry at least.
    pub messages: u32,
    /// Dead letters.
    pub dead_letters: u32,
    /// The fixes around grave alerts and delivery visits.
    pub evidence: u32,
    /// Alerts.
    pub alerts: u32,
    /// Trips and their paths.
    pub trips: u32,
    /// Planned stops and what became of them.
    pub stop_visits: u32,
    /// Visits to geofences.
    pub geofence_events: u32,
    /// Penalties and scores of drivers.
    pub driver_scores: u32,
    /// Violations of hours of service, and what is left of drivers' hours.
    pub break_violations: u32,
    /// Refuellings.
    pub refuels: u32,
    /// Quarters of an hour of vehicles, and the days that are summed from them.
    pub vehicle_intervals: u32,
    /// Minutes of vehicles. A day is computed again only if its minutes say that all its telemetry is there, so that they
    /// are kept for as long as telemetry at least.
    pub vehicle_minutes: u32,
    /// Summaries of 20 s.
    pub trip_summaries: u32,
    /// Predicted arrivals.
    pub eta_predictions: u32,
    /// Vehicles by state, every 5 s.
    pub fleet_utilization: u32,
    /// Heat maps of positions, and what was driven in their cells.
    pub heat_cells: u32,
}

impl Default for Retention {
    fn default() -> Self {
        let years_3 = 3 * 365;
        Self {
            telemetry: 30,
            messages: 90,
            dead_letters: 90,
            evidence: years_3,
            alerts: years_3,
            trips: years_3,
            stop_visits: years_3,
            geofence_events: years_3,
            driver_scores: years_3,
            break_violations: years_3,
            refuels: years_3,
            vehicle_intervals: years_3,
            vehicle_minutes: 400,
            trip_summaries: 90,
            eta_predictions: 400,
            fleet_utilization: 400,
            heat_cells: 400,
        }
    }
}

/// Days by which what explains rows outlives them: expired rows are there until a merge, and partitions are months.
const LEEWAY: u32 = 62;

/// Commands that pass with what they are about: reviews stand over alerts and trips, and speed profiles are told anew. What
/// people say of vehicles, drivers and geofences is never too old.
const PASSING: &str = " WHERE type IN ('alert.acknowledge', 'alert.dismiss', 'trip.reassign', 'speed_profile.upsert')";

/// Log time.
const LOG_TIME: &str = "toDateTime(ingested_at)";
/// When the row was stored.
const STORED: &str = "stored_at";
/// Versions that are milliseconds since the epoch.
const WRITTEN: &str = "toDateTime(intDiv(version, 1000))";

/// What one table keeps.
struct Rule {
    table: &'static str,
    /// The expression of a row's arrival, as ClickHouse prints it.
    arrival: &'static str,
    /// 0: for ever.
    days: u32,
    /// Which rows go, with its WHERE; empty for all.
    of: &'static str,
}

impl Retention {
    /// The longest retention but for ever: ClickHouse's clock of expiry ends in 2106. More is taken as this.
    pub const DAYS_MAX: u32 = 20_000;

    /// Keeps everything.
    pub fn for_ever() -> Self {
        Self {
            telemetry: 0,
            messages: 0,
            dead_letters: 0,
            evidence: 0,
            alerts: 0,
            trips: 0,
            stop_visits: 0,
            geofence_events: 0,
            driver_scores: 0,
            break_violations: 0,
            refuels: 0,
            vehicle_intervals: 0,
            vehicle_minutes: 0,
            trip_summaries: 0,
            eta_predictions: 0,
            fleet_utilization: 0,
            heat_cells: 0,
        }
    }

    fn rules(&self) -> Vec<Rule> {
        let messages = longest(self.messages, self.telemetry);
        let reviews = and_then(and_then(longest(self.alerts, self.trips), self.telemetry), LEEWAY);
        let marks = and_then(self.telemetry, LEEWAY);
        let rule = |table, arrival, days| Rule { table, arrival, days, of: "" };
        vec![
            rule("telemetry", LOG_TIME, self.telemetry),
            rule("trip_events", LOG_TIME, messages),
            rule("vehicle_status", LOG_TIME, messages),
            rule("driver_events", LOG_TIME, messages),
            rule("device_alerts", LOG_TIME, messages),
            Rule { table: "commands", arrival: LOG_TIME, days: reviews, of: PASSING },
            rule("dead_letters", LOG_TIME, self.dead_letters),
            rule("dead_letter_replays", "toDateTime(at)", and_then(self.dead_letters, LEEWAY)),
            rule("evidence", WRITTEN, self.evidence),
            rule("alerts", STORED, self.alerts),
            rule("trips", STORED, self.trips),
            rule("trip_paths", STORED, self.trips),
            rule("stop_visits", STORED, self.stop_visits),
            rule("geofence_events", STORED, self.geofence_events),
            rule("driver_scores", STORED, self.driver_scores),
            rule("break_violations", STORED, self.break_violations),
            rule("hours_left", STORED, self.break_violations),
            rule("refuels", STORED, self.refuels),
            rule("vehicle_intervals", STORED, self.vehicle_intervals),
            rule("vehicle_day_sums", WRITTEN, self.vehicle_intervals),
            rule("vehicle_minutes", STORED, longest(self.vehicle_minutes, self.telemetry)),
            rule("trip_summaries", STORED, self.trip_summaries),
            rule("eta_predictions", STORED, self.eta_predictions),
            rule("fleet_utilization", STORED, self.fleet_utilization),
            rule("heat_cells", WRITTEN, self.heat_cells),
            rule("cell_speeds", WRITTEN, self.heat_cells),
            // A mark must go before the run that answers it, or its day would be due again.
            rule("recompute_marks", STORED, marks),
            rule("recompute_runs", "toDateTime(done_at)", and_then(marks, LEEWAY)),
        ]
    }
}

/// The longer of two retentions.
fn longest(days: u32, other: u32) -> u32 {
    if days == 0 || other == 0 { 0 } else { days.max(other) }
}

/// One retention behind another.
fn and_then(days: u32, other: u32) -> u32 {
    if days == 0 || other == 0 { 0 } else { days.saturating_add(other) }
}

/// Brings the retention of every table to the configured one.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub(crate) async fn set_retention(client: &clickhouse::Client, retention: &Retention) -> Result<(), StoreError> {
    let engines: Vec<(String, String)> =
        list(client, "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()").await?;
    for Rule { table, arrival, days, of } in retention.rules() {
        let Some((_, engine)) = engines.iter().find(|(name, _)| name == table) else { continue };
        let days = days.min(Retention::DAYS_MAX);
        let until = format!(" TTL {arrival} + toIntervalDay({days}){of}");
        match days {
            0 if engine.contains(" TTL ") => run(client, &format!("ALTER TABLE {table} REMOVE TTL")).await?,
            0 => {}
            _ if engine.contains(&until) => {}
            _ => run(client, &format!("ALTER TABLE {table} MODIFY{until}")).await?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(retention: &Retention, table: &str) -> u32 {
        retention.rules().iter().find(|rule| rule.table == table).map_or(0, |rule| rule.days)
    }

    #[test]
    fn what_days_are_computed_from_is_kept_for_as_long_as_telemetry() {
        let long = Retention { telemetry: 500, ..Retention::default() };
        assert_eq!(["trip_events", "vehicle_minutes"].map(|table| days(&long, table)), [500, 500]);
        let for_ever = Retention { telemetry: 0, ..Retention::default() };
        let tables = ["driver_events", "vehicle_minutes", "recompute_marks", "recompute_runs", "commands"];
        assert_eq!(tables.map(|table| days(&for_ever, table)), [0; 5]);
        assert_eq!(days(&for_ever, "alerts"), 1_095);
    }

    #[test]
    fn what_explains_rows_outlives_them() {
        let retention = Retention::default();
        assert!(days(&retention, "recompute_runs") > days(&retention, "recompute_marks"));
        assert!(days(&retention, "dead_letter_replays") > days(&retention, "dead_letters"));
        assert!(days(&retention, "commands") > days(&retention, "alerts").max(days(&retention, "trips")));
        let trips_for_ever = Retention { trips: 0, ..Retention::default() };
        assert_eq!(days(&trips_for_ever, "commands"), 0);
    }

    #[test]
    fn for_ever_is_for_ever() {
        assert!(Retention::for_ever().rules().iter().all(|rule| rule.days == 0));
    }
}
