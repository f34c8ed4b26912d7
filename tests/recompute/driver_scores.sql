-- Parts of the scores over all windows, recomputed from fixes and alerts, for drivers who drove one vehicle alone that nobody
-- else drove: metres, time driving, over a known limit, measured share of the time on trips, alerts by kind; and that every
-- minute that was driven has its window. Result: windows compared, those that differ or are missing.
-- What a fix tells of the time before it counts for the fix's minute. Only vehicles' own limits are known (see overspeed.sql).
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
    limits AS (SELECT vehicle_id, limit_kmph + 3 AS limit_kmph FROM v_vehicles WHERE isFinite(limit_kmph)),
    fixes AS (
        SELECT f.vehicle_id AS vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, trip_id != '' AS is_on_trip, row_number() OVER w AS n,
            if(n = 1, at_ms, lagInFrame(at_ms) OVER w) AS before_ms, leadInFrame(at_ms) OVER w AS after_ms,
            lagInFrame(speed_kmph) OVER w > 5 AS was_driving, l.limit_kmph > 0 AND speed_kmph > l.limit_kmph AS is_over,
            lagInFrame(is_over) OVER w AS was_over
        FROM v_telemetry AS f
        LEFT JOIN limits AS l ON f.vehicle_id = l.vehicle_id
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY f.vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    over AS (
        SELECT *, min(at_ms) OVER r AS since_ms, count() OVER (PARTITION BY vehicle_id, run ORDER BY n) AS place
        FROM (SELECT *, sum(NOT was_over OR at_ms - before_ms > 30000) OVER (PARTITION BY vehicle_id ORDER BY n) AS run FROM fixes WHERE is_over)
        WINDOW r AS (PARTITION BY vehicle_id, run)
    ),
    runs AS (
        SELECT *, sum(since_ms - before_ms > 5000) OVER (PARTITION BY vehicle_id ORDER BY run) AS chain
        FROM (
            SELECT vehicle_id, run, any(o.since_ms) AS since_ms, max(at_ms) AS last_ms, argMax(after_ms, n) AS next_ms,
                if(next_ms = 0 OR next_ms - last_ms > 30000, last_ms, next_ms) AS until_ms,
                minIf(at_ms, place >= 2 AND at_ms - o.since_ms >= 5000) AS told_ms,
                lagInFrame(until_ms) OVER (PARTITION BY vehicle_id ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before_ms
            FROM over AS o
            GROUP BY vehicle_id, run
        )
    ),
    episodes AS (
        SELECT vehicle_id, run, since_ms, until_ms, last_ms,
            minIf(told_ms, told_ms > 0) OVER c AS first_told_ms, if(told_ms = first_told_ms, since_ms, before_ms) AS from_ms
        FROM runs
        WINDOW c AS (PARTITION BY vehicle_id, chain)
    ),
    over_pieces AS (
        SELECT o.vehicle_id AS vehicle_id, greatest(o.at_ms, e.first_told_ms) AS minute_ms, if(o.place = 1, o.at_ms - e.from_ms, o.at_ms - o.before_ms) AS ms
        FROM over AS o
        INNER JOIN episodes AS e ON o.vehicle_id = e.vehicle_id AND o.run = e.run
        WHERE e.first_told_ms > 0 AND e.until_ms > e.first_told_ms
        UNION ALL
        SELECT vehicle_id, until_ms, until_ms - last_ms FROM episodes WHERE first_told_ms > 0 AND until_ms > first_told_ms
    ),
    pieces AS (
        SELECT vehicle_id, intDiv(at_ms, 60000) AS minute, if(was_driving, least(at_ms - before_ms, 600000), 0) AS driving,
            if(is_on_trip, at_ms - before_ms, 0) AS trip, if(trip > 60000, trip, 0) AS gap, 0 AS over, 0. AS metres, [0, 0, 0, 0, 0] AS counts
        FROM fixes
        UNION ALL
        SELECT vehicle_id, intDiv(minute_ms, 60000), 0, 0, 0, ms, 0, [0, 0, 0, 0, 0] FROM over_pieces
        UNION ALL
        SELECT vehicle_id, intDiv(toUnixTimestamp64Milli(minute), 60000), 0, 0, 0, 0, distance_m, [0, 0, 0, 0, 0] FROM v_vehicle_minutes
        UNION ALL
        SELECT vehicle_id, intDiv(toUnixTimestamp64Milli(ts), 60000), 0, 0, 0, 0, 0,
            arrayMap(kind -> toInt64(alert_type = kind), ['overspeed', 'harsh_brake', 'idling', 'harsh_accel', 'harsh_corner'])
        FROM v_alerts
        WHERE source = 'engine'
    ),
    minutes AS (
        SELECT alone.driver AS driver, toInt64(minute) AS minute, sum(driving) AS driving, sum(over) AS over, sum(trip) AS trip, sum(gap) AS gap,
            sum(metres) AS metres, sumForEach(counts) AS counts
        FROM pieces
        INNER JOIN alone ON pieces.vehicle_id = alone.vehicle
        GROUP BY driver, minute
    ),
    sums AS (
        SELECT driver, minute, [sum(driving) OVER w, sum(over) OVER w, sum(trip) OVER w, sum(gap) OVER w] AS ms, sum(metres) OVER w AS metres,
            [sum(counts[1]) OVER w, sum(counts[2]) OVER w, sum(counts[3]) OVER w, sum(counts[4]) OVER w, sum(counts[5]) OVER w] AS counts
        FROM minutes
        WINDOW w AS (PARTITION BY driver ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    windows AS (
        SELECT *, intDiv(toUnixTimestamp64Milli(window_start), 60000) AS first_minute, intDiv(toUnixTimestamp64Milli(window_end), 60000) AS end_minute
        FROM v_driver_scores
        WHERE window != '15s' AND driver_id IN (SELECT driver FROM alone)
    ),
    ends AS (
        SELECT w.*, if(empty(s.ms), [0, 0, 0, 0], s.ms) AS end_ms, s.metres AS end_metres, if(empty(s.counts), [0, 0, 0, 0, 0], s.counts) AS end_counts
        FROM windows AS w
        ASOF LEFT JOIN sums AS s ON w.driver_id = s.driver AND s.minute < w.end_minute
    ),
    compared AS (
        SELECT e.*, arrayMap((a, b) -> a - b, end_ms, if(empty(s.ms), [0, 0, 0, 0], s.ms)) AS ms, end_metres - s.metres AS metres,
            arrayMap((a, b) -> a - b, end_counts, if(empty(s.counts), [0, 0, 0, 0, 0], s.counts)) AS counts
        FROM ends AS e
        ASOF LEFT JOIN sums AS s ON e.driver_id = s.driver AND s.minute < e.first_minute
    ),
    missing AS (
        SELECT count() AS n
        FROM minutes
        WHERE driving > 0 AND (driver, minute + 1) NOT IN (SELECT driver_id, end_minute FROM windows WHERE window = '1h')
            AND minute < (SELECT max(end_minute) - 2 FROM windows WHERE window = '1h')
    )
SELECT count(), (SELECT n FROM missing) + countIf(abs(distance_m - metres) > 1 OR round(driving_s * 1000) != ms[1] OR round(over_limit_s * 1000) != ms[2]
    OR abs(coverage - if(ms[3] > 0, 1 - ms[4] / ms[3], 1)) > 1e-9
    OR [overspeed_count, harsh_brake_count, idling_count, harsh_accel_count, harsh_corner_count] != counts)
FROM compared
