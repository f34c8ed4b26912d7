-- Harsh and speeding events per 100 km, as `driver_events_per_100km` tells them, from fixes: metres of the fixes of trips that are over,
-- episodes (see parts). For drivers who drove one vehicle alone that nobody else drove, and that was in no geofence with a limit. Result: drivers compared, those that differ.
-- A standstill on a trip adds no jitter: kilometres within 0.01 % or 10 m.
WITH
{{overspeeds}},
{{harsh_events}},
    pairs AS (SELECT vehicle_id, any(driver_id) AS driver FROM telemetry GROUP BY vehicle_id HAVING uniqExact(driver_id) = 1 AND driver != ''),
    alone AS (
        SELECT driver, any(pairs.vehicle_id) AS vehicle
        FROM pairs
        WHERE driver NOT IN (SELECT driver_id FROM telemetry WHERE vehicle_id NOT IN (SELECT vehicle_id FROM pairs))
        GROUP BY driver
        HAVING count() = 1 AND vehicle NOT IN (SELECT vehicle_id FROM v_geofence_events
            WHERE geofence_id IN (SELECT JSONExtractString(body, 'geofence_id') FROM commands WHERE type = 'geofence.upsert' AND JSONHas(body, 'limit_kmph')))
    ),
    ended AS (SELECT trip_id FROM trip_events GROUP BY trip_id HAVING countIf(event_type = 'trip_end') = 1),
    ways AS (
        SELECT vehicle_id, uniqExact(trip_id) AS trips, sum(step_m) / 1000 AS km
        FROM (
            SELECT vehicle_id, trip_id, radians(lat - lagInFrame(lat, 1, lat) OVER w) AS dlat, radians(lon - lagInFrame(lon, 1, lon) OVER w) AS dlon,
                2 * 6371008.8 * asin(sqrt(pow(sin(dlat / 2), 2) + cos(radians(lat)) * cos(radians(lat) - dlat) * pow(sin(dlon / 2), 2))) AS step_m
            FROM v_telemetry
            WHERE NOT late AND NOT outlier
            WINDOW w AS (PARTITION BY vehicle_id, trip_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
        WHERE trip_id IN (ended)
        GROUP BY vehicle_id
    ),
    events AS (
        SELECT vehicle_id, countIf(kind = 'harsh') AS harsh, countIf(kind = 'over') AS over
        FROM (SELECT vehicle_id, 'over' AS kind FROM overspeeds UNION ALL SELECT vehicle_id, 'harsh' FROM harsh_events)
        GROUP BY vehicle_id
    ),
    expected AS (
        SELECT a.driver AS driver, any(w.km) AS km, any(w.trips) AS trips, sum(e.harsh) AS harsh, sum(e.over) AS over
        FROM alone AS a
        INNER JOIN ways AS w ON a.vehicle = w.vehicle_id
        LEFT JOIN events AS e ON a.vehicle = e.vehicle_id
        GROUP BY driver
    ),
    found AS (SELECT * FROM ({{query driver_events_per_100km km_min=0.}}) WHERE driver_id IN (SELECT driver FROM alone))
SELECT count(), countIf(e.driver = '' OR f.driver_id = '' OR e.trips != f.trip_count OR e.harsh != f.harsh_count OR e.over != f.overspeed_count
    OR abs(e.km - f.distance_km) > greatest(0.01, e.km / 10000) OR NOT abs((e.harsh + e.over) * 100 / e.km - f.events_per_100km) < 0.01 * (1 + f.events_per_100km))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.driver = f.driver_id
