-- Penalties from the fixes: an episode of overspeed, harsh braking or idling counts in the windows that end up to 15 s after its start,
-- for the driver of its vehicle (the vehicle itself where nobody is named). Both are steps, which are compared at every second at
-- which either may change. Left out: vehicles with several drivers, or in a geofence with a limit. Result: (driver, second) compared,
-- those that differ.
WITH
{{idlings}},
{{overspeeds}},
{{harsh_events}},
    drivers AS (
        SELECT vehicle_id, any(driver_id) AS named, if(named = '', vehicle_id, named) AS driver
        FROM telemetry
        WHERE vehicle_id NOT IN (SELECT vehicle_id FROM v_geofence_events
            WHERE geofence_id IN (SELECT JSONExtractString(body, 'geofence_id') FROM commands WHERE type = 'geofence.upsert' AND JSONHas(body, 'limit_kmph')))
            AND vehicle_id IN (SELECT vehicle_id FROM v_telemetry)
        GROUP BY vehicle_id
        HAVING uniqExact(driver_id) = 1 AND (named != '' OR vehicle_id NOT IN (SELECT vehicle_id FROM driver_events))
    ),
    counted AS (
        SELECT d.driver AS driver, intDiv(since_ms, 1000) AS second, weight
        FROM (
            SELECT vehicle_id, since_ms, 2 AS weight FROM overspeeds
            UNION ALL SELECT vehicle_id, since_ms, 3 FROM harsh_events WHERE kind = 'harsh_brake'
            UNION ALL SELECT vehicle_id, since_ms, 1 FROM idlings
        ) AS e
        INNER JOIN drivers AS d ON e.vehicle_id = d.vehicle_id
    ),
    changes AS (
        SELECT driver, second + 1 AS window_end, toInt64(weight) AS change FROM counted
        UNION ALL
        SELECT driver, second + 16, -toInt64(weight) FROM counted
    ),
    found AS (
        SELECT if(driver_id = '', vehicle_id, driver_id) AS driver, intDiv(toUnixTimestamp64Milli(window_end), 1000) AS end_s, penalty
        FROM v_driver_scores
        WHERE window = '15s' AND driver IN (SELECT driver FROM drivers)
    ),
    expected AS (
        SELECT driver, window_end, sum(sum(change)) OVER (PARTITION BY driver ORDER BY window_end) AS penalty
        FROM (SELECT * FROM changes UNION ALL SELECT driver, end_s, 0 FROM found)
        GROUP BY driver, window_end
    )
SELECT count(), countIf(e.penalty != f.penalty)
FROM expected AS e
ASOF LEFT JOIN found AS f ON e.driver = f.driver AND f.end_s <= e.window_end
