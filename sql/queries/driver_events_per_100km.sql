-- Harsh and speeding events of drivers per 100 km over the last days of data, worst first. Trips that ended; alerts that
-- were dismissed do not count. Drivers of less than `km_min` km are left out.
WITH
    (SELECT max(started_at) FROM trips) - toIntervalDay({days:UInt32}) AS from_at,
    driven AS (
        SELECT driver_id, sum(distance_m) / 1000 AS distance_km, count() AS trip_count
        FROM v_trips
        WHERE started_at >= from_at AND driver_id != '' AND status != 'open'
        GROUP BY driver_id
        HAVING distance_km >= {km_min:Float64}
    ),
    events AS (
        SELECT driver_id, countIf(alert_type LIKE 'harsh%') AS harsh_count, countIf(alert_type = 'overspeed') AS overspeed_count
        FROM v_alerts
        WHERE ts >= from_at AND state != 'dismissed' AND source = 'engine'
        GROUP BY driver_id
    )
SELECT driver_id, distance_km, trip_count, events.harsh_count AS harsh_count, events.overspeed_count AS overspeed_count,
    (harsh_count + overspeed_count) * 100 / distance_km AS events_per_100km
FROM driven
LEFT JOIN events USING (driver_id)
ORDER BY events_per_100km DESC, driver_id
LIMIT {limit:UInt32}
