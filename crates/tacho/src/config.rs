//! Configuration: `tacho.toml`, then `TACHO_SECTION__KEY`, then flags. What is not said has the default given here.
//!
//! `config/example.toml` and `docs/configuration.md` are rendered from these types; a test fails when they are stale.

use crate::thresholds::{self, Deliveries, Geofences, HarshDriving, Health, Hours, Score};
use anyhow::{Context, Result, anyhow, bail};
use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format, Serialized, Toml},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tacho_store::FleetSchedule;

mod retention;

pub use retention::Retention;

/// The configuration file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where data lies.
    pub data: Data,
    /// Kafka: the listener of the embedded log (`up`, `log`), and the brokers that other commands talk to.
    pub kafka: Kafka,
    /// The HTTP listener: dashboard and API.
    pub http: Http,
    /// Topics.
    pub topics: Topics,
    /// The embedded log.
    pub log: Log,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The store: embedded ClickHouse, or a server.
    pub store: Store,
    /// Days that each table of the store keeps its rows, counted from their arrival; 0 keeps them for ever. A change takes effect at the next start.
    pub retention: Retention,
    /// Thresholds of trips, limits, idling and silence.
    pub analytics: Analytics,
    /// Harsh driving and crashes.
    pub harsh: HarshDriving,
    /// The driver's score of 0 to 100.
    pub score: Score,
    /// Drivers' hours.
    pub hours: Hours,
    /// Geofences.
    pub geofences: Geofences,
    /// Planned rounds.
    pub deliveries: Deliveries,
    /// Vehicles' health.
    pub health: Health,
    /// What the reports of the fleet are computed with.
    pub fleet: Fleet,
}

/// Where data lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// Folder of the log, the journal, the snapshots and the embedded store.
    pub dir: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: PathBuf::from("data") }
    }
}

/// Kafka: the listener of the embedded log (`up`, `log`), and the brokers that other commands talk to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// Address that the embedded log listens on. Port 0 takes a free one.
    pub listen: String,
    /// Bootstrap servers of `run`, as `host:port`, separated by commas.
    pub brokers: String,
    /// Encrypt connections to brokers.
    pub tls: bool,
    /// Certificates of the authorities to trust (PEM); empty for the system's.
    pub tls_ca_file: PathBuf,
    /// The client's own certificate (PEM), for mutual TLS; empty for none.
    pub tls_certificate_file: PathBuf,
    /// Key of that certificate (PEM).
    pub tls_key_file: PathBuf,
    /// File that holds the password of that key; empty for none, or for the environment variable
    /// `TACHO_KAFKA_TLS_KEY_PASSWORD`.
    pub tls_key_password_file: PathBuf,
    /// How to log in to brokers: `none`, `plain`, `scram-sha-256` or `scram-sha-512`.
    pub sasl_mechanism: SaslMechanism,
    /// User name of SASL.
    pub sasl_username: String,
    /// File that holds the password of that user; empty for the environment variable `TACHO_KAFKA_SASL_PASSWORD`.
    pub sasl_password_file: PathBuf,
    /// Replicas of the topics that are created; 0 for the brokers' default.
    pub replication: u16,
    /// Longest output record, in bytes. `max.message.bytes` of the output topics must not be less.
    pub record_bytes_max: u32,
    /// Seconds that `run` waits at its start for brokers and store before it gives up with exit code 3; 0 waits for
    /// ever. Once it runs, it always waits.
    pub start_patience_s: u64,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9092".into(),
            brokers: "localhost:9092".into(),
            tls: false,
            tls_ca_file: PathBuf::new(),
            tls_certificate_file: PathBuf::new(),
            tls_key_file: PathBuf::new(),
            tls_key_password_file: PathBuf::new(),
            sasl_mechanism: SaslMechanism::None,
            sasl_username: String::new(),
            sasl_password_file: PathBuf::new(),
            replication: 0,
            record_bytes_max: 1_000_000,
            start_patience_s: 60,
        }
    }
}

