-- What drivers may still drive before a rule on driving time is overstepped: the newest row of each driver. Minutes of driving hold
-- at `counted_until` of one who drives, and until the next row of one who rests; NaN where the count needs forgotten minutes.
CREATE TABLE IF NOT EXISTS hours_left {on_cluster}
(
    driver_id String,
    profile LowCardinality(String) COMMENT 'eu561, us395, us395_60; empty: judged by none any more',
    is_driving Bool COMMENT 'else resting',
    since DateTime64(3, 'UTC') COMMENT 'driving or resting since then',
    counted_until DateTime64(3, 'UTC') COMMENT 'what was driven before it is counted',
    break_left_min Float32 COMMENT 'until a break is due',
    day_left_min Float32 COMMENT 'in the day or shift',
    day_limit_min UInt32 COMMENT '540 or 600 (EU), 660 (US)',
    window_end DateTime64(3, 'UTC') COMMENT 'end of the 14 hours of the shift (US); 1970-01-01: no shift has begun',
    week_left_min Float32 COMMENT 'in the week (EU), in the cycle of 7 or 8 days (US)',
    fortnight_left_min Float32 COMMENT 'in two weeks (EU)',
    break_at DateTime64(3, 'UTC') COMMENT 'the present rest is a break from then on; 1970-01-01: driving',
    daily_rest_at DateTime64(3, 'UTC') COMMENT 'the present rest is a daily rest from then on; 1970-01-01: driving',
    version UInt64,
    stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = {engine_replacing}
ORDER BY driver_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, merge_with_ttl_timeout = 86400;

CREATE OR REPLACE VIEW v_hours_left {on_cluster} AS SELECT * FROM hours_left FINAL WHERE profile != '';
