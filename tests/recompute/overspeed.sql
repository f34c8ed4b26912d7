-- Overspeed episodes from the fixes: runs over the limit of at least 5 s and two fixes, and runs that begin within 5 s of the
-- end of one. Result: compared, those that differ: episodes (start, end, peak) and the seconds over the limit of trips that
-- are over. Limits: the vehicle's, with a tolerance of 3 km/h; without one 80 km/h. No message and no geofence sets one.
WITH
    limits AS (SELECT vehicle_id, limit_kmph + 3 AS limit_kmph FROM v_vehicles WHERE isFinite(limit_kmph)),
    fixes AS (
        SELECT f.vehicle_id AS vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph,
            row_number() OVER w AS n, speed_kmph > if(l.limit_kmph > 0, l.limit_kmph, 80) AS is_over,
            leadInFrame(at_ms) OVER w AS after_ms, lagInFrame(is_over) OVER w AS was_over, lagInFrame(at_ms) OVER w AS before_ms
        FROM v_telemetry AS f
        LEFT JOIN limits AS l ON f.vehicle_id = l.vehicle_id
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY f.vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    numbered AS (
        SELECT *, sum(NOT was_over OR at_ms - before_ms > 30000) OVER (PARTITION BY vehicle_id ORDER BY n) AS run
        FROM fixes
        WHERE is_over
    ),
    runs AS (
        SELECT vehicle_id, run, min(at_ms) AS since_ms, max(at_ms) AS last_ms, argMax(after_ms, at_ms) AS next_ms,
            if(next_ms = 0 OR next_ms - last_ms > 30000, last_ms, next_ms) AS until_ms, any(trip_id) AS trip_id,
            max(speed_kmph) AS peak, count() >= 2 AND last_ms - since_ms >= 5000 AS is_enough
        FROM numbered
        GROUP BY vehicle_id, run
    ),
    chained AS (
        SELECT *, sum(is_first) OVER (PARTITION BY vehicle_id ORDER BY run) AS chain
        FROM (
            SELECT *, since_ms - lagInFrame(until_ms) OVER (PARTITION BY vehicle_id ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 5000 AS is_first
            FROM runs
        )
    ),
    expected AS (
        SELECT vehicle_id, minIf(since_ms, is_enough) AS since_ms, max(until_ms) AS until_ms, argMinIf(trip_id, run, is_enough) AS trip_id,
            maxIf(peak, since_ms_of >= first_ms) AS peak
        FROM (SELECT *, since_ms AS since_ms_of, minIf(since_ms, is_enough) OVER (PARTITION BY vehicle_id, chain) AS first_ms FROM chained)
        GROUP BY vehicle_id, chain
        HAVING countIf(is_enough) > 0
    ),
    found AS (SELECT *, toUnixTimestamp64Milli(ts) AS since_ms FROM v_alerts WHERE alert_type = 'overspeed' AND source = 'engine'),
    episodes AS (
        SELECT count() AS compared, countIf(e.vehicle_id = '' OR f.vehicle_id = '' OR toUnixTimestamp64Milli(f.ended_at) != e.until_ms AND f.state != 'open'
            OR abs(f.value - e.peak) > 1e-6) AS differing
        FROM expected AS e
        FULL OUTER JOIN found AS f ON e.vehicle_id = f.vehicle_id AND e.since_ms = f.since_ms
    ),
    trips AS (
        SELECT count() AS compared, countIf(round(t.overspeed_s * 1000) != e.over) AS differing
        FROM v_trips AS t
        LEFT JOIN (SELECT trip_id, sum(until_ms - since_ms) AS over FROM expected GROUP BY trip_id) AS e ON t.trip_id = e.trip_id
        WHERE t.status IN ('completed', 'cancelled')
    )
SELECT (SELECT compared FROM episodes) + (SELECT compared FROM trips), (SELECT differing FROM episodes) + (SELECT differing FROM trips)
