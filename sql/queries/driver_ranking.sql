-- Drivers by their newest score over a window (1h, 24h, 7d, 30d), worst first, with its parts. Drivers without the least
-- distance come last; unidentified ones are left out.
SELECT driver_id, argMax(score, window_end) AS score, argMax(distance_m, window_end) / 1000 AS distance_km,
    argMax(driving_s, window_end) AS driving_s, argMax(over_limit_s, window_end) AS over_limit_s,
    argMax(harsh_brake_count, window_end) AS harsh_brake_count, argMax(harsh_accel_count, window_end) AS harsh_accel_count,
    argMax(harsh_corner_count, window_end) AS harsh_corner_count, argMax(overspeed_count, window_end) AS overspeed_count,
    argMax(route_deviation_count, window_end) AS route_deviation_count, argMax(crash_count, window_end) AS crash_count,
    argMax(coverage, window_end) AS coverage, max(window_end) AS last_window_end
FROM driver_scores FINAL
WHERE window = {window:String} AND driver_id != ''
    AND window_end > (SELECT max(window_end) FROM driver_scores WHERE window = {window:String}) - toIntervalDay(31)
GROUP BY driver_id
ORDER BY isNaN(score), score, driver_id
LIMIT {limit:UInt32}
