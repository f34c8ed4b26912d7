-- What a driver's score is made of.
ALTER TABLE driver_scores {on_cluster}
    ADD COLUMN IF NOT EXISTS harsh_accel_count UInt32 DEFAULT 0 AFTER idling_count,
    ADD COLUMN IF NOT EXISTS harsh_corner_count UInt32 DEFAULT 0 AFTER harsh_accel_count,
    ADD COLUMN IF NOT EXISTS route_deviation_count UInt32 DEFAULT 0 AFTER harsh_corner_count,
    ADD COLUMN IF NOT EXISTS crash_count UInt32 DEFAULT 0 AFTER route_deviation_count,
    ADD COLUMN IF NOT EXISTS distance_m Float64 DEFAULT 0 COMMENT 'driven in the window' AFTER crash_count,
    ADD COLUMN IF NOT EXISTS driving_s Float64 DEFAULT 0 COMMENT 'in state driving' AFTER distance_m,
    ADD COLUMN IF NOT EXISTS over_limit_s Float64 DEFAULT 0 COMMENT 'over a known limit' AFTER driving_s,
    ADD COLUMN IF NOT EXISTS coverage Float64 DEFAULT 1 COMMENT 'measured share of the time on trips' AFTER over_limit_s;

-- A view keeps the columns that its table had when it was made.
CREATE OR REPLACE VIEW v_driver_scores {on_cluster} AS SELECT * FROM driver_scores FINAL;

-- Rules on breaks and driving times that were overstepped; an episode each.
CREATE TABLE IF NOT EXISTS break_violations {on_cluster}
(
    violation_id String COMMENT 'also the id of its alert',
    driver_id String,
    vehicle_id String COMMENT 'driven when it began; or empty',
    profile LowCardinality(String) COMMENT 'eu561, us395',
    rule LowCardinality(String) COMMENT 'eu_break, eu_day, eu_week, eu_fortnight, us_break, us_shift, us_window, us_cycle, short_break',
    started_at DateTime64(3, 'UTC') COMMENT 'the limit was passed, or the short break began',
    ended_at DateTime64(3, 'UTC') COMMENT '1970-01-01: it lasts',
    value_min Float64 COMMENT 'minutes driven, or of the break',
    limit_min Float64 COMMENT 'the limit, minutes',
    version UInt64
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(started_at)
ORDER BY (driver_id, started_at, violation_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_break_violations {on_cluster} AS SELECT * FROM break_violations FINAL;
