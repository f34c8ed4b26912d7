-- Telemetry, what came in beside it, and what the engine concluded.
--
-- Rules of these files: statements end with a semicolon at the end of a line; each can be run again; names have no
-- database (the client sets it). `{engine}`, `{engine_replacing}` and `{on_cluster}` stand for what one server or a
-- cluster needs there, `{retention_telemetry_days}` for the configured retention.
--
-- Conventions: times are UTC with milliseconds. A number that was not sent or is not known is NaN (`isFinite(x)` tells;
-- there are no NULLs), 255 for `sat_count`, 1970-01-01 for an end that has not come yet, '' for a text. Words of
-- closed lists are LowCardinality(String).
--
-- Appending tables carry `batch`, the number of the insert, by which an unfinished insert is found again; they are not
-- partitioned, apart from telemetry, so that one insert is one part and is there wholly or not at all. Replacing
-- tables take a repeated row: the highest `version` of a key is the truth; the `v_` views show that only.
--
-- Durability: an acknowledged insert is on the disk (fsync). An insert is one compact part of a few files.

-- Every applied, late and outlier fix.
--
-- Codecs, measured on 1,080,000 rows of simulated 1 Hz data (300 vehicles for an hour, noise of 0.3 m, 7 decimals,
-- merged to one part), bytes a row:
--   event id    as UUID 16.00 (random, so stored plain); as text with ZSTD(3) 18.85
--   lat (lon)   Float64 ZSTD 7.05, Gorilla+ZSTD 5.83; Int32 of 1e-7 degrees (1.1 cm): Delta+ZSTD 1.85 (1.96),
--               Delta+T64+ZSTD 1.37, DoubleDelta+ZSTD 1.20 (1.20)
--   timestamp   Delta+ZSTD 0.01, DoubleDelta+ZSTD 0.01
--   speed       Float32 ZSTD 1.88, Gorilla+ZSTD 2.50, Delta+ZSTD 1.34, fixed point 0.83
--   heading     Float32 ZSTD 2.18, Gorilla+ZSTD 2.51, fixed point 0.97
--   battery     Float32 ZSTD 1.05, fixed point 0.80          satellites  ZSTD 0.35, T64+ZSTD 0.35
--   ids         text 0.27 each, LowCardinality below 0.01    ingested_at DoubleDelta+ZSTD 1.82 (ms), 0.17 (s)
-- A row in all: 25.4 bytes as inserted (100,000 rows a part), 25.0 merged, of which the event id takes 16.
-- Floats keep what was sent to the last bit, at 2.2 bytes a row more than fixed point; positions are rounded to 1.1 cm.
CREATE TABLE IF NOT EXISTS telemetry {on_cluster}
(
    vehicle_id LowCardinality(String) COMMENT 'the vehicle' CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') COMMENT 'event time' CODEC(DoubleDelta, ZSTD(1)),
    driver_id LowCardinality(String) COMMENT 'the driver as sent, or empty' CODEC(ZSTD(1)),
    trip_id LowCardinality(String) COMMENT 'the trip as sent, or empty' CODEC(ZSTD(1)),
    event_uuid UUID COMMENT 'event id, if it is a UUID in the usual lower-case form' CODEC(NONE),
    event_text String COMMENT 'event id, if it is anything else' CODEC(ZSTD(1)),
    event_id String ALIAS if(event_uuid = toUUID('00000000-0000-0000-0000-000000000000'), event_text, toString(event_uuid))
        COMMENT 'event id as sent',
    lat_e7 Int32 COMMENT 'latitude in 1e-7 degrees' CODEC(DoubleDelta, ZSTD(1)),
    lon_e7 Int32 COMMENT 'longitude in 1e-7 degrees' CODEC(DoubleDelta, ZSTD(1)),
    lat Float64 ALIAS lat_e7 / 1e7 COMMENT 'latitude in degrees',
    lon Float64 ALIAS lon_e7 / 1e7 COMMENT 'longitude in degrees',
    speed_kmph Float32 COMMENT 'km/h' CODEC(Delta, ZSTD(1)),
    heading Float32 COMMENT 'degrees clockwise from north; NaN: not sent' CODEC(ZSTD(1)),
    sat_count UInt8 COMMENT 'satellites; 255: not sent' CODEC(ZSTD(1)),
    battery_v Float32 COMMENT 'volt; NaN: not sent' CODEC(ZSTD(1)),
    ignition Enum8('unknown' = 0, 'off' = 1, 'on' = 2) DEFAULT 'unknown' COMMENT 'as sent' CODEC(ZSTD(1)),
    crash Bool DEFAULT false COMMENT 'the device reports a crash' CODEC(ZSTD(1)),
    sos Bool DEFAULT false COMMENT 'the driver pressed SOS' CODEC(ZSTD(1)),
    rpm Float32 DEFAULT nan COMMENT 'engine speed, 1/min' CODEC(ZSTD(1)),
    odometer_km Float64 DEFAULT nan COMMENT 'km' CODEC(Gorilla, ZSTD(1)),
    fuel_pct Float32 DEFAULT nan COMMENT 'tank level, %' CODEC(ZSTD(1)),
    engine_temp_c Float32 DEFAULT nan COMMENT 'coolant, degrees Celsius' CODEC(ZSTD(1)),
    altitude_m Float32 DEFAULT nan COMMENT 'metres above sea level' CODEC(ZSTD(1)),
    hdop Float32 DEFAULT nan COMMENT 'horizontal dilution of precision' CODEC(ZSTD(1)),
    accuracy_m Float32 DEFAULT nan COMMENT 'position accuracy, metres' CODEC(ZSTD(1)),
    accel_long_ms2 Float32 DEFAULT nan COMMENT 'longitudinal acceleration, m/s2' CODEC(ZSTD(1)),
    accel_lat_ms2 Float32 DEFAULT nan COMMENT 'lateral acceleration, m/s2' CODEC(ZSTD(1)),
    accel_g Float32 DEFAULT nan COMMENT 'total acceleration, g' CODEC(ZSTD(1)),
    speed_limit_kmph Float32 DEFAULT nan COMMENT 'limit as the device knows it, km/h' CODEC(ZSTD(1)),
    late Bool DEFAULT false COMMENT 'older than vehicle time when it came' CODEC(ZSTD(1)),
    outlier Bool DEFAULT false COMMENT 'implies an impossible speed against both neighbours' CODEC(ZSTD(1)),
    extra String DEFAULT '' COMMENT 'fields that are not ours, a JSON object; or empty' CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time' CODEC(DoubleDelta, ZSTD(1)),
    batch UInt64 COMMENT 'the insert' CODEC(Delta, ZSTD(1)),
    INDEX batch_range batch TYPE minmax GRANULARITY 16
)
ENGINE = {engine}
PARTITION BY toYYYYMMDD(timestamp)
ORDER BY (vehicle_id, timestamp)
TTL toDateTime(ingested_at) + INTERVAL {retention_telemetry_days} DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1,
    fsync_after_insert = 1, fsync_part_directory = 1;

