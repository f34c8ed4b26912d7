-- Delivery rounds: planned stops and what became of them, predicted arrivals, and the way against the plan.
ALTER TABLE trips {on_cluster}
    ADD COLUMN IF NOT EXISTS route_compliance Float64 DEFAULT nan COMMENT 'share of the way within 200 m of the planned line; NaN: no line',
    ADD COLUMN IF NOT EXISTS out_of_route_m Float64 DEFAULT nan COMMENT 'metres beyond that; NaN: no line';

CREATE OR REPLACE VIEW v_trips {on_cluster} AS SELECT * FROM trips FINAL;

-- One row per planned stop. Times that have not come are 1970-01-01, numbers that are not known NaN.
CREATE TABLE IF NOT EXISTS stop_visits {on_cluster}
(
    trip_id String,
    stop_id String,
    vehicle_id LowCardinality(String),
    driver_id LowCardinality(String) COMMENT 'or empty',
    customer_id String,
    kind LowCardinality(String) COMMENT 'delivery, pickup, depot',
    lat Float64,
    lon Float64,
    plan_order UInt32 COMMENT 'from 1',
    visit_order UInt32 COMMENT 'from 1; 0: not visited',
    status LowCardinality(String) COMMENT 'planned, arrived, departed, skipped, removed (by a later plan)',
    planned_arrival DateTime64(3, 'UTC') COMMENT 'the promise at dispatch',
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    planned_service_s Float64,
    arrived_at DateTime64(3, 'UTC'),
    service_start DateTime64(3, 'UTC') COMMENT 'arrival, but not before the window',
    departed_at DateTime64(3, 'UTC'),
    dwell_s Float64 COMMENT 'departure - arrival',
    waiting_s Float64 COMMENT 'service start - arrival',
    delay_s Float64 COMMENT 'service beyond the planned one: loading or unloading delay',
    lateness_s Float64 COMMENT 'arrival - planned arrival; negative: early',
    punctuality LowCardinality(String) COMMENT 'early, on_time, late, skipped; or empty',
    out_of_order Bool COMMENT 'a stop that was planned later was visited before it',
    declared Bool COMMENT 'told by the driver''s device, not seen in positions',
    outcome LowCardinality(String) COMMENT 'delivered, partial, refused, failed; or empty',
    ordered_qty Float64,
    delivered_qty Float64,
    reason String,
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY (trip_id, stop_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_stop_visits {on_cluster} AS SELECT * FROM stop_visits FINAL;

-- Every prediction; a row with an arrival is the outcome beside the prediction that was made last.
CREATE TABLE IF NOT EXISTS eta_predictions {on_cluster}
(
    trip_id String,
    stop_id String COMMENT 'empty: the end of the trip',
    vehicle_id LowCardinality(String),
    made_at DateTime64(3, 'UTC') COMMENT 'of an outcome: the arrival' CODEC(DoubleDelta, ZSTD(1)),
    predicted_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    promised_at DateTime64(3, 'UTC') COMMENT 'at dispatch; 1970-01-01: nothing' CODEC(DoubleDelta, ZSTD(1)),
    remaining_m Float64 CODEC(ZSTD(1)),
    arrived_at DateTime64(3, 'UTC') COMMENT '1970-01-01: a prediction' CODEC(DoubleDelta, ZSTD(1)),
    version UInt64
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(made_at)
ORDER BY (trip_id, stop_id, made_at, arrived_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_eta_predictions {on_cluster} AS SELECT * FROM eta_predictions FINAL;

-- Predictions with what came of them: error = actual - predicted, positive when late (LibCity's evaluator).
CREATE OR REPLACE VIEW v_eta_errors {on_cluster} AS
SELECT p.trip_id AS trip_id, p.stop_id AS stop_id, p.vehicle_id AS vehicle_id, p.made_at AS made_at,
    p.predicted_at AS predicted_at, o.arrived_at AS arrived_at,
    (toUnixTimestamp64Milli(o.arrived_at) - toUnixTimestamp64Milli(p.predicted_at)) / 1000 AS error_s,
    (toUnixTimestamp64Milli(o.arrived_at) - toUnixTimestamp64Milli(p.made_at)) / 1000 AS horizon_s,
    multiIf(horizon_s < 300, '0-5', horizon_s < 900, '5-15', horizon_s < 1800, '15-30', horizon_s < 3600, '30-60', '60+')
        AS horizon_min
FROM (SELECT * FROM eta_predictions FINAL WHERE arrived_at = toDateTime64(0, 3, 'UTC')) AS p
INNER JOIN (SELECT * FROM eta_predictions FINAL WHERE arrived_at > toDateTime64(0, 3, 'UTC')) AS o
    ON p.trip_id = o.trip_id AND p.stop_id = o.stop_id;
