-- Parts of the scores over all windows from fixes and plans, see parts/score_windows.sql: metres, time driving, over a known limit,
-- measured share of the time on trips, episodes of the seven kinds; and that every minute that was driven has its window.
-- Result: windows compared, those that differ or are missing. Metres of a standstill on a trip add no
-- jitter: within 0.01 % or 10; where trips are not declared nothing says when a standstill is parking, whose jitter adds none either.
WITH
{{score_windows}},
    vague AS (SELECT driver_id FROM telemetry WHERE ignition = 'unknown' OR (trip_id = '' AND speed_kmph > 5))
SELECT count(), (SELECT n FROM missing) + countIf((driver_id NOT IN (vague) AND abs(distance_m - metres) > greatest(10, metres / 10000)) OR round(driving_s * 1000) != ms[1] OR round(over_limit_s * 1000) != ms[2]
    OR abs(coverage - if(ms[3] > 0, 1 - ms[4] / ms[3], 1)) > 1e-9
    OR [overspeed_count, harsh_brake_count, idling_count, harsh_accel_count, harsh_corner_count, route_deviation_count, crash_count] != counts)
FROM compared