-- Trip events as they came.
CREATE TABLE IF NOT EXISTS trip_events {on_cluster}
(
    trip_id String,
    vehicle_id String,
    driver_id String,
    event_type LowCardinality(String) COMMENT 'trip_start, trip_end, plan_update, stop_arrival, stop_departure',
    timestamp DateTime64(3, 'UTC') COMMENT 'event time',
    lat Float64 COMMENT 'degrees; NaN: not sent',
    lon Float64 COMMENT 'degrees; NaN: not sent',
    plan String COMMENT 'delivery plan, JSON; or empty' CODEC(ZSTD(1)),
    distance_m Float64 COMMENT 'the producer''s; NaN: not sent',
    duration_s Float64 COMMENT 'the producer''s; NaN: not sent',
    cancelled Bool,
    stop_id String,
    outcome LowCardinality(String),
    delivered_qty Float64 COMMENT 'NaN: not sent',
    reason String,
    partition Int32 COMMENT 'of the topic',
    offset Int64 COMMENT 'in the partition',
    extra String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time',
    batch UInt64
)
ENGINE = {engine}
ORDER BY (vehicle_id, timestamp)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Vehicle status as it came.
CREATE TABLE IF NOT EXISTS vehicle_status {on_cluster}
(
    vehicle_id String,
    timestamp DateTime64(3, 'UTC') COMMENT 'event time',
    fuel_pct Float32 COMMENT '%; NaN: not sent',
    engine_temp_c Float32 COMMENT 'degrees Celsius; NaN: not sent',
    odometer_km Float64 COMMENT 'km; NaN: not sent',
    fault_codes Array(String),
    partition Int32,
    offset Int64,
    extra String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time',
    batch UInt64
)
ENGINE = {engine}
ORDER BY (vehicle_id, timestamp)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Driver events as they came.
CREATE TABLE IF NOT EXISTS driver_events {on_cluster}
(
    driver_id String,
    vehicle_id String,
    event_type LowCardinality(String) COMMENT 'driver_login, driver_logout, break_start, break_end, driver_incident, sos',
    timestamp DateTime64(3, 'UTC') COMMENT 'event time',
    partition Int32,
    offset Int64,
    extra String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time',
    batch UInt64
)
ENGINE = {engine}
ORDER BY (driver_id, timestamp)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Devices' own alerts as they came.
CREATE TABLE IF NOT EXISTS device_alerts {on_cluster}
(
    alert_id String,
    vehicle_id String,
    trip_id String,
    alert_type LowCardinality(String) COMMENT 'the device''s name of it',
    severity UInt8,
    details String,
    timestamp DateTime64(3, 'UTC') COMMENT 'event time',
    partition Int32,
    offset Int64,
    extra String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time',
    batch UInt64
)
ENGINE = {engine}
ORDER BY (vehicle_id, timestamp)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Commands of the control stream.
CREATE TABLE IF NOT EXISTS commands {on_cluster}
(
    command_id String,
    type LowCardinality(String) COMMENT 'vehicle.upsert, alert.acknowledge, ...',
    timestamp DateTime64(3, 'UTC') COMMENT 'when it takes effect',
    vehicle_id String COMMENT 'or empty',
    body String COMMENT 'what it changes, a JSON object' CODEC(ZSTD(1)),
    partition Int32,
    offset Int64,
    extra String CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time',
    batch UInt64
)
ENGINE = {engine}
ORDER BY (timestamp, command_id)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Rejected records, with their bytes.
CREATE TABLE IF NOT EXISTS dead_letters {on_cluster}
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    reason LowCardinality(String) COMMENT 'word of the closed list',
    detail String,
    payload String COMMENT 'the bytes as they came; need not be UTF-8' CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'log time',
    ingested_at DateTime64(3, 'UTC') COMMENT 'when the row was made',
    batch UInt64
)
ENGINE = {engine}
ORDER BY (at, topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Trips: open ones as they grow, final ones when they end.
CREATE TABLE IF NOT EXISTS trips {on_cluster}
(
    trip_id String,
    vehicle_id String,
    driver_id String COMMENT 'or empty',
    origin LowCardinality(String) COMMENT 'declared, detected',
    status LowCardinality(String) COMMENT 'open, completed, cancelled, timed_out',
    end_reason LowCardinality(String) COMMENT 'why it ended; empty while open',
    started_at DateTime64(3, 'UTC'),
    ended_at DateTime64(3, 'UTC') COMMENT 'of an open trip: its newest fix',
    confirmed_at DateTime64(3, 'UTC') COMMENT 'when the end became certain',
    start_lat Float64,
    start_lon Float64,
    end_lat Float64,
    end_lon Float64,
    distance_m Float64,
    duration_s Float64,
    moving_s Float64 COMMENT 'seconds driving',
    idle_s Float64 COMMENT 'seconds idling',
    idle_count UInt32 COMMENT 'idle phases of at least 60 s',
    event_count UInt32 COMMENT 'fixes applied',
    avg_speed_kmph Float64 COMMENT 'distance over duration',
    mean_speed_kmph Float64 COMMENT 'mean of the samples',
    min_speed_kmph Float32,
    max_speed_kmph Float32,
    harsh_brake_count UInt32,
    harsh_accel_count UInt32,
    harsh_corner_count UInt32,
    overspeed_s Float64 COMMENT 'seconds over the limit',
    coverage Float64 COMMENT 'measured share of the duration, 0..1',
    declared_distance_m Float64 COMMENT 'the producer''s; NaN: not sent',
    declared_duration_s Float64 COMMENT 'the producer''s; NaN: not sent',
    path Array(Tuple(Float64, Float64)) COMMENT '(lat, lon), at most 64 points' CODEC(ZSTD(1)),
    version UInt64,
    INDEX started_range started_at TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}
ORDER BY trip_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Alerts: one row per episode.
CREATE TABLE IF NOT EXISTS alerts {on_cluster}
(
    alert_id String,
    ts DateTime64(3, 'UTC') COMMENT 'start of the episode',
    ended_at DateTime64(3, 'UTC') COMMENT 'its end; 1970-01-01 while it lasts',
    vehicle_id String,
    driver_id String,
    trip_id String,
    alert_type LowCardinality(String),
    severity UInt8 COMMENT '1..5',
    details String COMMENT 'a sentence for a person',
    value Float64 COMMENT 'the peak: km/h, m/s2 or seconds, by type',
    threshold Float64 COMMENT 'the limit, in the unit of value',
    limit_source LowCardinality(String) COMMENT 'default, message, vehicle, geofence; or empty',
    lat Float64 COMMENT 'where the episode began',
    lon Float64,
    geofence_id String DEFAULT '',
    rule String DEFAULT '',
    rule_version UInt32 DEFAULT 0,
    sat_count UInt8 COMMENT 'satellites at the beginning; 255: not sent',
    accuracy_m Float32 DEFAULT nan COMMENT 'position accuracy, metres; NaN: not sent',
    interval_ms Int64 COMMENT 'between the fixes that decided it',
    source LowCardinality(String) COMMENT 'engine, device',
    state LowCardinality(String) COMMENT 'open, closed, acknowledged, dismissed',
    stale Bool COMMENT 'raised too long after its event to page anybody',
    raised_at DateTime64(3, 'UTC') COMMENT 'log time of the record that raised it',
    version UInt64,
    INDEX ts_range ts TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}
ORDER BY alert_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Per vehicle and minute: what long-range charts read.
CREATE TABLE IF NOT EXISTS vehicle_minutes {on_cluster}
(
    vehicle_id LowCardinality(String),
    minute DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    event_count UInt32 CODEC(T64, ZSTD(1)),
    distance_m Float64 CODEC(ZSTD(1)),
    min_speed_kmph Float32 CODEC(ZSTD(1)),
    avg_speed_kmph Float32 CODEC(ZSTD(1)),
    max_speed_kmph Float32 CODEC(ZSTD(1)),
    driving_s Float32 CODEC(ZSTD(1)),
    idling_s Float32 CODEC(ZSTD(1)),
    stopped_s Float32 CODEC(ZSTD(1)),
    offline_s Float32 CODEC(ZSTD(1)),
    down_s Float32 CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(minute)
ORDER BY (vehicle_id, minute)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- 20 s summaries per vehicle.
CREATE TABLE IF NOT EXISTS trip_summaries {on_cluster}
(
    vehicle_id LowCardinality(String),
    trip_id LowCardinality(String) COMMENT 'of the window''s last fix, or empty',
    window_start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    window_end DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    event_count UInt32 CODEC(T64, ZSTD(1)),
    distance_m Float64 CODEC(ZSTD(1)),
    avg_speed_kmph Float64 CODEC(ZSTD(1)),
    min_speed_kmph Float32 CODEC(ZSTD(1)),
    max_speed_kmph Float32 CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(window_start)
ORDER BY (vehicle_id, window_start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Penalties and scores of drivers. An unidentified driver ('') is told apart by vehicle.
CREATE TABLE IF NOT EXISTS driver_scores {on_cluster}
(
    driver_id String,
    vehicle_id String COMMENT 'of the newest counted alert',
    window LowCardinality(String) COMMENT '15s: the penalty',
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    penalty UInt32 COMMENT '2 x overspeed + 3 x harsh_brake + 1 x idling',
    score Float64 DEFAULT nan COMMENT '0..100; NaN: not formed for this window',
    overspeed_count UInt32,
    harsh_brake_count UInt32,
    idling_count UInt32,
    version UInt64
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(window_start)
ORDER BY (driver_id, if(driver_id = '', vehicle_id, ''), window, window_start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Vehicles by state at the end of 5 s windows. A window is stored when its value differs from the one before.
CREATE TABLE IF NOT EXISTS fleet_utilization {on_cluster}
(
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    active_count UInt32 COMMENT 'driving',
    idle_count UInt32 COMMENT 'idling',
    stopped_count UInt32,
    offline_count UInt32 COMMENT 'offline or down',
    version UInt64
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(window_start)
ORDER BY window_start
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
