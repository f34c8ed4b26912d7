-- Trips that contradict each other: of the last 35 days of data. Computed again every 10 minutes.
--
--   overlapping_trips        a trip that starts before an earlier one of its vehicle has ended; value: seconds
--   driver_on_two_vehicles   a driver's trip that starts before the one on another vehicle has ended, both moving; seconds
--   moved_between_trips      a trip that starts more than 1 km from where the one before ended; metres
--   start_without_end        a `trip_start` event whose trip is over without a `trip_end`; seconds it lasted
--   many_trips               more trips in a day than median + 3 MAD of the vehicle's 28 days before (7 at least); trips
CREATE OR REPLACE VIEW v_anomalies_now {on_cluster} AS
WITH
    (SELECT max(started_at) FROM trips) AS newest,
    (SELECT zone FROM v_fleet) AS zone,
    recent AS (SELECT * FROM v_trips WHERE started_at >= newest - INTERVAL 35 DAY AND status != 'cancelled'),
    of_vehicle AS (
        SELECT vehicle_id, driver_id, trip_id, started_at, ended_at, start_lat, start_lon,
            row_number() OVER w AS n, max(ended_at) OVER w AS before_end, argMax(trip_id, ended_at) OVER w AS before_id,
            argMax(end_lat, (started_at, trip_id)) OVER w AS before_lat, argMax(end_lon, (started_at, trip_id)) OVER w AS before_lon,
            argMax(trip_id, (started_at, trip_id)) OVER w AS last_id, count() OVER w AS earlier
        FROM recent
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY started_at, trip_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),
    of_driver AS (
        SELECT vehicle_id, driver_id, trip_id, started_at, ended_at, max(ended_at) OVER w AS before_end,
            argMax(trip_id, ended_at) OVER w AS before_id, argMax(vehicle_id, ended_at) OVER w AS before_vehicle,
            count() OVER w AS earlier
        FROM recent
        WHERE driver_id != '' AND moving_s > 0
        WINDOW w AS (PARTITION BY driver_id ORDER BY started_at, trip_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),
    days AS (
        SELECT vehicle_id, dateDiff('day', toDate(toTimeZone(newest, zone)) - 34, toDate(toTimeZone(started_at, zone))) AS place,
            count() AS trips
        FROM recent
        WHERE place >= 0
        GROUP BY vehicle_id, place
    ),
    series AS (
        SELECT vehicle_id, min(place) AS first_place,
            arrayMap(p -> toUInt32(arraySum(arrayMap((q, n) -> if(q = p, n, 0), groupArray(place) AS places, groupArray(trips) AS counts))), range(35)) AS by_day
        FROM days
        GROUP BY vehicle_id
    ),
    crowded AS (
        SELECT vehicle_id, place, by_day[place + 1] AS trips,
            arraySlice(by_day, greatest(place - 28, first_place) + 1, place - greatest(place - 28, first_place)) AS history,
            arrayReduce('median', history) AS middle, arrayReduce('median', arrayMap(n -> abs(n - middle), history)) AS mad
        FROM series
        ARRAY JOIN range(28, 35) AS place
        WHERE length(history) >= 7 AND trips > middle + 3 * mad
    )
SELECT 'overlapping_trips' AS anomaly_type, vehicle_id, driver_id, trip_id, before_id AS other_trip_id, started_at AS at,
    dateDiff('millisecond', started_at, least(before_end, ended_at)) / 1000 AS value, 0. AS threshold
FROM of_vehicle
WHERE earlier > 0 AND started_at < before_end
UNION ALL
SELECT 'driver_on_two_vehicles', vehicle_id, driver_id, trip_id, before_id, started_at,
    dateDiff('millisecond', started_at, least(before_end, ended_at)) / 1000, 0.
FROM of_driver
WHERE earlier > 0 AND started_at < before_end AND before_vehicle != vehicle_id
UNION ALL
SELECT 'moved_between_trips', vehicle_id, driver_id, trip_id, last_id, started_at,
    greatCircleDistance(before_lon, before_lat, start_lon, start_lat), 1000.
FROM of_vehicle
WHERE earlier > 0 AND started_at >= before_end AND greatCircleDistance(before_lon, before_lat, start_lon, start_lat) > 1000
UNION ALL
SELECT 'start_without_end', vehicle_id, driver_id, trip_id, '', started_at, duration_s, 0.
FROM recent
WHERE status != 'open' AND trip_id IN (SELECT trip_id FROM trip_events WHERE event_type = 'trip_start')
    AND trip_id NOT IN (SELECT trip_id FROM trip_events WHERE event_type = 'trip_end')
UNION ALL
SELECT 'many_trips', vehicle_id, '', '', '',
    toDateTime64(toDateTime(toDate(toTimeZone(newest, zone)) - 34 + place, zone), 3, 'UTC'), toFloat64(trips), middle + 3 * mad
FROM crowded;

CREATE MATERIALIZED VIEW IF NOT EXISTS anomalies {on_cluster}
REFRESH EVERY 10 MINUTE
(
    anomaly_type LowCardinality(String),
    vehicle_id String,
    driver_id String COMMENT 'or empty',
    trip_id String COMMENT 'or empty',
    other_trip_id String COMMENT 'the one that it contradicts, or empty',
    at DateTime64(3, 'UTC') COMMENT 'start of the trip, or of the day in the depot''s time zone',
    value Float64 COMMENT 'seconds, metres or trips, by type',
    threshold Float64 COMMENT 'in the unit of value'
)
ENGINE = {engine}
ORDER BY (at, anomaly_type, vehicle_id)
AS SELECT * FROM v_anomalies_now;

CREATE OR REPLACE VIEW v_anomalies {on_cluster} AS SELECT * FROM anomalies;