/// How to log in to brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SaslMechanism {
    /// Not at all.
    None,
    /// With the password as it is.
    Plain,
    /// By challenge and response.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// The same with the longer hash.
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
}

/// The HTTP listener: dashboard and API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address to listen on. Port 0 takes a free one. Only loopback addresses are accepted: there is no
    /// authentication yet.
    pub listen: String,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into() }
    }
}

/// Topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Topics {
    /// What every topic's name begins with.
    pub prefix: String,
    /// Partitions of `telemetry.raw`.
    pub telemetry_partitions: i32,
    /// Partitions of `trip.events`.
    pub trip_events_partitions: i32,
    /// Partitions of `vehicle.status`.
    pub vehicle_status_partitions: i32,
    /// Partitions of `events.driver`.
    pub driver_events_partitions: i32,
    /// Partitions of `alerts.outbound`.
    pub alerts_partitions: i32,
    /// Partitions of every topic that only tacho writes to.
    pub output_partitions: i32,
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            prefix: "fleet.prod".into(),
            telemetry_partitions: 12,
            trip_events_partitions: 6,
            vehicle_status_partitions: 6,
            driver_events_partitions: 3,
            alerts_partitions: 3,
            output_partitions: 3,
        }
    }
}

/// When an acknowledged record survives a power cut (it always survives a crash of the process).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fsync {
    /// At the latest `fsync_interval_ms` after its acknowledgement.
    Interval,
    /// Before its acknowledgement.
    Always,
}

/// The embedded log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// When records are forced to disk: `interval` or `always` (before each acknowledgement).
    pub fsync: Fsync,
    /// Interval of `fsync = "interval"`, in milliseconds.
    pub fsync_interval_ms: u64,
    /// Size at which a segment is closed and a new one begins, in bytes.
    pub segment_bytes: u64,
    /// How long records are kept, in hours.
    pub retention_hours: u64,
    /// How much of a partition is kept, in bytes; 0 means no limit.
    pub retention_bytes: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            fsync: Fsync::Interval,
            fsync_interval_ms: 500,
            segment_bytes: 128 << 20,
            retention_hours: 168,
            retention_bytes: 0,
        }
    }
}

/// The pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// Threads that run the engine; 0 takes one per core, at most 8.
    pub shards: u16,
    /// Length of an epoch, in milliseconds.
    pub epoch_ms: u64,
    /// Oldest event time that is accepted, in days before it came into the log; 0 accepts any.
    pub max_age_days: u32,
    /// Time between two snapshot rounds, in seconds.
    pub snapshot_interval_s: u64,
    /// When the log has removed records before they were read: `stop` and say which, or `skip` them with a log line
    /// and a count in `tacho_lost_records_total`.
    pub lost_records: LostRecords,
}

/// What to do about records that the log removed before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LostRecords {
    /// Stop.
    Stop,
    /// Go on behind them.
    Skip,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self { shards: 0, epoch_ms: 100, max_age_days: 30, snapshot_interval_s: 30, lost_records: LostRecords::Stop }
    }
}

/// The store: embedded ClickHouse, or a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// URL of a ClickHouse server, as `http://host:8123`; empty for the embedded store.
    pub url: String,
    /// Database.
    pub database: String,
    /// User of the server.
    pub user: String,
    /// File that holds the password of that user; empty for none, or for the environment variable
    /// `TACHO_STORE_PASSWORD`.
    pub password_file: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self { url: String::new(), database: "tacho".into(), user: "default".into(), password_file: PathBuf::new() }
    }
}

