//! The named queries of `sql/queries`: one panel each, read by the server, by BI and by tests alike.

use std::sync::LazyLock;

/// A named query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedQuery {
    /// Its name: that of its file.
    pub name: &'static str,
    /// What it shows: the comment at its top.
    pub description: String,
    /// Its parameters, in order of first use.
    pub params: Vec<QueryParam>,
    /// Its text.
    pub sql: &'static str,
}

/// A parameter of a named query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryParam {
    /// Its name.
    pub name: String,
    /// Its ClickHouse type, such as `String` or `UInt32`.
    pub kind: String,
}

macro_rules! queries {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../sql/queries/", $name, ".sql"))),)+]
    };
}

static QUERIES: LazyLock<Vec<NamedQuery>> = LazyLock::new(|| {
    queries![
        "alerts_by_type_and_hour",
        "alerts_open_by_severity",
        "alerts_page",
        "alerts_recent",
        "bottlenecks_by_cell",
        "bottlenecks_by_stop",
        "break_violations_recent",
        "cell_speeds",
        "coverage_by_vehicle",
        "dead_letters_by_reason",
        "dead_letters_page",
        "dead_letters_summary",
        "deliveries_on_time",
        "deliveries_sla",
        "downtime",
        "driver_coaching",
        "driver_events_per_100km",
        "driver_penalty_recent",
        "driver_ranking",
        "driver_score_trend",
        "eta_accuracy",
        "evidence_of_alert",
        "evidence_of_visit",
        "faults_open",
        "fleet_utilization_recent",
        "fuel_consumption",
        "geofence_visits",
        "heat_alerts",
        "heat_delays",
        "heat_positions",
        "hours_of_service",
        "idle_cost",
        "maintenance_plan",
        "refuels_recent",
        "stops_at_risk",
        "stops_of_day",
        "store_parts",
        "trip_alerts",
        "trip_anomalies",
        "trip_eta",
        "trip_line",
        "trip_path",
        "trip_stops",
        "trips_page",
        "trips_recent",
        "under_utilized",
        "utilization_by_class",
        "utilization_by_day",
        "utilization_by_hour",
        "utilization_by_vehicle",
        "vehicle_detail",
        "vehicle_health_history",
        "vehicle_speed_history",
    ]
    .into_iter()
    .map(|(name, sql)| NamedQuery::parse(name, sql))
    .collect()
});

impl NamedQuery {
    /// All named queries, by name.
    pub fn all() -> &'static [NamedQuery] {
        &QUERIES
    }

    /// The query of that name.
    pub fn get(name: &str) -> Option<&'static NamedQuery> {
        QUERIES.iter().find(|query| query.name == name)
    }

    fn parse(name: &'static str, sql: &'static str) -> Self {
        let comment = sql.lines().map_while(|line| line.strip_prefix("--"));
        let description = comment.map(str::trim).collect::<Vec<_>>().join(" ");
        let mut params: Vec<QueryParam> = Vec::new();
        for piece in sql.split('{').skip(1) {
            let Some((name, kind)) = piece.split('}').next().and_then(|param| param.split_once(':')) else { continue };
            if !params.iter().any(|param| param.name == name) {
                params.push(QueryParam { name: name.trim().into(), kind: kind.trim().into() });
            }
        }
        Self { name, description, params, sql }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_tells_what_it_shows_and_bounds_its_rows() {
        for query in NamedQuery::all() {
            assert!(query.description.len() > 20, "{}", query.name);
            assert!(query.params.iter().any(|param| param.name == "limit"), "{}", query.name);
        }
    }

    #[test]
    fn parameters_are_found_with_their_types() {
        let query = NamedQuery::parse("q", "-- What.\nSELECT {a:String}, {b:UInt32}, {a:String}");
        let param = |name: &str, kind: &str| QueryParam { name: name.into(), kind: kind.into() };
        assert_eq!(query.params, [param("a", "String"), param("b", "UInt32")]);
        assert_eq!(query.description, "What.");
    }
}
