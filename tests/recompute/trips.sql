-- Declared trips that are over, by their `trip_end` or because telemetry has gone on without them: count and speeds of their fixes, and their way within 1 % or 30 m.
-- Result: trips compared, those that differ, or that one side does not have.
WITH
    ended AS (SELECT trip_id FROM trip_events GROUP BY trip_id HAVING countIf(event_type = 'trip_start') = 1
        AND (countIf(event_type = 'trip_end') = 1 OR trip_id NOT IN (SELECT argMax(trip_id, timestamp) FROM v_telemetry WHERE NOT late AND NOT outlier GROUP BY vehicle_id))),
    steps AS (
        SELECT trip_id, vehicle_id, toFloat64(speed_kmph) AS speed, radians(lat) AS lat2, radians(lon) AS lon2,
            lagInFrame(lat2) OVER w AS lat1, lagInFrame(lon2) OVER w AS lon1, row_number() OVER w AS n
        FROM v_telemetry
        WHERE NOT late AND NOT outlier AND trip_id IN (ended)
        WINDOW w AS (PARTITION BY vehicle_id, trip_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    expected AS (
        SELECT trip_id, count() AS fixes, avg(speed) AS mean, min(speed) AS slowest, max(speed) AS fastest,
            sum(if(n = 1, 0, 2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin((lon2 - lon1) / 2), 2))))) AS metres
        FROM steps
        GROUP BY trip_id
    )
SELECT count(), countIf(e.trip_id = '' OR t.trip_id = ''
    OR e.fixes != t.event_count OR abs(e.mean - t.mean_speed_kmph) > 1e-6 OR abs(e.slowest - t.min_speed_kmph) > 1e-6
    OR abs(e.fastest - t.max_speed_kmph) > 1e-6 OR abs(e.metres - t.distance_m) > greatest(30, e.metres / 100))
FROM expected AS e
FULL OUTER JOIN (SELECT * FROM v_trips WHERE origin = 'declared' AND status IN ('completed', 'cancelled')) AS t ON e.trip_id = t.trip_id
