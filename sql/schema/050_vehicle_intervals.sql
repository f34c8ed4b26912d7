-- Per vehicle and quarter of an hour: where its time went. 15 minutes, so that a day in any time zone can be formed.
--
-- The five states sum to 900,000 ms, but for the quarter of a vehicle's first fix. A quarter without a row is one in
-- which the vehicle was offline as a whole.
CREATE TABLE IF NOT EXISTS vehicle_intervals {on_cluster}
(
    vehicle_id LowCardinality(String),
    interval_start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    distance_m Float64 COMMENT 'summed over the fixes of the quarter' CODEC(ZSTD(1)),
    driving_ms UInt32 CODEC(T64, ZSTD(1)),
    idling_ms UInt32 CODEC(T64, ZSTD(1)),
    stopped_ms UInt32 CODEC(T64, ZSTD(1)),
    offline_ms UInt32 CODEC(T64, ZSTD(1)),
    down_ms UInt32 CODEC(T64, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    withdrawn Bool DEFAULT false COMMENT 'the full history does not support it' CODEC(ZSTD(1))
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(interval_start)
ORDER BY (vehicle_id, interval_start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Whole quarters of silence are left out: some are stored, where something else was guessed before.
CREATE OR REPLACE VIEW v_vehicle_intervals {on_cluster} AS
SELECT * EXCEPT (withdrawn) FROM vehicle_intervals FINAL WHERE NOT withdrawn AND offline_ms < 900000;
