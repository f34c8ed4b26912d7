-- Live metrics of trips as they were told (topic trip.metrics.live; no table has them): windows of 60 s, sliding by 10 s, from the
-- fixes that name the trip: count, metres, mean speed. Result: windows compared, those that differ, or that one side does not have.
-- A window is told where it holds a fix and where a ten seconds with fixes came in or went out since the one before it.
-- Of declared trips. Coming to a stand adds no jitter, which moving off makes up for: hence metres within 10 where
-- it stands or has just stood, else within 1.
WITH
    steps AS (
        SELECT vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, toFloat64(speed_kmph) AS speed, lagInFrame(speed) OVER w AS speed_before, radians(lat) AS lat2, radians(lon) AS lon2,
            row_number() OVER w AS n, lagInFrame(lat2) OVER w AS lat1, lagInFrame(lon2) OVER w AS lon1,
            if(n = 1, 0, 2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin((lon2 - lon1) / 2), 2)))) AS metres
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- Each ten seconds count in six windows, by their ends.
    windows AS (
        SELECT trip_id, toString(vehicle_id) AS vehicle, (pane + slide) * 10000 AS end_ms, sum(fixes) AS n, sum(way_m) AS metres, sum(speeds) / n AS mean, min(slowest) < 5 AS has_stood, min(pane) AS first_pane, max(pane) AS last_pane
        FROM (
            SELECT trip_id, vehicle_id, intDiv(at_ms, 10000) AS pane, count() AS fixes, sum(metres) AS way_m, sum(speed) AS speeds, min(least(speed, speed_before)) AS slowest
            FROM steps
            WHERE trip_id != ''
            GROUP BY trip_id, vehicle_id, pane
        )
        ARRAY JOIN range(1, 7) AS slide
        GROUP BY trip_id, vehicle, end_ms
    ),
    expected AS (
        SELECT *
        FROM (
            SELECT *, lagInFrame((end_ms + 10000, first_pane, last_pane)) OVER (PARTITION BY trip_id, vehicle ORDER BY end_ms) != (end_ms, first_pane, last_pane) AS is_told
            FROM windows
        )
        WHERE is_told
    ),
    found AS (
        SELECT trip_id, vehicle, end_ms, argMax((n, metres, mean), version) AS numbers, count() > uniqExact(version) AS is_twice
        FROM (
            SELECT JSONExtractString(message, 'trip_id') AS trip_id, JSONExtractString(message, 'vehicle_id') AS vehicle, JSONExtractUInt(message, 'version') AS version,
                toInt64(toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(message, 'window_end'), 3, 'UTC'))) AS end_ms,
                JSONExtractUInt(message, 'event_count') AS n, JSONExtractFloat(message, 'distance_m') AS metres, JSONExtractFloat(message, 'avg_speed_kmph') AS mean
            FROM told_messages
            WHERE topic = 'trip.metrics.live'
        )
        WHERE trip_id IN (SELECT trip_id FROM trip_events)
        GROUP BY trip_id, vehicle, end_ms
    )
SELECT count(), countIf(e.trip_id = '' OR f.trip_id = '' OR f.is_twice OR e.n != f.numbers.1 OR abs(e.metres - f.numbers.2) > if(e.has_stood, 10, 1) OR abs(e.mean - f.numbers.3) > 1e-6)
FROM expected AS e
FULL OUTER JOIN found AS f ON e.trip_id = f.trip_id AND e.vehicle = f.vehicle AND e.end_ms = f.end_ms
