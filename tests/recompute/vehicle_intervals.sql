-- Quarters of an hour, recomputed from the fixes: each one's state holds until the next. Result: quarters compared (those
-- that end before the last fix of their vehicle), those that differ.
WITH
    steps AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, leadInFrame(at_ms) OVER w AS next_ms,
            multiIf(speed_kmph > 5, 1, ignition = 'on', 2, 3) AS state, row_number() OVER w AS n,
            radians(lat) AS lat2, radians(lon) AS lon2, lagInFrame(lat2) OVER w AS lat1, lagInFrame(lon2) OVER w AS lon1,
            if(n = 1, 0, 2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin((lon2 - lon1) / 2), 2)))) AS metres
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    spent AS (
        SELECT vehicle_id, toInt64(quarter) * 900000 AS start_ms,
            sumIf(least(next_ms, start_ms + 900000) - greatest(at_ms, start_ms), state = 1) AS driving,
            sumIf(least(next_ms, start_ms + 900000) - greatest(at_ms, start_ms), state = 2) AS idling,
            sumIf(least(next_ms, start_ms + 900000) - greatest(at_ms, start_ms), state = 3) AS stopped
        FROM steps
        ARRAY JOIN range(toUInt64(intDiv(at_ms, 900000)), toUInt64(intDiv(greatest(next_ms, 1) - 1, 900000) + 1)) AS quarter
        WHERE next_ms > at_ms
        GROUP BY vehicle_id, start_ms
    ),
    ways AS (
        SELECT vehicle_id, intDiv(at_ms, 900000) * 900000 AS start_ms, sum(metres) AS metres FROM steps GROUP BY vehicle_id, start_ms
    ),
    ends AS (SELECT vehicle_id, max(at_ms) AS last_ms FROM steps GROUP BY vehicle_id),
    found AS (SELECT *, toUnixTimestamp64Milli(interval_start) AS start_ms FROM v_vehicle_intervals)
SELECT count(), countIf(
    s.driving != f.driving_ms OR s.idling != f.idling_ms OR s.stopped != f.stopped_ms OR f.offline_ms + f.down_ms != 0
    OR abs(w.metres - f.distance_m) > 5)
FROM spent AS s
INNER JOIN ends AS e ON s.vehicle_id = e.vehicle_id
LEFT JOIN ways AS w ON s.vehicle_id = w.vehicle_id AND s.start_ms = w.start_ms
LEFT JOIN found AS f ON s.vehicle_id = f.vehicle_id AND s.start_ms = f.start_ms
WHERE s.start_ms + 900000 <= e.last_ms
