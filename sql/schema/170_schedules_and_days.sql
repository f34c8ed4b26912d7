-- Time zones and schedules of depots, classes and vehicles, and the days of vehicles in their zones, kept as sums.

-- What the configuration says beside the fleet's own: rows of the newest start are those of the newest `fleet_settings`.
CREATE TABLE IF NOT EXISTS fleet_schedules {on_cluster}
(
    scope LowCardinality(String) COMMENT 'vehicle, group (the depot) or class',
    name String COMMENT 'of the vehicle, the group or the class',
    time_zone String COMMENT 'empty: not said here',
    hours Array(Float64) COMMENT 'scheduled hours, Monday to Sunday; empty: not said here',
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY (scope, name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Days of the time zones that are in use: a zone is an argument that ClickHouse wants to know beforehand.
CREATE TABLE IF NOT EXISTS zone_days {on_cluster}
(
    zone LowCardinality(String),
    day Date32,
    starts_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    ends_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    offset_s Int32 COMMENT 'of the zone from UTC when the day starts',
    changes_at DateTime('UTC') COMMENT 'when the offset changes; the end on other days' CODEC(DoubleDelta, ZSTD(1)),
    offset_after_s Int32 COMMENT 'from then on',
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY (zone, starts_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- When a quarter of an hour was stored: by it the days are found that have to be summed again.
ALTER TABLE vehicle_intervals {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') DEFAULT now() CODEC(DoubleDelta, ZSTD(1));

ALTER TABLE vehicle_intervals {on_cluster} ADD INDEX IF NOT EXISTS stored_range stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE vehicle_intervals {on_cluster} MATERIALIZE COLUMN stored_at;

-- Sums of a vehicle's day in its zone, by hour of the day (25 hours in a row of 24: clocks that go back say an hour twice).
CREATE TABLE IF NOT EXISTS vehicle_day_sums {on_cluster}
(
    zone LowCardinality(String),
    vehicle_id LowCardinality(String),
    day Date,
    day_start DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    day_end DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    quarter_count UInt16 COMMENT 'quarters of an hour in which it was heard of; 0: what there was has been withdrawn',
    driving_ms UInt64,
    idling_ms UInt64,
    stopped_ms UInt64,
    down_ms UInt64,
    distance_m Float64,
    hour_quarters Array(UInt8) COMMENT 'by hour of the day, 24 of them, as the next ones' CODEC(ZSTD(1)),
    hour_driving_ms Array(UInt32) CODEC(ZSTD(1)),
    hour_idling_ms Array(UInt32) CODEC(ZSTD(1)),
    hour_distance_m Array(Float32) CODEC(ZSTD(1)),
    newest DateTime('UTC') COMMENT 'end of the newest quarter of the fleet when it was summed',
    version UInt64 COMMENT 'when it was summed, ms since the epoch'
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(day)
ORDER BY (day, vehicle_id, zone)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Zone and schedule of each vehicle: its own, else its group's, else its class's, else the fleet's.
CREATE OR REPLACE VIEW v_vehicle_schedules {on_cluster} AS
WITH
    (SELECT if(count() = 0, 'UTC', any(time_zone)) FROM fleet_settings FINAL) AS fleet_zone,
    (SELECT if(count() = 0, 24, any(scheduled_hours_per_day)) FROM fleet_settings FINAL) AS fleet_hours,
    (SELECT max(version) FROM fleet_settings) AS start,
    said AS (SELECT scope, name, time_zone, hours FROM fleet_schedules FINAL WHERE version = start),
    (SELECT mapFromArrays(groupArray(concat(scope, ':', name)), groupArray(time_zone)) FROM said WHERE time_zone != '') AS zones,
    (SELECT mapFromArrays(groupArray(concat(scope, ':', name)), groupArray(hours)) FROM said WHERE notEmpty(hours)) AS schedules
SELECT ids.vehicle_id AS vehicle_id, if(v.class = '', 'car', toString(v.class)) AS class, v.group_name AS group_name,
    [concat('vehicle:', ids.vehicle_id), concat('group:', group_name), concat('class:', class)] AS scopes,
    arrayFirst(zone -> zone != '', arrayPushBack(arrayMap(scope -> zones[scope], scopes), assumeNotNull(fleet_zone))) AS zone,
    arrayFirst(hours -> notEmpty(hours), arrayPushBack(arrayMap(scope -> schedules[scope], scopes), arrayWithConstant(7, assumeNotNull(toFloat64(fleet_hours))))) AS hours
FROM
(
    SELECT DISTINCT toString(vehicle_id) AS vehicle_id FROM vehicle_day_sums
    UNION DISTINCT
    SELECT vehicle_id FROM vehicles
    UNION DISTINCT
    SELECT DISTINCT toString(vehicle_id)
    FROM vehicle_intervals
    WHERE stored_at >= toDateTime(greatest(0, (SELECT toInt64(intDiv(max(version), 1000)) FROM vehicle_day_sums) - 3600), 'UTC')
) AS ids
LEFT JOIN v_vehicles AS v ON ids.vehicle_id = v.vehicle_id;

-- The days that have to be summed again (and their neighbours, if the zone is not UTC): of which a quarter of an hour was stored since the last pass (ten minutes of overlap,
-- for inserts that were under way), or whose vehicle has no days in its present zone.
CREATE OR REPLACE VIEW v_vehicle_days_touched {on_cluster} AS
WITH
    (SELECT max(version) FROM vehicle_day_sums) AS last_pass,
    toDateTime(intDiv(last_pass, 1000) - if(last_pass > 0, 600, 0), 'UTC') AS since,
    zones AS (SELECT vehicle_id, zone FROM v_vehicle_schedules),
    rezoned AS (
        SELECT vehicle_id FROM zones WHERE (zone, vehicle_id) NOT IN (SELECT toString(zone), toString(vehicle_id) FROM vehicle_day_sums)
    )
SELECT DISTINCT i.zone AS zone, i.vehicle_id AS vehicle_id, d.day AS day, d.starts_at AS day_start, d.ends_at AS day_end
FROM
(
    SELECT z.zone AS zone, q.vehicle_id AS vehicle_id, at
    FROM
    (
        SELECT DISTINCT toString(vehicle_id) AS vehicle_id, toDateTime(toDate(interval_start), 'UTC') AS utc_day
        FROM vehicle_intervals
        WHERE stored_at >= since OR vehicle_id IN (SELECT vehicle_id FROM rezoned)
    ) AS q
    INNER JOIN zones AS z ON q.vehicle_id = z.vehicle_id
    ARRAY JOIN [utc_day, utc_day + 85500] AS at
) AS i
ASOF INNER JOIN (SELECT toString(zone) AS zone, toDate(day) AS day, starts_at, ends_at FROM zone_days FINAL) AS d
    ON i.zone = d.zone AND i.at >= d.starts_at;

-- Sums of those days. A day whose quarters were all withdrawn gets a row of nothing.
CREATE OR REPLACE VIEW v_vehicle_day_sums_now {on_cluster} AS
WITH
    touched AS (SELECT * FROM v_vehicle_days_touched),
    (SELECT min(day_start), max(day_end) FROM touched) AS span,
    quarters AS (
        SELECT toString(vehicle_id) AS vehicle_id, toDateTime(interval_start, 'UTC') AS at, NOT withdrawn AND offline_ms < 900000 AS is_told,
            driving_ms, idling_ms, stopped_ms, down_ms, distance_m
        FROM vehicle_intervals FINAL
        WHERE vehicle_id IN (SELECT vehicle_id FROM touched) AND interval_start >= span.1 AND interval_start < span.2
    ),
    -- Which day and hour a moment is in each zone is looked up once, not for each vehicle.
    moments AS (
        SELECT m.zone AS zone, m.at AS at, d.day AS day, toHour(m.at + if(m.at < d.changes_at, d.offset_s, d.offset_after_s)) AS hour
        FROM
        (
            SELECT zone, at
            FROM (SELECT DISTINCT at FROM quarters) AS q
            CROSS JOIN (SELECT DISTINCT zone FROM touched) AS z
        ) AS m
        ASOF INNER JOIN (SELECT toString(zone) AS zone, toDate(day) AS day, starts_at, changes_at, offset_s, offset_after_s FROM zone_days FINAL) AS d
            ON m.zone = d.zone AND m.at >= d.starts_at
    ),
    placed AS (
        SELECT p.*, m.day AS day, m.hour AS hour
        FROM
        (
            SELECT q.*, z.zone AS zone
            FROM quarters AS q
            INNER JOIN (SELECT DISTINCT zone, vehicle_id FROM touched) AS z ON q.vehicle_id = z.vehicle_id
        ) AS p
        INNER JOIN moments AS m ON p.zone = m.zone AND p.at = m.at
    ),
    hours AS (
        SELECT zone, vehicle_id, day, hour, countIf(is_told) AS told, sumIf(driving_ms, is_told) AS driving, sumIf(idling_ms, is_told) AS idling,
            sumIf(stopped_ms, is_told) AS stopped, sumIf(down_ms, is_told) AS down, sumIf(distance_m, is_told) AS metres
        FROM placed
        GROUP BY zone, vehicle_id, day, hour
    ),
    days AS (
        SELECT zone, vehicle_id, day, sum(told) AS quarter_count, sum(driving) AS driving_ms, sum(idling) AS idling_ms, sum(stopped) AS stopped_ms,
            sum(down) AS down_ms, sum(metres) AS distance_m,
            groupArrayInsertAt(0, 24)(told, hour) AS hour_quarters, groupArrayInsertAt(0, 24)(driving, hour) AS hour_driving_ms,
            groupArrayInsertAt(0, 24)(idling, hour) AS hour_idling_ms, groupArrayInsertAt(0, 24)(metres, hour) AS hour_distance_m
        FROM hours
        GROUP BY zone, vehicle_id, day
    )
SELECT t.zone AS zone, t.vehicle_id AS vehicle_id, t.day AS day, t.day_start AS day_start, t.day_end AS day_end, quarter_count, driving_ms, idling_ms,
    stopped_ms, down_ms, distance_m, hour_quarters, hour_driving_ms, hour_idling_ms, hour_distance_m,
    (SELECT toDateTime(max(interval_start), 'UTC') + 900 FROM vehicle_intervals) AS newest, toUInt64(toUnixTimestamp64Milli(now64(3))) AS version
FROM touched AS t
INNER JOIN days AS d ON t.zone = d.zone AND t.vehicle_id = d.vehicle_id AND t.day = d.day;

CREATE MATERIALIZED VIEW IF NOT EXISTS vehicle_day_pass {on_cluster}
REFRESH EVERY 5 MINUTE APPEND TO vehicle_day_sums
AS SELECT * FROM v_vehicle_day_sums_now;

-- The settings, with their defaults, and up to which moment days are summed.
CREATE OR REPLACE VIEW v_fleet {on_cluster} AS
WITH (SELECT if(count() = 0, 'UTC', any(time_zone)) FROM fleet_settings FINAL) AS depot_zone,
    (SELECT max(newest) FROM vehicle_day_sums) AS newest
SELECT depot_zone AS zone, toDateTime64(newest, 3, 'UTC') AS now_at, toDate(toTimeZone(newest - INTERVAL 15 MINUTE, depot_zone)) AS today,
    if(count() = 0, 2, any(idle_litres_per_hour)) AS idle_litres_per_hour,
    if(count() = 0, 1.5, any(fuel_price)) AS fuel_price,
    if(count() = 0, 24, any(scheduled_hours_per_day)) AS scheduled_hours_per_day,
    if(count() = 0, 0.3, any(under_utilized_share)) AS under_utilized_share
FROM fleet_settings FINAL;

-- Days of vehicles in their zones, where every second belongs to one state: what no fix speaks of is offline. A day that has
-- not ended counts up to the newest quarter of an hour of the fleet. `coverage` is what is not offline; `scheduled_h` are the
-- hours of the day's schedule.
CREATE OR REPLACE VIEW v_vehicle_days {on_cluster} AS
WITH assumeNotNull((SELECT toInt64(toUnixTimestamp(now_at)) FROM v_fleet)) AS now_s
SELECT s.vehicle_id AS vehicle_id, s.day AS day, least(toInt64(toUnixTimestamp(s.day_end)), now_s) - toInt64(toUnixTimestamp(s.day_start)) AS day_s,
    s.driving_ms / 1000 AS driving_s, s.idling_ms / 1000 AS idling_s, s.stopped_ms / 1000 AS stopped_s, s.down_ms / 1000 AS down_s,
    (day_s * 1000 - toInt64(s.driving_ms + s.idling_ms + s.stopped_ms + s.down_ms)) / 1000 AS offline_s, 1 - offline_s / day_s AS coverage,
    s.distance_m / 1000 AS distance_km, v.class AS class, v.group_name AS group_name, v.zone AS zone, v.hours[toDayOfWeek(s.day)] AS scheduled_h
FROM (SELECT * FROM vehicle_day_sums FINAL WHERE quarter_count > 0) AS s
INNER JOIN v_vehicle_schedules AS v ON s.vehicle_id = v.vehicle_id AND s.zone = v.zone;

-- The same of the last days, today included, read by a range of the key: `vehicle_days_last(days = 7)`.
CREATE OR REPLACE VIEW vehicle_days_last {on_cluster} AS
WITH assumeNotNull((SELECT toInt64(toUnixTimestamp(now_at)) FROM v_fleet)) AS now_s, (SELECT today + 1 - {days:UInt32} FROM v_fleet) AS first_day
SELECT s.vehicle_id AS vehicle_id, s.day AS day, least(toInt64(toUnixTimestamp(s.day_end)), now_s) - toInt64(toUnixTimestamp(s.day_start)) AS day_s,
    s.driving_ms / 1000 AS driving_s, s.idling_ms / 1000 AS idling_s, s.stopped_ms / 1000 AS stopped_s, s.down_ms / 1000 AS down_s,
    (day_s * 1000 - toInt64(s.driving_ms + s.idling_ms + s.stopped_ms + s.down_ms)) / 1000 AS offline_s, 1 - offline_s / day_s AS coverage,
    s.distance_m / 1000 AS distance_km, v.class AS class, v.group_name AS group_name, v.zone AS zone, v.hours[toDayOfWeek(s.day)] AS scheduled_h
FROM (SELECT * FROM vehicle_day_sums FINAL WHERE quarter_count > 0 AND day >= first_day) AS s
INNER JOIN v_vehicle_schedules AS v ON s.vehicle_id = v.vehicle_id AND s.zone = v.zone;
