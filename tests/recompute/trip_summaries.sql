-- 20 s summaries, recomputed from the fixes. Result: windows compared, windows that differ.
-- Positions are stored to 1.1 cm, and a standstill on a trip adds no jitter: hence metres within 1.5.
WITH
    steps AS (
        SELECT vehicle_id, timestamp, toFloat64(speed_kmph) AS speed, radians(lat) AS lat2, radians(lon) AS lon2,
            row_number() OVER w AS n, lagInFrame(radians(lat), 1) OVER w AS lat1, lagInFrame(radians(lon), 1) OVER w AS lon1
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    ways AS (
        SELECT vehicle_id, timestamp, speed,
            if(n = 1, 0, 2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin((lon2 - lon1) / 2), 2)))) AS metres
        FROM steps
    ),
    expected AS (
        SELECT vehicle_id, fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(timestamp), 20000) * 20000, 'UTC') AS window_start,
            count() AS n, sum(metres) AS metres, avg(speed) AS mean, min(speed) AS slowest, max(speed) AS fastest
        FROM ways
        GROUP BY vehicle_id, window_start
    )
SELECT count(), countIf(
    e.n != s.event_count OR abs(e.metres - s.distance_m) > 1.5 OR abs(e.mean - s.avg_speed_kmph) > 1e-6
    OR abs(e.slowest - s.min_speed_kmph) > 1e-6 OR abs(e.fastest - s.max_speed_kmph) > 1e-6)
FROM expected AS e
FULL OUTER JOIN v_trip_summaries AS s ON e.vehicle_id = s.vehicle_id AND e.window_start = s.window_start
