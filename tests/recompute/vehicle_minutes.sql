-- Minutes of vehicles, recomputed from the fixes: count and speeds of the fixes, metres, and seconds in each state, which
-- holds until the next fix. Result: minutes compared (those with fixes that end before the last fix of their vehicle), those
-- that differ. After a silence of more than five minutes the time before a minute's first fix is given to it as to others.
WITH
    steps AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, leadInFrame(at_ms) OVER w AS next_ms, toFloat64(speed_kmph) AS speed,
            multiIf(speed_kmph > 5, 1, ignition = 'on', 2, 3) AS state, row_number() OVER w AS n,
            radians(lat) AS lat2, radians(lon) AS lon2, lagInFrame(lat2) OVER w AS lat1, lagInFrame(lon2) OVER w AS lon1,
            if(n = 1, 0, 2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin((lon2 - lon1) / 2), 2)))) AS metres
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    spent AS (
        SELECT vehicle_id, toInt64(minute) * 60000 AS start_ms,
            sumIf(least(next_ms, start_ms + 60000) - greatest(at_ms, start_ms) AS ms, state = 1) AS driving, sumIf(ms, state = 2) AS idling,
            sumIf(ms, state = 3) AS stopped
        FROM steps
        ARRAY JOIN range(toUInt64(intDiv(at_ms, 60000)), toUInt64(intDiv(greatest(next_ms, 1) - 1, 60000) + 1)) AS minute
        WHERE next_ms > at_ms
        GROUP BY vehicle_id, start_ms
    ),
    fixes AS (
        SELECT vehicle_id, intDiv(at_ms, 60000) * 60000 AS start_ms, count() AS n, sum(metres) AS metres, avg(speed) AS mean, min(speed) AS slowest, max(speed) AS fastest
        FROM steps
        GROUP BY vehicle_id, start_ms
    ),
    ends AS (SELECT vehicle_id, max(at_ms) AS last_ms FROM steps GROUP BY vehicle_id)
SELECT count(), countIf(f.n != m.event_count OR abs(f.metres - m.distance_m) > 3 OR abs(f.mean - m.avg_speed_kmph) > 1e-4
    OR abs(f.slowest - m.min_speed_kmph) > 1e-6 OR abs(f.fastest - m.max_speed_kmph) > 1e-6
    OR abs(s.driving / 1000 - m.driving_s) > 0.01 OR abs(s.idling / 1000 - m.idling_s) > 0.01 OR abs(s.stopped / 1000 - m.stopped_s) > 0.01)
FROM fixes AS f
INNER JOIN ends AS e ON f.vehicle_id = e.vehicle_id
LEFT JOIN spent AS s ON f.vehicle_id = s.vehicle_id AND f.start_ms = s.start_ms
LEFT JOIN (SELECT *, toUnixTimestamp64Milli(minute) AS start_ms FROM v_vehicle_minutes) AS m ON f.vehicle_id = m.vehicle_id AND f.start_ms = m.start_ms
WHERE f.start_ms + 60000 <= e.last_ms
