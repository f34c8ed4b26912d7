-- Penalties at every second, recomputed from the alerts. Result: (driver, second) compared, those that differ.
WITH
    counted AS (
        SELECT if(driver_id = '', vehicle_id, driver_id) AS driver, ts,
            transform(alert_type, ['overspeed', 'harsh_brake', 'idling'], [2, 3, 1], 0) AS weight
        FROM v_alerts
        WHERE source = 'engine' AND alert_type IN ('overspeed', 'harsh_brake', 'idling')
    ),
    (SELECT min(ts), max(ts) FROM counted) AS span,
    toUInt64(intDiv(toUnixTimestamp64Milli(span.1), 1000)) AS first_second,
    toUInt64(intDiv(toUnixTimestamp64Milli(span.2), 1000) + 20) AS last_second,
    grid AS (
        SELECT d.driver AS driver, fromUnixTimestamp64Milli(toInt64(number * 1000), 'UTC') AS window_end
        FROM (SELECT DISTINCT driver FROM counted) AS d
        CROSS JOIN numbers(first_second, last_second - first_second + 1) AS n
    ),
    expected AS (
        SELECT g.driver AS driver, g.window_end AS window_end,
            sumIf(c.weight, c.ts >= g.window_end - toIntervalSecond(15) AND c.ts < g.window_end) AS penalty
        FROM grid AS g
        INNER JOIN counted AS c ON g.driver = c.driver
        GROUP BY driver, window_end
    ),
    found AS (
        SELECT if(driver_id = '', vehicle_id, driver_id) AS driver, window_end, penalty FROM v_driver_scores WHERE window = '15s'
    )
SELECT count(), countIf(e.penalty != f.penalty)
FROM expected AS e
ASOF LEFT JOIN found AS f ON e.driver = f.driver AND f.window_end <= e.window_end
