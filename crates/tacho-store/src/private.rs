//! Takes out what was stored of private time before its command came (`private.start`): fixes, the places of facts, and the
//! facts that tell a place by being there. What comes later has no position any more when it leaves the engine.
//!
//! Every step looks for what is left to take out, and may be made again; the fixes go last, since they tell whether paths and
//! heat maps have to be looked at. A command is noted when all is done.
//!
//! A recompute may have read positions before they were taken out, and write what it found behind that. So where there were
//! any, the private time is looked through once more when a run of its days was noted since its last pass began: a run is noted
//! behind all that it writes, and one that a crash cut off is made again, and noted then.

use crate::{
    heat, paths,
    statement::{DONE, ask, list, quoted, run},
};
use clickhouse::Client;
use std::time::Duration;
use tacho_io::StoreError;

/// How often a pass is worth its while.
pub const INTERVAL: Duration = Duration::from_secs(15);

/// Commands of one pass; what is left over comes with the next.
const TIMES_MAX: usize = 100;

/// `lat_e7` and `lon_e7` of a fix whose position is not told, see `203_private_positions.sql`.
pub(crate) const UNTOLD_E7: i32 = i32::MIN;

/// What a step does with the rows that it finds.
#[derive(Clone, Copy)]
enum What {
    Update(&'static str),
    Delete,
}

/// A table, the rows that say where the vehicle was in its private time (`$vehicle`, `$from`, `$to`), and what is done with
/// them. A column of a sorting key is never changed.
type Step<'a> = (&'a str, &'a str, What);

/// Free texts and positions of what came in beside telemetry; facts.
const STEPS: [Step<'static>; 15] = [
    (
        "trip_events",
        "timestamp $within AND (isFinite(lat) OR extra != '')",
        What::Update("lat = nan, lon = nan, extra = ''"),
    ),
    ("vehicle_status", "timestamp $within AND extra != ''", What::Update("extra = ''")),
    ("driver_events", "timestamp $within AND extra != ''", What::Update("extra = ''")),
    (
        "device_alerts",
        "timestamp $within AND alert_type NOT IN ('sos', 'crash') AND (details != '' OR extra != '')",
        What::Update("details = '', extra = ''"),
    ),
    ("alerts", "ts $within AND alert_type IN ('geofence_enter', 'geofence_exit', 'geofence_violation')", What::Delete),
    (
        "alerts",
        "ts $within AND alert_type NOT IN ('sos', 'crash') AND (isFinite(lat) OR geofence_id != '')",
        What::Update(
            "lat = nan, lon = nan, geofence_id = '', details = multiIf(source != 'device', details, alert_type = 'device', splitByString(': ', details)[1], '')",
        ),
    ),
    // A stay that was seen to end in private time ends with its beginning.
    (
        "alerts",
        "ended_at $within AND ended_at > $from AND alert_type IN ('geofence_enter', 'geofence_violation')",
        What::Update(
            "ended_at = $from, value = dateDiff('millisecond', ts, $from) / 1000, \
             details = replaceRegexpOne(details, ' for [0-9]+ s', '')",
        ),
    ),
    ("geofence_events", "ts $within AND NOT (event_type = 'exit' AND reason = 'private')", What::Delete),
    (
        "geofence_events",
        "ended_at $within AND ended_at > $from AND event_type = 'dwell'",
        What::Update("ended_at = $from, duration_s = dateDiff('millisecond', ts, $from) / 1000"),
    ),
    (
        "stop_visits",
        "arrived_at $within",
        What::Update(
            "status = 'planned', visit_order = 0, arrived_at = toDateTime64(0, 3, 'UTC'), service_start = toDateTime64(0, 3, \
             'UTC'), departed_at = toDateTime64(0, 3, 'UTC'), dwell_s = nan, waiting_s = nan, delay_s = nan, lateness_s = nan, \
             punctuality = '', out_of_order = false",
        ),
    ),
    ("eta_predictions", "made_at $within", What::Delete),
    ("refuels", "started_at $within AND isFinite(lat)", What::Update("lat = nan, lon = nan")),
    (
        "evidence",
        "timestamp $within AND isFinite(lat)",
        What::Update("lat = nan, lon = nan, heading = nan, accel_lat_ms2 = nan, speed_limit_kmph = nan"),
    ),
    ("trips", "started_at $within AND isFinite(start_lat)", What::Update("start_lat = nan, start_lon = nan")),
    ("trips", "ended_at $within AND isFinite(end_lat)", What::Update("end_lat = nan, end_lon = nan")),
];

/// Trips that have been in private time.
const TRIPS: &str = "started_at < $to AND ended_at >= $from";

/// The step that is taken only where fixes of private time are stored with their positions, and of what a recompute may have
/// written. Points of a path know no time: of a trip that has been there none is left. Its refined path is made of its other
/// fixes.
const PATHS: Step<'static> =
    ("trips", "started_at < $to AND ended_at >= $from AND notEmpty(path)", What::Update("path = []"));

const FIXES: &str = "timestamp $within AND lat_e7 != -2147483648";

/// As `TelemetryBatch::hide_position`.
const HIDE_FIXES: &str = "lat_e7 = -2147483648, lon_e7 = -2147483648, heading = nan, altitude_m = nan, accel_lat_ms2 = nan, \
    speed_limit_kmph = nan, extra = ''";

/// Private time of a vehicle by one command.
#[derive(Debug, Clone, PartialEq, Eq, clickhouse::Row, serde::Deserialize)]
pub struct PrivateTime {
    vehicle_id: String,
    from_ms: i64,
    to_ms: i64,
    partition: i32,
    offset: i64,
    /// When the last pass over it that ended began; 0: there was none.
    passed_ms: i64,
    /// Fixes that a pass has taken out.
    taken_count: u64,
}

/// A recompute of a day changes what happened so long before or behind the day at most, days: trips that reach into it.
const RUN_REACHES_DAYS: u32 = 3;

/// The private times that have not been looked through since something may have been written of them, oldest first. What was
/// stored before their commands came is there for certain only once everything that the pipeline had run by now is stored.
///
/// # Errors
/// As [`StoreError`] says.
pub async fn due(client: &Client) -> Result<Vec<PrivateTime>, StoreError> {
    let times = format!(
        "SELECT t.vehicle_id AS vehicle_id, toUnixTimestamp64Milli(t.from_at) AS from_ms, toUnixTimestamp64Milli(t.to_at) AS to_ms, \
         t.partition AS partition, t.offset AS offset, toUnixTimestamp64Milli(p.begun_at) AS passed_ms, p.fix_count AS taken_count \
         FROM (SELECT toString(vehicle_id) AS vehicle_id, from_at, to_at, partition, offset FROM v_private_times) AS t \
         LEFT JOIN (SELECT vehicle_id, from_at, partition, offset, max(begun_at) AS begun_at, max(fix_count) AS fix_count \
         FROM private_passes GROUP BY vehicle_id, from_at, partition, offset) AS p \
         USING (vehicle_id, from_at, partition, offset) \
         LEFT JOIN (SELECT vehicle_id, groupArray((day, noted_at)) AS runs FROM recompute_runs FINAL \
         WHERE vehicle_id IN (SELECT vehicle_id FROM private_passes WHERE fix_count > 0) GROUP BY vehicle_id) AS r \
         USING (vehicle_id) WHERE passed_ms = 0 OR (p.fix_count > 0 AND arrayExists(run -> run.2 >= p.begun_at AND \
         run.1 - INTERVAL {RUN_REACHES_DAYS} DAY < t.to_at AND run.1 + INTERVAL {RUN_REACHES_DAYS} DAY > t.from_at, r.runs)) \
         ORDER BY t.from_at, t.vehicle_id, t.partition, t.offset LIMIT {TIMES_MAX}"
    );
    list(client, &times).await
}

/// Takes out what is stored of a private time. `now_ms`, milliseconds since the epoch, is the version of heat maps that are
/// counted again. Nobody else may count them, nor copy evidence, meanwhile.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub async fn take_out(client: &Client, time: &PrivateTime, now_ms: i64) -> Result<(), StoreError> {
    let begun_ms: i64 = ask(client, "SELECT toUnixTimestamp64Milli(now64(3))").await?;
    for step in &STEPS {
        time.take(client, step).await?;
    }
    let fixes = time.filled(FIXES);
    let count: u64 = ask(client, &format!("SELECT count() FROM telemetry WHERE {fixes}")).await?;
    if count > 0 {
        // Whoever makes this pass again finds no fixes any more, but has to know that there were some.
        run(client, &time.note(0, count)).await?;
        // Refined ones may be there of trips that have been told without a path since. They are made anew of what is left.
        let trips = format!("SELECT trip_id FROM trips WHERE {}", time.filled(TRIPS));
        run(client, &format!("ALTER TABLE trip_paths DELETE WHERE trip_id IN ({trips}) {DONE}")).await?;
        paths::refine_without(client, &trips, (time.from_ms, time.to_ms)).await?;
        time.take(client, &PATHS).await?;
        heat::count_again(client, &fixes, now_ms).await?;
        run(client, &format!("ALTER TABLE telemetry UPDATE {HIDE_FIXES} WHERE {fixes} {DONE}")).await?;
        let vehicle = &time.vehicle_id;
        tracing::info!(%vehicle, fixes = count, "private mode came late: stored positions were taken out");
    } else if time.taken_count > 0 {
        let (table, rows, what) = PATHS;
        let rows = format!("{rows} AND status != 'open' AND stored_at >= toDateTime({}, 'UTC')", time.passed_ms / 1000);
        time.take(client, &(table, &rows, what)).await?;
    }
    run(client, &time.note(begun_ms, count)).await
}

