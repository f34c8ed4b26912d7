//! Schema migrations: `sql/schema/NNN_name.sql`, applied in order, recorded, never changed afterwards.

use crate::{
    config::StoreConfig,
    error::store_error,
    fleet,
    reorder::Reorder,
    retention::{Retention, set_retention},
    statement::run,
};
use tacho_io::StoreError;

macro_rules! migrations {
    ($($file:literal),+ $(,)?) => {
        &[$(Migration { file: $file, text: include_str!(concat!("../../../sql/schema/", $file, ".sql")) }),+]
    };
}

/// The migrations, in order. Numbers ascend; they need not be neighbours.
const MIGRATIONS: &[Migration] = migrations![
    "001_facts_and_telemetry",
    "002_views",
    "012_recompute",
    "013_dead_letter_replays",
    "020_geofences",
    "030_health",
    "031_evidence",
    "040_driver_scores",
    "041_deliveries",
    "050_vehicle_intervals",
    "051_fleet",
    "052_anomalies",
    "112_withdrawn_views",
    "153_reassigned_views",
    "170_schedules_and_days",
    "171_delivery_marts",
    "190_eta_errors",
    "191_withdrawn_geofence_events",
    "192_withdrawn_stop_visits",
    "193_fault_codes_said",
    "194_by_day_and_vehicle",
    "195_promised_stops",
    "200_vehicle_rates",
    "201_trips_that_contradict",
    "202_coverage_of_vehicles",
    "203_private_positions",
    "206_cell_speeds",
    "210_retention",
    "211_visit_evidence",
    "212_trip_paths",
    "213_trip_eta_errors",
    "214_days_of_each_depot",
    "218_ways_of_cancelled_trips",
    "219_hours_left",
    "220_private_passes_again",
    "221_windows_of_withdrawn_visits",
];

struct Migration {
    /// Name of its file: number and name.
    file: &'static str,
    text: &'static str,
}

impl Migration {
    fn version(&self) -> u32 {
        self.file.split('_').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    fn name(&self) -> &'static str {
        self.file.split_once('_').map_or(self.file, |(_, name)| name)
    }
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A migration that was applied reads differently now.
    #[error("migration {version} ({name}) has changed since it was applied to this database; add a new one instead")]
    Changed {
        /// Its number.
        version: u32,
        /// Its name.
        name: String,
    },
    /// The database knows migrations that this program does not.
    #[error("the database is at migration {found}, this program knows {known}; use a newer program")]
    Newer {
        /// The database's newest.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A statement failed.
    #[error("migration {version} failed at: {statement}")]
    Statement {
        /// Its number.
        version: u32,
        /// The statement's beginning.
        statement: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the database if it is absent, applies the migrations that it lacks, and sets the configured retention of every table.
/// Safe to repeat. Returns the numbers of those applied now.
///
/// # Errors
/// As [`MigrateError`] says. A migration that failed half-way is applied again: its statements allow that.
pub async fn migrate(config: &StoreConfig) -> Result<Vec<u32>, MigrateError> {
    let database = format!("CREATE DATABASE IF NOT EXISTS `{}`", config.database.replace('`', ""));
    run(&config.server_client(), &database).await?;
    let client = config.client();
    run(
        &client,
        "CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String, checksum UInt64, applied_at \
         DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree ORDER BY version",
    )
    .await?;
    let applied: Vec<(u32, u64)> = client
        .query("SELECT DISTINCT version, checksum FROM schema_migrations ORDER BY version")
        .fetch_all()
        .await
        .map_err(|error| store_error(&error))?;
    let known = newest_known();
    if let Some(&(found, _)) = applied.last().filter(|(version, _)| *version > known) {
        return Err(MigrateError::Newer { found, known });
    }
    let mut done = Vec::new();
    for migration in MIGRATIONS {
        let checksum = checksum(migration.text);
        match applied.iter().find(|(version, _)| *version == migration.version()) {
            Some(&(_, recorded)) if recorded == checksum => continue,
            Some(_) => {
                return Err(MigrateError::Changed { version: migration.version(), name: migration.name().into() });
            }
            None => apply(&client, migration, config, checksum).await?,
        }
        done.push(migration.version());
    }
    set_retention(&client, &config.retention).await?;
    fleet::set_fleet(&client, &config.fleet).await?;
    Ok(done)
}

fn newest_known() -> u32 {
    MIGRATIONS.last().map_or(0, Migration::version)
}

/// Days of telemetry as a table is made; [`set_retention`] comes behind it.
fn telemetry_days(config: &StoreConfig) -> u32 {
    match config.retention.telemetry {
        0 => Retention::DAYS_MAX,
        days => days.min(Retention::DAYS_MAX),
    }
}

async fn apply(
    client: &clickhouse::Client,
    migration: &Migration,
    config: &StoreConfig,
    checksum: u64,
) -> Result<(), MigrateError> {
    let render = |statement: &str| render(statement, telemetry_days(config));
    for statement in statements(migration.text) {
        let applied = match Reorder::parse(&statement) {
            Some(reorder) => reorder.run(client, render).await,
            None => run(client, &render(&statement)).await,
        };
        applied.map_err(|source| MigrateError::Statement {
            version: migration.version(),
            statement: statement.chars().take(80).collect(),
            source,
        })?;
    }
    let record = format!(
        "INSERT INTO schema_migrations (version, name, checksum) VALUES ({}, '{}', {checksum})",
        migration.version(),
        migration.name()
    );
    Ok(run(client, &record).await?)
}

/// The statements of a file, without comment lines.
fn statements(text: &str) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    code.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

/// Fills the placeholders for one server. A cluster puts its own engines and `ON CLUSTER` there.
fn render(statement: &str, retention_telemetry_days: u32) -> String {
    statement
        .replace("{engine_replacing}", "ReplacingMergeTree(version)")
        .replace("{engine}", "MergeTree")
        .replace("{on_cluster}", "")
        .replace("{retention_telemetry_days}", &retention_telemetry_days.to_string())
}

/// FNV-1a: tells an edited file, nothing more.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_split_and_every_placeholder_is_filled() {
        let all: Vec<String> = MIGRATIONS.iter().flat_map(|migration| statements(migration.text)).collect();
        assert!(all.len() > 15);
        for statement in all {
            let statement = Reorder::parse(&statement).map_or(statement.clone(), |reorder| reorder.create());
            // Of views that are formed anew, nothing is lost.
            let may_repeat =
                ["CREATE ", "ALTER ", "DROP VIEW IF EXISTS "].iter().any(|word| statement.starts_with(word));
            assert!(may_repeat, "{statement}");
            let rendered = render(&statement, 30);
            // What is left are parameters of views.
            assert!(!rendered.replace("{days:UInt32}", "").contains(['{', '}']), "{rendered}");
        }
    }

    #[test]
    fn the_numbers_of_migrations_ascend() {
        assert!(MIGRATIONS.is_sorted_by(|a, b| a.version() < b.version()));
    }

    #[test]
    fn every_table_of_the_pipeline_has_its_migration() {
        for table in tacho_io::Table::ALL {
            let create = format!("CREATE TABLE IF NOT EXISTS {} ", table.name());
            assert!(MIGRATIONS.iter().any(|migration| migration.text.contains(&create)), "{}", table.name());
        }
    }
}
