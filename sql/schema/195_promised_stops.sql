-- A stop is promised for its planned arrival, else for the end of its window, else for its start; 1970-01-01: for nothing.
ALTER TABLE stop_visits {on_cluster} ADD COLUMN IF NOT EXISTS promised_at DateTime64(3, 'UTC')
    MATERIALIZED multiIf(planned_arrival != toDateTime64(0, 3, 'UTC'), planned_arrival, window_end != toDateTime64(0, 3, 'UTC'), window_end, window_start)
    COMMENT 'planned arrival, else end of the window, else its start; 1970-01-01: none';

-- Months of promises are partitions. The key stays, since a later plan may promise what had no promise, and FINAL merges
-- across partitions; a query for a day that does not want that (`do_not_merge_across_partitions_select_final`) leaves other
-- months unread. What is promised for no year of this century lies together, so that a plan with wild times makes few
-- partitions. REORDER is a word of ours (see `reorder.rs`).
REORDER TABLE stop_visits FROM trip_id, stop_id TO PARTITION BY if(toYear(promised_at) BETWEEN 2000 AND 2099, toYYYYMM(promised_at), 0) ORDER BY (trip_id, stop_id);

CREATE OR REPLACE VIEW v_stop_visits {on_cluster} AS
SELECT * EXCEPT (withdrawn), promised_at FROM stop_visits FINAL WHERE NOT withdrawn;

-- What became of stops that were visited or missed: what service levels and bottlenecks are formed from. `stop_visits` is
-- sorted by trip; here the last days are a range. A stop counts at its promise, else (it is in no service level then) at its
-- arrival. The last days end with the last visit: one plan for another year, or a slip of the pen, does not move them.
CREATE OR REPLACE VIEW v_stop_outcomes_now {on_cluster} AS
WITH
    (SELECT if(count() = 0, 'UTC', any(time_zone)) FROM fleet_settings FINAL) AS zone,
    (SELECT if(max(arrived_at) = toDateTime64(0, 3, 'UTC'), now64(3, 'UTC'), max(arrived_at)) FROM v_stop_visits) AS newest
SELECT if(promised_at != toDateTime64(0, 3, 'UTC'), promised_at, arrived_at) AS counted_at, promised_at, trip_id, stop_id, customer_id,
    CAST(driver_id, 'String') AS driver_id, CAST(vehicle_id, 'String') AS vehicle_id, CAST(kind, 'String') AS kind, CAST(status, 'String') AS status, lat, lon,
    geoToH3(lat, lon, toUInt8(7)) AS area, geoToH3(lat, lon, toUInt8(8)) AS cell, toHour(toTimeZone(promised_at, assumeNotNull(zone))) AS promised_hour,
    toHour(toTimeZone(arrived_at, assumeNotNull(zone))) AS arrived_hour, arrived_at, departed_at, dwell_s, delay_s, lateness_s,
    CAST(punctuality, 'String') AS punctuality, punctuality = 'on_time' AS is_on_time,
    CAST(outcome, 'String') IN ('refused', 'failed') AND reason != '' AS is_excused, ordered_qty > 0 AND isFinite(ordered_qty) AS has_quantity,
    if(has_quantity, ordered_qty, 0) AS ordered, if(NOT has_quantity, 0, if(isFinite(delivered_qty), delivered_qty, if(CAST(outcome, 'String') = 'delivered', ordered_qty, 0))) AS delivered,
    if(has_quantity, delivered >= ordered, CAST(outcome, 'String') = 'delivered') AS is_in_full
FROM v_stop_visits
WHERE v_stop_visits.status IN ('arrived', 'departed', 'skipped') AND counted_at > newest - INTERVAL 400 DAY AND counted_at <= newest + INTERVAL 7 DAY;

DROP VIEW IF EXISTS stop_outcomes {on_cluster} SYNC;

CREATE MATERIALIZED VIEW IF NOT EXISTS stop_outcomes {on_cluster}
REFRESH EVERY 5 MINUTE
(
    counted_at DateTime64(3, 'UTC') COMMENT 'the promise; without one the arrival' CODEC(DoubleDelta, ZSTD(1)),
    promised_at DateTime64(3, 'UTC') COMMENT '1970-01-01: none, and so in no service level' CODEC(DoubleDelta, ZSTD(1)),
    trip_id String,
    stop_id String,
    customer_id LowCardinality(String),
    driver_id LowCardinality(String),
    vehicle_id LowCardinality(String),
    kind LowCardinality(String) COMMENT 'delivery, pickup, depot',
    status LowCardinality(String) COMMENT 'arrived, departed, skipped',
    lat Float64,
    lon Float64,
    area UInt64 COMMENT 'H3 cell of resolution 7',
    cell UInt64 COMMENT 'H3 cell of resolution 8',
    promised_hour UInt8 COMMENT 'hour of day, in the depot''s time zone',
    arrived_hour UInt8,
    arrived_at DateTime64(3, 'UTC'),
    departed_at DateTime64(3, 'UTC'),
    dwell_s Float64,
    delay_s Float64 COMMENT 'NaN: no planned service',
    lateness_s Float64 COMMENT 'NaN: never due, or skipped',
    punctuality LowCardinality(String) COMMENT 'early, on_time, late, skipped',
    is_on_time Bool,
    is_excused Bool COMMENT 'refused or failed, with a reason: in no share',
    has_quantity Bool,
    ordered Float64 COMMENT '0 without a quantity',
    delivered Float64,
    is_in_full Bool,
    INDEX departed_range departed_at TYPE minmax GRANULARITY 1,
    PROJECTION newest (SELECT max(arrived_at), max(departed_at))
)
ENGINE = {engine}
ORDER BY (counted_at, trip_id, stop_id)
AS SELECT * FROM v_stop_outcomes_now;

-- Predictions of the last hour are found without reading the month.
ALTER TABLE eta_predictions {on_cluster} ADD INDEX IF NOT EXISTS made_range made_at TYPE minmax GRANULARITY 1;

ALTER TABLE eta_predictions {on_cluster} MATERIALIZE INDEX made_range;
