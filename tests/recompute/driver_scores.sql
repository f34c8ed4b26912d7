-- Parts of the scores over all windows, recomputed from alerts and vehicle minutes, for drivers who drove one vehicle alone that
-- nobody else drove. Result: windows compared, those that differ.
WITH
    pairs AS (
        SELECT vehicle_id, any(driver_id) AS driver
        FROM telemetry
        GROUP BY vehicle_id
        HAVING uniqExact(driver_id) = 1 AND driver != ''
    ),
    alone AS (
        SELECT driver, any(pairs.vehicle_id) AS vehicle
        FROM pairs
        WHERE driver NOT IN (SELECT driver_id FROM telemetry WHERE vehicle_id NOT IN (SELECT vehicle_id FROM pairs))
        GROUP BY driver
        HAVING count() = 1
    ),
    minutes AS (
        SELECT alone.driver AS driver, minute, distance_m FROM v_vehicle_minutes INNER JOIN alone ON vehicle_id = alone.vehicle
    ),
    counted AS (
        SELECT driver_id, toStartOfMinute(ts) AS minute,
            countIf(alert_type = 'overspeed') AS overspeed, countIf(alert_type = 'harsh_brake') AS brake,
            countIf(alert_type = 'idling') AS idling, countIf(alert_type = 'harsh_accel') AS accel,
            countIf(alert_type = 'harsh_corner') AS corner
        FROM v_alerts
        WHERE source = 'engine'
        GROUP BY driver_id, minute
    ),
    windows AS (SELECT * FROM v_driver_scores WHERE window != '15s' AND driver_id IN (SELECT driver FROM alone)),
    distances AS (
        SELECT w.driver_id AS driver, w.window AS window, w.window_end AS window_end, sum(m.distance_m) AS distance_m
        FROM windows AS w INNER JOIN minutes AS m ON w.driver_id = m.driver
        WHERE m.minute >= w.window_start AND m.minute < w.window_end
        GROUP BY driver, window, window_end
    ),
    counts AS (
        SELECT w.driver_id AS driver, w.window AS window, w.window_end AS window_end,
            [sum(c.overspeed), sum(c.brake), sum(c.idling), sum(c.accel), sum(c.corner)] AS counts
        FROM windows AS w INNER JOIN counted AS c ON w.driver_id = c.driver_id
        WHERE c.minute >= w.window_start AND c.minute < w.window_end
        GROUP BY driver, window, window_end
    )
SELECT count(),
    countIf(abs(w.distance_m - d.distance_m) > 1
        OR [w.overspeed_count, w.harsh_brake_count, w.idling_count, w.harsh_accel_count, w.harsh_corner_count]
            != if(empty(c.counts), [0, 0, 0, 0, 0], c.counts))
FROM windows AS w
LEFT JOIN distances AS d ON w.driver_id = d.driver AND w.window_end = d.window_end AND w.window = d.window
LEFT JOIN counts AS c ON w.driver_id = c.driver AND w.window_end = c.window_end AND w.window = c.window