/// What the reports of the fleet are computed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fleet {
    /// Time zone of the depot, as `Europe/Berlin`: days and hours of the day are those of it.
    pub time_zone: String,
    /// Hours a day that a vehicle is scheduled for; its rate is measured against them, less those that it was down.
    pub scheduled_hours_per_day: f64,
    /// A vehicle is under-utilized below this share of the median rate of its class over 7 days.
    pub under_utilized_share: f64,
    /// Litres that an engine burns in an hour of idling.
    pub idle_litres_per_hour: f64,
    /// Price of a litre, in your currency.
    pub fuel_price: f64,
    /// Time zones and scheduled hours of groups (depots), classes or vehicles that differ from the fleet's, as
    /// `group=north; time_zone=America/New_York; hours=8,8,8,8,8,0,0` (Monday to Sunday, or one number).
    pub schedules: Vec<String>,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            time_zone: "UTC".into(),
            scheduled_hours_per_day: 24.0,
            under_utilized_share: 0.3,
            idle_litres_per_hour: 2.0,
            fuel_price: 1.5,
            schedules: Vec::new(),
        }
    }
}

/// Thresholds of trips, limits, idling and silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Analytics {
    /// Speed in km/h at or under which a vehicle stands, within 1..=15. On recordings of people who deliver on
    /// foot the default tells standing from driving with F1 0.920, if the speed is the mean of 20 s.
    pub still_kmph: f32,
    /// Speed limit where none is known, in km/h.
    pub default_limit_kmph: f32,
    /// Speed over a known limit that is tolerated, in km/h.
    pub limit_tolerance_kmph: f32,
    /// Seconds over the limit before an overspeed alert begins.
    pub overspeed_min_s: u32,
    /// Seconds after which a closed alert no longer reopens.
    pub merge_gap_s: u32,
    /// Minutes of idling before an idling alert begins.
    pub idling_min: u32,
    /// Minutes of idling that are worse.
    pub idling_long_min: u32,
    /// Whether a stop on a trip with an unknown engine counts as idling, without alert or score.
    pub idling_without_ignition: bool,
    /// Radius in metres inside which a parked vehicle's movement is jitter.
    pub parked_radius_m: f64,
    /// Distance in metres from where it parked at which a detected trip starts.
    pub trip_start_m: f64,
    /// Seconds that a vehicle with an unknown engine stands still before its detected trip ends.
    pub trip_end_still_s: u32,
    /// Seconds with the ignition off that end a detected trip.
    pub trip_end_ignition_off_s: u32,
    /// Seconds that a vehicle stands with the engine on before its detected trip ends: a jam is shorter.
    pub trip_end_engine_on_s: u32,
    /// Seconds of a gap that ends a detected trip, if the vehicle is where it was.
    pub trip_gap_still_s: u32,
    /// Seconds of a gap that ends a detected trip wherever the vehicle is; silence of that length times it out.
    pub trip_gap_long_s: u32,
    /// Shorter detected trips are dropped, in metres.
    pub trip_min_m: f64,
    /// Briefer detected trips are dropped, in seconds.
    pub trip_min_s: u32,
    /// Minutes of silence on a trip, or with the engine on, after which a vehicle is offline.
    pub offline_after_min: u32,
    /// Hours of silence after which a parked vehicle is offline: trackers of parked vehicles sleep.
    pub parked_silence_max_h: u32,
    /// Hours offline while in use, or down, after which a vehicle is reported as out of use.
    pub downtime_h: u32,
    /// Minutes after its event for which an alert is worth paging somebody; later it is stale. Never for SOS and crash.
    pub stale_after_min: u32,
    /// The same for some types of alerts, as `idling=60`.
    pub stale_after_min_by_type: Vec<String>,
}