impl PrivateTime {
    async fn take(&self, client: &Client, (table, rows, what): &Step<'_>) -> Result<(), StoreError> {
        let rows = self.filled(rows);
        // A mutation looks at every part; a look at the rows is much cheaper, and nearly always finds none.
        let count: u64 = ask(client, &format!("SELECT count() FROM {table} WHERE {rows}")).await?;
        if count == 0 {
            return Ok(());
        }
        let change = match what {
            What::Update(values) => format!("UPDATE {}", self.told(values)),
            What::Delete => "DELETE".to_owned(),
        };
        run(client, &format!("ALTER TABLE {table} {change} WHERE {rows} {DONE}")).await
    }

    /// The statement that notes a pass.
    fn note(&self, begun_ms: i64, fix_count: u64) -> String {
        format!(
            "INSERT INTO private_passes (vehicle_id, from_at, partition, offset, done_at, begun_at, fix_count) \
             SELECT {}, {}, {}, {}, now64(3), {}, {fix_count}",
            quoted(&self.vehicle_id),
            moment(self.from_ms),
            self.partition,
            self.offset,
            moment(begun_ms)
        )
    }

    /// A condition with the vehicle and the time.
    fn filled(&self, rows: &str) -> String {
        format!("vehicle_id = {} AND {}", quoted(&self.vehicle_id), self.told(rows))
    }

    fn told(&self, text: &str) -> String {
        let (from, to) = (moment(self.from_ms), moment(self.to_ms));
        // `timestamp $within` names its column once: BETWEEN includes the end, which is not private.
        let within = format!("BETWEEN {from} AND {}", moment(self.to_ms - 1));
        text.replace("$within", &within).replace("$from", &from).replace("$to", &to)
    }
}

fn moment(ms: i64) -> String {
    format!("fromUnixTimestamp64Milli(toInt64({ms}), 'UTC')")
}
