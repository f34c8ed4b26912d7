-- Trips that contradict each other, from trip events and fixes, of trips that nobody declared, too (see parts/rides.sql): overlapping
-- trips, a driver on two vehicles that both drive, a start over 1 km from where the last trip ended, a start without an end.
-- Result: pairs of trips that were looked at, anomalies that differ. A declared trip ends with its `trip_end`, and without one
-- with the last fix that names it; its way begins where its start says and ends with the last fix that names it.
-- Left out: `many_trips`, which needs weeks; vehicles that telemetry does not name the trips of.
WITH
{{rides}},
    named AS (
        SELECT toString(trip_id) AS trip_id, max(timestamp) AS last_at, argMax((lon, lat), timestamp) AS last_place
        FROM v_telemetry
        WHERE trip_id != '' AND NOT late AND NOT outlier
        GROUP BY trip_id
    ),
    trips_of_events AS (
        SELECT e.trip_id AS trip_id, vehicle, driver, start_ms, if(said_end_ms > 0, greatest(said_end_ms, toUnixTimestamp64Milli(n.last_at)), toUnixTimestamp64Milli(n.last_at)) AS end_ms,
            from_place, n.last_place AS to_place, is_cancelled, said_end_ms = 0 AS is_endless
        FROM (
            SELECT toString(trip_id) AS trip_id, toString(any(vehicle_id)) AS vehicle, toString(anyIf(driver_id, event_type = 'trip_start')) AS driver, toInt64(minIf(toUnixTimestamp64Milli(timestamp), event_type = 'trip_start')) AS start_ms,
                toInt64(maxIf(toUnixTimestamp64Milli(timestamp), event_type = 'trip_end')) AS said_end_ms, anyIf((lon, lat), event_type = 'trip_start') AS from_place, countIf(cancelled) > 0 AS is_cancelled
            FROM trip_events
            GROUP BY trip_id
            HAVING countIf(event_type = 'trip_start') = 1
        ) AS e
        INNER JOIN named AS n ON e.trip_id = n.trip_id
    ),
    all_trips AS (
        SELECT * FROM trips_of_events
        UNION ALL
        SELECT '', toString(vehicle), '', start_ms, end_ms, (degrees(from_lambda), degrees(from_phi)), (degrees(to_lambda), degrees(to_phi)), false, false
        FROM rides
    ),
    pairs AS (
        SELECT b.vehicle AS vehicle, b.trip_id AS trip_id, b.start_ms AS start_ms, b.end_ms AS end_ms, b.is_cancelled AS is_cancelled, b.from_place AS from_place,
            arraySort(groupArray((a.start_ms, a.end_ms, a.to_place, a.is_cancelled, a.trip_id))) AS earlier
        FROM all_trips AS b
        INNER JOIN all_trips AS a ON a.vehicle = b.vehicle
        WHERE a.start_ms < b.start_ms
        GROUP BY ALL
    ),
    -- Where a vehicle drove in a minute; minutes that both trips run as a whole.
    driven AS (
        SELECT DISTINCT toString(vehicle_id) AS vehicle, intDiv(toUnixTimestamp64Milli(timestamp), 60000) AS minute
        FROM v_telemetry
        WHERE NOT late AND NOT outlier AND speed_kmph > 5
    ),
    at_once AS (
        SELECT b.vehicle AS vehicle, b.trip_id AS trip_id, a.trip_id AS other_id, a.vehicle AS other_vehicle, b.start_ms AS from_ms, least(a.end_ms, b.end_ms) AS until_ms
        FROM trips_of_events AS b
        INNER JOIN trips_of_events AS a ON a.driver = b.driver
        WHERE a.vehicle != b.vehicle AND (a.start_ms, a.trip_id) < (b.start_ms, b.trip_id) AND a.end_ms > b.start_ms AND NOT a.is_cancelled AND NOT b.is_cancelled AND b.driver != ''
    ),
    both_drive AS (
        SELECT m.vehicle AS vehicle, trip_id, other_id, from_ms, until_ms
        FROM (SELECT *, toInt64(intDiv(from_ms + 59999, 60000)) + arrayJoin(range(toUInt64(greatest(0, intDiv(until_ms, 60000) - intDiv(from_ms + 59999, 60000))))) AS minute FROM at_once) AS m
        INNER JOIN driven AS d ON m.vehicle = d.vehicle AND m.minute = d.minute
        INNER JOIN driven AS o ON m.other_vehicle = o.vehicle AND m.minute = o.minute
        GROUP BY ALL
    ),
    expected AS (
        SELECT 'overlapping_trips' AS type, vehicle, trip_id, arrayReverseSort(trip -> trip.2, arrayFilter(trip -> NOT trip.4, earlier))[1] AS longest, longest.5 AS other_id, start_ms, (least(longest.2, end_ms) - start_ms) / 1000 AS value
        FROM pairs
        WHERE NOT is_cancelled AND longest.2 > start_ms
        UNION ALL
        SELECT 'moved_between_trips', vehicle, trip_id, earlier[-1] AS longest, longest.5, start_ms,
            least(greatCircleDistance(longest.3.1, longest.3.2, from_place.1, from_place.2), greatCircleDistance(arraySort(trip -> trip.2, earlier)[-1].3.1 AS lon, arraySort(trip -> trip.2, earlier)[-1].3.2, from_place.1, from_place.2)) AS value
        FROM pairs
        WHERE NOT is_cancelled AND NOT arrayExists(trip -> trip.2 > start_ms AND NOT trip.4, earlier) AND value > 1000
        UNION ALL
        SELECT 'driver_on_two_vehicles', vehicle, trip_id, (0, 0, (0., 0.), false, ''), other_id, from_ms, (until_ms - from_ms) / 1000 FROM both_drive
        UNION ALL
        SELECT 'start_without_end', vehicle, trip_id, (0, 0, (0., 0.), false, ''), '', start_ms, (end_ms - start_ms) / 1000 FROM trips_of_events WHERE is_endless
    ),
    found AS (SELECT anomaly_type AS type, toString(vehicle_id) AS vehicle, trip_id, other_trip_id, toUnixTimestamp64Milli(at) AS start_ms, value FROM v_anomalies_now WHERE anomaly_type != 'many_trips')
SELECT (SELECT sum(length(earlier)) FROM pairs) + (SELECT count() FROM at_once), countIf(e.type = '' OR f.type = '' OR e.trip_id != '' AND (e.trip_id != f.trip_id OR e.other_id != f.other_trip_id) OR abs(e.value - f.value) > if(e.type = 'moved_between_trips', 30, 0.001))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.type = f.type AND e.vehicle = f.vehicle AND e.start_ms = f.start_ms