impl Default for Analytics {
    fn default() -> Self {
        Self {
            still_kmph: 5.0,
            default_limit_kmph: 80.0,
            limit_tolerance_kmph: 3.0,
            overspeed_min_s: 5,
            merge_gap_s: 5,
            idling_min: 5,
            idling_long_min: 15,
            idling_without_ignition: false,
            parked_radius_m: 30.0,
            trip_start_m: 200.0,
            trip_end_still_s: 300,
            trip_end_ignition_off_s: 60,
            trip_end_engine_on_s: 1_800,
            trip_gap_still_s: 120,
            trip_gap_long_s: 3_600,
            trip_min_m: 200.0,
            trip_min_s: 60,
            offline_after_min: 10,
            parked_silence_max_h: 24,
            downtime_h: 24,
            stale_after_min: 10,
            stale_after_min_by_type: Vec::new(),
        }
    }
}

/// Reads the configuration: `file` (or `tacho.toml` in the working folder, if there is one), then the environment.
///
/// # Errors
/// A file that does not exist or parse, an unknown key (the nearest known one is named), a value of the wrong type.
pub fn load(file: Option<&Path>) -> Result<Config> {
    let file = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
            Toml::string(&text)
        }
        None => Toml::file("tacho.toml"),
    };
    let env = Env::prefixed("TACHO_").filter(|key| key.as_str().contains("__")).split("__");
    checked(Figment::from(Serialized::defaults(Config::default())).merge(file).merge(env))
}

/// Reads the text of a configuration file alone.
#[cfg(any(test, fuzzing))]
pub fn parse(text: &str) -> Result<Config> {
    checked(Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(text)))
}

fn checked(figment: Figment) -> Result<Config> {
    let config: Config = figment.extract().map_err(|error| explain(&error))?;
    check(&config)?;
    Ok(config)
}

/// Turns figment's error into one that says what to do.
fn explain(error: &figment::Error) -> anyhow::Error {
    let place = error.path.join(".");
    let source = error.metadata.as_ref().map(|found| format!(" (in {})", found.name)).unwrap_or_default();
    match &error.kind {
        Kind::UnknownField(key, known) => {
            let nearest =
                known.iter().max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
            let hint = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
            let section = if place.is_empty() { String::new() } else { format!(" in [{place}]") };
            anyhow!("configuration: unknown key `{key}`{section}{source}{hint}")
        }
        kind => anyhow!("configuration: `{place}`{source}: {kind}"),
    }
}

/// What types cannot say.
///
/// # Errors
/// A value that makes no sense, or not together with another.
pub fn check(config: &Config) -> Result<()> {
    let partitions = &config.topics;
    for (key, count) in [
        ("telemetry_partitions", partitions.telemetry_partitions),
        ("trip_events_partitions", partitions.trip_events_partitions),
        ("vehicle_status_partitions", partitions.vehicle_status_partitions),
        ("driver_events_partitions", partitions.driver_events_partitions),
        ("alerts_partitions", partitions.alerts_partitions),
        ("output_partitions", partitions.output_partitions),
    ] {
        if !(1..=1024).contains(&count) {
            bail!("configuration: topics.{key} is {count}; it must lie within 1..=1024");
        }
    }
    if config.pipeline.shards > 128 {
        bail!("configuration: pipeline.shards is {}; at most 128 (the number of key groups)", config.pipeline.shards);
    }
    if !(5..=10_000).contains(&config.pipeline.epoch_ms) {
        bail!("configuration: pipeline.epoch_ms is {}; it must lie within 5..=10000", config.pipeline.epoch_ms);
    }
    check_kafka(&config.kafka)?;
    check_fleet(&config.fleet)?;
    thresholds::check(config)?;
    let url = &config.store.url;
    if url.split_once("//").is_some_and(|(_, rest)| rest.split('/').next().is_some_and(|host| host.contains('@'))) {
        bail!("configuration: store.url holds a user or password; use store.user and store.password_file");
    }
    if url.starts_with("https:") {
        bail!("configuration: store.url: https is not supported yet; use http in a trusted network or through a proxy");
    }
    Ok(())
}

