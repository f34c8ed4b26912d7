-- Distinct vehicles by state at each second, recomputed from the last fix of each vehicle before it.
-- Result: seconds compared, seconds that differ. Rows are written when a value changes: a reader carries them forward.
WITH
{{utilization}}
SELECT count(), countIf(
    s.active != u.active_count OR s.idle != u.idle_count OR s.stopped != u.stopped_count OR u.offline_count != 0)
FROM (SELECT 1 AS k, * FROM states) AS s
ASOF LEFT JOIN (SELECT 1 AS k, * FROM v_fleet_utilization) AS u ON s.k = u.k AND u.window_end <= s.at
