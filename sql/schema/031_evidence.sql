-- What proves grave alerts, kept while raw telemetry expires: the fixes from 5 min before to 5 min after every alert of
-- severity 4 and 5. Copied once the window is over; the key makes a copy that is made again replace itself.
CREATE TABLE IF NOT EXISTS evidence {on_cluster}
(
    alert_id String CODEC(ZSTD(1)),
    vehicle_id LowCardinality(String) CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') COMMENT 'event time' CODEC(DoubleDelta, ZSTD(1)),
    event_id String COMMENT 'as sent' CODEC(ZSTD(1)),
    driver_id LowCardinality(String) COMMENT 'as sent, or empty' CODEC(ZSTD(1)),
    trip_id LowCardinality(String) COMMENT 'as sent, or empty' CODEC(ZSTD(1)),
    lat Float64 CODEC(ZSTD(1)),
    lon Float64 CODEC(ZSTD(1)),
    speed_kmph Float32 CODEC(ZSTD(1)),
    heading Float32 COMMENT 'NaN: not sent' CODEC(ZSTD(1)),
    sat_count UInt8 COMMENT '255: not sent' CODEC(ZSTD(1)),
    battery_v Float32 CODEC(ZSTD(1)),
    ignition Enum8('unknown' = 0, 'off' = 1, 'on' = 2) CODEC(ZSTD(1)),
    crash Bool CODEC(ZSTD(1)),
    sos Bool CODEC(ZSTD(1)),
    rpm Float32 CODEC(ZSTD(1)),
    fuel_pct Float32 CODEC(ZSTD(1)),
    engine_temp_c Float32 CODEC(ZSTD(1)),
    hdop Float32 CODEC(ZSTD(1)),
    accuracy_m Float32 CODEC(ZSTD(1)),
    accel_long_ms2 Float32 CODEC(ZSTD(1)),
    accel_lat_ms2 Float32 CODEC(ZSTD(1)),
    accel_g Float32 CODEC(ZSTD(1)),
    speed_limit_kmph Float32 CODEC(ZSTD(1)),
    late Bool CODEC(ZSTD(1)),
    outlier Bool CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') COMMENT 'log time' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'when it was copied, ms since the epoch' CODEC(ZSTD(1))
)
ENGINE = {engine_replacing}
ORDER BY (alert_id, vehicle_id, timestamp, event_id)
TTL toDateTime(intDiv(version, 1000)) + INTERVAL 3 YEAR
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Alerts that became due up to `until` have been copied.
CREATE TABLE IF NOT EXISTS evidence_passes {on_cluster}
(
    pass UInt8 COMMENT 'one row is enough',
    until DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY pass
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_evidence {on_cluster} AS SELECT * FROM evidence FINAL;

-- What people said of alerts stands over what the engine told of them, whatever their age.
CREATE OR REPLACE VIEW v_alerts {on_cluster} AS
SELECT a.* REPLACE (if(reviews.verdict = '' OR a.state = 'dismissed', a.state, reviews.verdict) AS state)
FROM alerts AS a FINAL
LEFT JOIN
(
    SELECT JSONExtractString(body, 'alert_id') AS alert_id,
        if(max(type = 'alert.dismiss'), 'dismissed', 'acknowledged') AS verdict
    FROM commands
    WHERE type IN ('alert.acknowledge', 'alert.dismiss')
    GROUP BY alert_id
) AS reviews ON a.alert_id = reviews.alert_id;
