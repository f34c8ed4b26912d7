-- Fuel of trips, and refuellings.

ALTER TABLE trips {on_cluster}
    ADD COLUMN IF NOT EXISTS assumed_idle_s Float64 DEFAULT 0
        COMMENT 'seconds of idle_s for which the engine was not known to run' AFTER idle_count,
    ADD COLUMN IF NOT EXISTS fuel_used_pct Float64 DEFAULT nan COMMENT '% of the tank; NaN: level not sent' AFTER coverage,
    ADD COLUMN IF NOT EXISTS fuel_used_l Float64 DEFAULT nan COMMENT 'litres; NaN: not known' AFTER fuel_used_pct;

CREATE OR REPLACE VIEW v_trips {on_cluster} AS SELECT * FROM trips FINAL;

-- Tank levels that rose by at least 8 % while the vehicle stood.
CREATE TABLE IF NOT EXISTS refuels {on_cluster}
(
    refuel_id String,
    vehicle_id String,
    started_at DateTime64(3, 'UTC') COMMENT 'when the level began to rise',
    ended_at DateTime64(3, 'UTC') COMMENT 'when it was seen at its highest',
    from_pct Float64 COMMENT 'tank level before, %',
    to_pct Float64 COMMENT 'tank level after, %',
    litres Float64 COMMENT 'NaN: the size of the tank is not known',
    lat Float64,
    lon Float64,
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY refuel_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_refuels {on_cluster} AS SELECT * FROM refuels FINAL;
