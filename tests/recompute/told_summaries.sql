-- 20 s summaries as they were told (topic trip.summary), recomputed from the fixes as for the table (see trip_summaries.sql).
-- Result: windows compared, those that differ, that one side does not have, or that stand in the topic twice.
WITH
{{summaries}},
    told AS (
        SELECT vehicle, start_ms, argMax((n, metres, mean, slowest, fastest), version) AS numbers, count() > uniqExact(version) AS is_twice
        FROM (
            SELECT JSONExtractString(message, 'vehicle_id') AS vehicle, JSONExtractUInt(message, 'version') AS version,
                toInt64(toUnixTimestamp64Milli(parseDateTime64BestEffort(JSONExtractString(message, 'window_start'), 3, 'UTC'))) AS start_ms,
                JSONExtractUInt(message, 'event_count') AS n, JSONExtractFloat(message, 'distance_m') AS metres, JSONExtractFloat(message, 'avg_speed_kmph') AS mean,
                JSONExtractFloat(message, 'min_speed_kmph') AS slowest, JSONExtractFloat(message, 'max_speed_kmph') AS fastest
            FROM told_messages
            WHERE topic = 'trip.summary'
        )
        GROUP BY vehicle, start_ms
    )
SELECT count(), countIf(
    e.vehicle_id = '' OR s.vehicle = '' OR s.is_twice OR e.n != s.numbers.1 OR abs(e.metres - s.numbers.2) > 1.5 OR abs(e.mean - s.numbers.3) > 1e-6
    OR abs(e.slowest - s.numbers.4) > 1e-4 OR abs(e.fastest - s.numbers.5) > 1e-4)
FROM expected AS e
FULL OUTER JOIN told AS s ON e.vehicle_id = s.vehicle AND toUnixTimestamp64Milli(e.window_start) = s.start_ms