fn check_fleet(fleet: &Fleet) -> Result<()> {
    if jiff::tz::TimeZone::get(&fleet.time_zone).is_err() {
        bail!("configuration: fleet.time_zone is \"{}\", no name of a time zone", fleet.time_zone);
    }
    for text in &fleet.schedules {
        let schedule = FleetSchedule::parse(text).with_context(|| format!("configuration: fleet.schedules: {text}"))?;
        let zone = &schedule.time_zone;
        if !zone.is_empty() && jiff::tz::TimeZone::get(zone).is_err() {
            bail!("configuration: fleet.schedules has the time zone \"{zone}\", no name of one");
        }
    }
    for (key, value, max) in [
        ("scheduled_hours_per_day", fleet.scheduled_hours_per_day, 24.0),
        ("under_utilized_share", fleet.under_utilized_share, 1.0),
        ("idle_litres_per_hour", fleet.idle_litres_per_hour, 1_000.0),
        ("fuel_price", fleet.fuel_price, 1_000_000.0),
    ] {
        if !(0.0..=max).contains(&value) {
            bail!("configuration: fleet.{key} is {value}; it must lie within 0..={max}");
        }
    }
    Ok(())
}

fn check_kafka(kafka: &Kafka) -> Result<()> {
    if !(100_000..=100_000_000).contains(&kafka.record_bytes_max) {
        bail!(
            "configuration: kafka.record_bytes_max is {}; it must lie within 100000..=100000000 (a dead letter may have \
             90,000 bytes)",
            kafka.record_bytes_max
        );
    }
    let has = |path: &Path| !path.as_os_str().is_empty();
    if has(&kafka.tls_certificate_file) != has(&kafka.tls_key_file) {
        bail!("configuration: kafka.tls_certificate_file and kafka.tls_key_file need each other");
    }
    if !kafka.tls && (has(&kafka.tls_ca_file) || has(&kafka.tls_certificate_file)) {
        bail!("configuration: kafka.tls_*_file is set, but kafka.tls is false");
    }
    let has_user = !kafka.sasl_username.is_empty();
    if (kafka.sasl_mechanism != SaslMechanism::None) != has_user {
        bail!("configuration: kafka.sasl_mechanism and kafka.sasl_username need each other");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(parse("").expect("valid"), Config::default());
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let error = parse("[topics]\nprefx = 'x'").expect_err("refused").to_string();
        assert!(error.contains("`prefx`") && error.contains("did you mean `prefix`?"), "{error}");
    }

    #[test]
    fn tls_and_sasl_settings_that_do_not_fit_together_are_refused() {
        for (text, expected) in [
            ("tls = true\ntls_certificate_file = 'c.pem'", "need each other"),
            ("tls_ca_file = 'ca.pem'", "kafka.tls is false"),
            ("sasl_mechanism = 'plain'", "need each other"),
            ("sasl_username = 'fleet'", "need each other"),
            ("sasl_mechanism = 'gssapi'", "kafka.sasl_mechanism"),
            ("record_bytes_max = 5", "100000..=100000000"),
        ] {
            let error = parse(&format!("[kafka]\n{text}")).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let full = parse("[kafka]\ntls = true\nsasl_mechanism = 'scram-sha-512'\nsasl_username = 'fleet'");
        assert_eq!(full.expect("valid").kafka.sasl_mechanism, SaslMechanism::ScramSha512);
    }

    #[test]
    fn a_password_in_a_url_is_refused_without_being_repeated() {
        let error = parse("[store]\nurl = 'http://me:s3cret@host:8123'").expect_err("refused").to_string();
        assert!(error.contains("store.password_file") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn a_wrong_type_and_a_value_out_of_range_are_refused_with_their_place() {
        let error = parse("[pipeline]\nepoch_ms = 'often'").expect_err("refused").to_string();
        assert!(error.contains("pipeline.epoch_ms"), "{error}");
        let error = parse("[pipeline]\nepoch_ms = 1").expect_err("refused").to_string();
        assert!(error.contains("5..=10000"), "{error}");
    }
}
