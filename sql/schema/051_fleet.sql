-- What the fleet manager's queries need beside facts, and the heat map of positions.

-- What the configuration says of the fleet: one row, written at every start.
CREATE TABLE IF NOT EXISTS fleet_settings {on_cluster}
(
    id UInt8 COMMENT 'one row is enough',
    time_zone String COMMENT 'of the depot: days and hours of day are those of it',
    idle_litres_per_hour Float64 COMMENT 'burnt at a standstill',
    fuel_price Float64 COMMENT 'per litre',
    scheduled_hours_per_day Float64 COMMENT 'against which driving is measured',
    under_utilized_share Float64 COMMENT 'of the median rate of its class, below which a vehicle is under-utilized',
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Positions by H3 cell and hour. Copied once the hour is over, and again when something of it came late; the key makes
-- a copy replace itself.
CREATE TABLE IF NOT EXISTS heat_cells {on_cluster}
(
    hour DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    resolution UInt8 COMMENT 'of H3: 7 (5 km2) or 9 (0.1 km2)',
    cell UInt64 COMMENT 'H3 index' CODEC(ZSTD(1)),
    fix_count UInt64 CODEC(T64, ZSTD(1)),
    vehicle_count UInt32 COMMENT 'distinct' CODEC(T64, ZSTD(1)),
    speed_sum_kmph Float64 COMMENT 'of its fixes: the mean is this over fix_count' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'when it was copied, ms since the epoch' CODEC(ZSTD(1))
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(hour)
ORDER BY (resolution, hour, cell)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Hours whose positions were counted, and up to which insert of telemetry.
CREATE TABLE IF NOT EXISTS heat_passes {on_cluster}
(
    hour DateTime64(3, 'UTC'),
    batch UInt64,
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY hour
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_heat_cells {on_cluster} AS
SELECT hour, resolution, cell, h3ToString(cell) AS cell_id, h3ToGeo(cell).1 AS lat, h3ToGeo(cell).2 AS lon, fix_count,
    vehicle_count, speed_sum_kmph / fix_count AS avg_speed_kmph
FROM heat_cells FINAL;

-- The settings, with their defaults, and the newest moment that quarters of an hour tell of.
CREATE OR REPLACE VIEW v_fleet {on_cluster} AS
WITH (SELECT if(count() = 0, 'UTC', any(time_zone)) FROM fleet_settings FINAL) AS depot_zone,
    (SELECT max(interval_start) + INTERVAL 15 MINUTE FROM vehicle_intervals) AS newest
SELECT depot_zone AS zone, newest AS now_at, toDate(toTimeZone(newest - INTERVAL 15 MINUTE, depot_zone)) AS today,
    if(count() = 0, 2, any(idle_litres_per_hour)) AS idle_litres_per_hour,
    if(count() = 0, 1.5, any(fuel_price)) AS fuel_price,
    if(count() = 0, 24, any(scheduled_hours_per_day)) AS scheduled_hours_per_day,
    if(count() = 0, 0.3, any(under_utilized_share)) AS under_utilized_share
FROM fleet_settings FINAL;

-- Days of vehicles in the depot's time zone, where every second belongs to one state: what no fix speaks of is offline.
-- A day that has not ended counts up to the newest quarter of an hour of the fleet. `coverage` is what is not offline.
CREATE OR REPLACE VIEW v_vehicle_days {on_cluster} AS
WITH (SELECT zone FROM v_fleet) AS zone, (SELECT now_at FROM v_fleet) AS now_at
SELECT vehicle_id, toDate(toTimeZone(interval_start, zone)) AS day,
    dateDiff('second', toDateTime(day, zone), least(toDateTime(day + 1, zone), toDateTime(now_at, zone))) AS day_s,
    sum(driving_ms) / 1000 AS driving_s, sum(idling_ms) / 1000 AS idling_s, sum(stopped_ms) / 1000 AS stopped_s,
    sum(down_ms) / 1000 AS down_s, day_s - driving_s - idling_s - stopped_s - down_s AS offline_s,
    1 - offline_s / day_s AS coverage, sum(distance_m) / 1000 AS distance_km
FROM v_vehicle_intervals
GROUP BY vehicle_id, day;

-- The same of the last days, today included, read by a range of the key: `vehicle_days_last(days = 7)`.
CREATE OR REPLACE VIEW vehicle_days_last {on_cluster} AS
WITH (SELECT zone FROM v_fleet) AS zone, (SELECT now_at FROM v_fleet) AS now_at,
    (SELECT today + 1 - {days:UInt32} FROM v_fleet) AS first_day
SELECT vehicle_id, toDate(toTimeZone(interval_start, zone)) AS day,
    dateDiff('second', toDateTime(day, zone), least(toDateTime(day + 1, zone), toDateTime(now_at, zone))) AS day_s,
    sum(driving_ms) / 1000 AS driving_s, sum(idling_ms) / 1000 AS idling_s, sum(stopped_ms) / 1000 AS stopped_s,
    sum(down_ms) / 1000 AS down_s, day_s - driving_s - idling_s - stopped_s - down_s AS offline_s,
    1 - offline_s / day_s AS coverage, sum(distance_m) / 1000 AS distance_km
FROM v_vehicle_intervals
WHERE interval_start >= toDateTime(first_day, zone)
GROUP BY vehicle_id, day;
