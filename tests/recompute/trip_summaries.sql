-- 20 s summaries, recomputed from the fixes. Result: windows compared, windows that differ.
-- Positions are stored to 1.1 cm, and a standstill on a trip adds no jitter: hence metres within 1.5.
WITH
{{summaries}}
SELECT count(), countIf(
    e.n != s.event_count OR abs(e.metres - s.distance_m) > 1.5 OR abs(e.mean - s.avg_speed_kmph) > 1e-6
    OR abs(e.slowest - s.min_speed_kmph) > 1e-6 OR abs(e.fastest - s.max_speed_kmph) > 1e-6)
FROM expected AS e
FULL OUTER JOIN v_trip_summaries AS s ON e.vehicle_id = s.vehicle_id AND e.window_start = s.window_start
