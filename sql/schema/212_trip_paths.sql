-- Paths of trips that have ended, refined from the stored fixes (`paths.rs`): at most 500 points instead of the 64 of the live state.
CREATE TABLE IF NOT EXISTS trip_paths {on_cluster}
(
    trip_id String,
    path Array(Tuple(Float64, Float64)) COMMENT '(lat, lon), at most 500 points; empty: no fixes were there' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'of the trip that it was made for',
    stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = {engine_replacing}
ORDER BY trip_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, merge_with_ttl_timeout = 86400;

-- Trips that were stored up to `until` have their paths.
CREATE TABLE IF NOT EXISTS trip_path_passes {on_cluster}
(
    pass UInt8 COMMENT 'one row is enough',
    until DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY pass
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE trips {on_cluster} ADD INDEX IF NOT EXISTS stored_range stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE trips {on_cluster} MATERIALIZE INDEX stored_range;

-- The best path that there is of each trip: the refined one, if it was made for the trip as it is now, else that of the live state.
CREATE OR REPLACE VIEW v_trip_paths {on_cluster} AS
SELECT t.trip_id AS trip_id, t.vehicle_id AS vehicle_id, toBool(notEmpty(p.path) AND p.version = t.version) AS is_refined,
    if(is_refined, p.path, t.path) AS path
FROM (SELECT trip_id, vehicle_id, path, version FROM trips FINAL WHERE NOT withdrawn) AS t
LEFT JOIN (SELECT trip_id, path, version FROM trip_paths FINAL) AS p ON t.trip_id = p.trip_id;
