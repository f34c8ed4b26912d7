-- CTEs up to `overspeeds` and `over_pieces`: overspeed episodes from fixes: runs over the limit of at least 5 s and two fixes, and
-- runs that begin within 5 s of the end of one; and the time over a known limit, by the moment that it is known at. Limits: the
-- lowest of the message's and the vehicle's, with a tolerance of 3 km/h; without one 80 km/h. No geofence sets one.
    over_fixes AS (
        SELECT f.vehicle_id AS vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph, row_number() OVER w AS n,
            arrayMin(arrayFilter(kmph -> isFinite(kmph) AND kmph > 0, [toFloat64(speed_limit_kmph), toFloat64(l.limit_kmph)])) AS known_kmph,
            speed_kmph > if(known_kmph > 0, known_kmph + 3, 80) AS is_over, lagInFrame(is_over) OVER w AS was_over,
            lagInFrame(at_ms) OVER w AS before_ms, leadInFrame(at_ms) OVER w AS after_ms
        FROM v_telemetry AS f
        LEFT JOIN (SELECT vehicle_id, limit_kmph FROM v_vehicles WHERE isFinite(limit_kmph)) AS l ON f.vehicle_id = l.vehicle_id
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY f.vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    over_ones AS (
        SELECT *, min(at_ms) OVER (PARTITION BY vehicle_id, run) AS run_ms, count() OVER (PARTITION BY vehicle_id, run ORDER BY n) AS place
        FROM (SELECT *, sum(NOT was_over OR at_ms - before_ms > 30000) OVER (PARTITION BY vehicle_id ORDER BY n) AS run FROM over_fixes WHERE is_over)
    ),
    over_runs AS (
        SELECT *, sum(since_ms - before_ms > 5000) OVER (PARTITION BY vehicle_id ORDER BY run) AS chain
        FROM (
            SELECT vehicle_id, run, any(run_ms) AS since_ms, max(at_ms) AS last_ms, argMax(after_ms, n) AS next_ms,
                if(next_ms = 0 OR next_ms - last_ms > 30000, last_ms, next_ms) AS until_ms, argMin(trip_id, n) AS trip_id, max(speed_kmph) AS peak,
                argMin(known_kmph, n) > 0 AS is_known, minIf(at_ms, place >= 2 AND at_ms - run_ms >= 5000) AS told_ms,
                lagInFrame(until_ms) OVER (PARTITION BY vehicle_id ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before_ms
            FROM over_ones
            GROUP BY vehicle_id, run
        )
    ),
    -- Runs of episodes: those of a chain from the first on that is long enough.
    over_told AS (
        SELECT *, minIf(told_ms, told_ms > 0) OVER (PARTITION BY vehicle_id, chain) AS first_told_ms, if(told_ms = first_told_ms, since_ms, before_ms) AS from_ms
        FROM over_runs
    ),
    overspeeds AS (
        SELECT vehicle_id, min(since_ms) AS since_ms, max(until_ms) AS until_ms, argMin(trip_id, run) AS trip_id, max(peak) AS peak
        FROM (SELECT * FROM over_told WHERE first_told_ms > 0 AND until_ms > first_told_ms)
        GROUP BY vehicle_id, chain
    ),
    over_pieces AS (
        SELECT o.vehicle_id AS vehicle_id, greatest(o.at_ms, t.first_told_ms) AS at_ms, if(o.place = 1, o.at_ms - t.from_ms, o.at_ms - o.before_ms) AS ms
        FROM over_ones AS o
        INNER JOIN over_told AS t ON o.vehicle_id = t.vehicle_id AND o.run = t.run
        WHERE t.first_told_ms > 0 AND t.until_ms > t.first_told_ms AND t.is_known
        UNION ALL
        SELECT vehicle_id, until_ms, until_ms - last_ms FROM over_told WHERE first_told_ms > 0 AND until_ms > first_told_ms AND is_known
    )
