-- What became of planned stops, by the day that they were planned for: what service levels and bottlenecks are formed from.
-- `stop_visits` is sorted by trip, so that a week of it is read whole and merged each time; here a week is a range.
CREATE OR REPLACE VIEW v_stop_outcomes_now {on_cluster} AS
WITH
    (SELECT if(count() = 0, 'UTC', any(time_zone)) FROM fleet_settings FINAL) AS zone,
    (SELECT max(planned_arrival) FROM stop_visits) AS newest
SELECT planned_arrival, trip_id, stop_id, customer_id, CAST(driver_id, 'String') AS driver_id, CAST(vehicle_id, 'String') AS vehicle_id, CAST(kind, 'String') AS kind, CAST(status, 'String') AS status, lat, lon,
    geoToH3(lat, lon, toUInt8(7)) AS area, geoToH3(lat, lon, toUInt8(8)) AS cell, toHour(toTimeZone(planned_arrival, assumeNotNull(zone))) AS planned_hour,
    toHour(toTimeZone(arrived_at, assumeNotNull(zone))) AS arrived_hour, arrived_at, departed_at, dwell_s, delay_s, lateness_s, CAST(punctuality, 'String') = 'on_time' AS is_on_time,
    CAST(outcome, 'String') IN ('refused', 'failed') AND reason != '' AS is_excused, ordered_qty > 0 AND isFinite(ordered_qty) AS has_quantity,
    if(has_quantity, ordered_qty, 0) AS ordered, if(NOT has_quantity, 0, if(isFinite(delivered_qty), delivered_qty, if(CAST(outcome, 'String') = 'delivered', ordered_qty, 0))) AS delivered,
    if(has_quantity, delivered >= ordered, CAST(outcome, 'String') = 'delivered') AS is_in_full
FROM v_stop_visits
WHERE v_stop_visits.status IN ('arrived', 'departed', 'skipped') AND planned_arrival > newest - INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS stop_outcomes {on_cluster}
REFRESH EVERY 5 MINUTE
(
    planned_arrival DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
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
    planned_hour UInt8 COMMENT 'hour of day, in the depot''s time zone',
    arrived_hour UInt8,
    arrived_at DateTime64(3, 'UTC'),
    departed_at DateTime64(3, 'UTC'),
    dwell_s Float64,
    delay_s Float64,
    lateness_s Float64,
    is_on_time Bool,
    is_excused Bool COMMENT 'refused or failed, with a reason: in no share',
    has_quantity Bool,
    ordered Float64 COMMENT '0 without a quantity',
    delivered Float64,
    is_in_full Bool
)
ENGINE = {engine}
ORDER BY (planned_arrival, trip_id, stop_id)
AS SELECT * FROM v_stop_outcomes_now;
