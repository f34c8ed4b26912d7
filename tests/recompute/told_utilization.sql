-- Distinct vehicles by state as they were told (topic metrics.live), against the last fix of each vehicle (see
-- fleet_utilization.sql). Result: seconds compared, those that differ.
WITH
{{utilization}},
    told AS (
        SELECT 1 AS k, end_at, argMax((active, idle, stopped, offline), version) AS numbers
        FROM (
            SELECT JSONExtractUInt(message, 'version') AS version, parseDateTime64BestEffort(JSONExtractString(message, 'window_end'), 3, 'UTC') AS end_at,
                JSONExtractUInt(message, 'active_count') AS active, JSONExtractUInt(message, 'idle_count') AS idle,
                JSONExtractUInt(message, 'stopped_count') AS stopped, JSONExtractUInt(message, 'offline_count') AS offline
            FROM told_messages
            WHERE topic = 'metrics.live'
        )
        GROUP BY end_at
    )
SELECT count(), countIf(s.active != u.numbers.1 OR s.idle != u.numbers.2 OR s.stopped != u.numbers.3 OR u.numbers.4 != 0)
FROM (SELECT 1 AS k, * FROM states) AS s
ASOF LEFT JOIN told AS u ON s.k = u.k AND u.end_at <= s.at
