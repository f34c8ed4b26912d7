-- Geofence events, and the dimensions that the control stream sets: vehicles, drivers, geofences.
--
-- A dimension's version is its command's time (ms), shifted by 20 bits, and the command's offset: the newest command is
-- the truth, in whatever order they come.

CREATE TABLE IF NOT EXISTS geofence_events {on_cluster}
(
    event_id String,
    event_type LowCardinality(String) COMMENT 'enter, exit, dwell, crossing',
    ts DateTime64(3, 'UTC') COMMENT 'first fix of the run that decided it; of a dwell: its beginning',
    ended_at DateTime64(3, 'UTC') COMMENT 'of a dwell: its end; else, and while it lasts, 1970-01-01',
    confirmed_at DateTime64(3, 'UTC') COMMENT 'when it became certain',
    confirmed Bool COMMENT 'false: a single fix, or a run shorter than the dwell, is all there is',
    vehicle_id String,
    driver_id String COMMENT 'or empty',
    trip_id String COMMENT 'or empty',
    geofence_id String,
    geofence_name String,
    geofence_kind LowCardinality(String) COMMENT 'zone, forbidden, required',
    reason LowCardinality(String) COMMENT 'of an exit: left, deleted, scope',
    lat Float64,
    lon Float64,
    speed_kmph Float32,
    duration_s Float64 COMMENT 'since it entered',
    version UInt64,
    INDEX ts_range ts TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}
ORDER BY event_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS vehicles {on_cluster}
(
    vehicle_id String,
    name String,
    group_name String,
    class LowCardinality(String) COMMENT 'car, van, truck',
    limit_kmph Float32 COMMENT 'its own limit, km/h; NaN: none',
    volt_system Float32 COMMENT 'V; NaN: not said',
    tank_litres Float32 COMMENT 'litres; NaN: not said',
    reorder_ms Int64,
    valid_from DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY vehicle_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS drivers {on_cluster}
(
    driver_id String,
    name String,
    group_name String,
    hours_of_service LowCardinality(String) COMMENT 'eu561, us395, or empty',
    valid_from DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY driver_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS geofences {on_cluster}
(
    geofence_id String,
    name String,
    status LowCardinality(String) COMMENT 'active, deleted',
    kind LowCardinality(String) COMMENT 'zone, forbidden, required; empty when deleted',
    shape LowCardinality(String) COMMENT 'polygon, circle, corridor; empty when deleted',
    limit_kmph Float32 COMMENT 'km/h; NaN: none',
    time_zone LowCardinality(String) COMMENT 'of its hours; empty: always',
    has_scope Bool COMMENT 'false: all vehicles',
    scope_vehicles Array(String),
    scope_groups Array(String),
    south Float64 COMMENT 'bounding box, degrees; NaN when deleted',
    north Float64,
    west Float64,
    east Float64 COMMENT 'beyond 180 across the antimeridian',
    definition String COMMENT 'the command, JSON' CODEC(ZSTD(1)),
    valid_from DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY geofence_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_geofence_events {on_cluster} AS SELECT * FROM geofence_events FINAL;

CREATE OR REPLACE VIEW v_vehicles {on_cluster} AS SELECT * FROM vehicles FINAL;

CREATE OR REPLACE VIEW v_drivers {on_cluster} AS SELECT * FROM drivers FINAL;

CREATE OR REPLACE VIEW v_geofences {on_cluster} AS SELECT * FROM geofences FINAL WHERE status = 'active';
