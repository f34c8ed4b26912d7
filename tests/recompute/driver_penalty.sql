-- Penalties, recomputed from the alerts: an alert counts in the windows that end up to 15 s after it. Both are steps, which are
-- compared at every second at which either may change. Result: (driver, second) compared, those that differ.
WITH
    counted AS (
        SELECT if(driver_id = '', vehicle_id, driver_id) AS driver, intDiv(toUnixTimestamp64Milli(ts), 1000) AS second,
            transform(alert_type, ['overspeed', 'harsh_brake', 'idling'], [2, 3, 1], 0) AS weight
        FROM v_alerts
        WHERE source = 'engine' AND alert_type IN ('overspeed', 'harsh_brake', 'idling')
    ),
    changes AS (
        SELECT driver, second + 1 AS window_end, toInt64(weight) AS change FROM counted
        UNION ALL
        SELECT driver, second + 16, -toInt64(weight) FROM counted
    ),
    found AS (
        SELECT if(driver_id = '', vehicle_id, driver_id) AS driver, intDiv(toUnixTimestamp64Milli(window_end), 1000) AS end_s, penalty
        FROM v_driver_scores
        WHERE window = '15s'
    ),
    expected AS (
        SELECT driver, window_end, sum(sum(change)) OVER (PARTITION BY driver ORDER BY window_end) AS penalty
        FROM (SELECT * FROM changes UNION ALL SELECT driver, end_s, 0 FROM found)
        GROUP BY driver, window_end
    )
SELECT count(), countIf(e.penalty != f.penalty)
FROM expected AS e
ASOF LEFT JOIN found AS f ON e.driver = f.driver AND f.end_s <= e.window_end
