-- The score of every window from its parts. Result: windows compared, those that differ.
WITH
    harsh_brake_count + harsh_accel_count + harsh_corner_count AS harsh,
    distance_m / 1000 AS km,
    greatest(0, least(100, 100 - (3 * harsh + route_deviation_count) * 100 / greatest(km, 100)
        - if(driving_s > 0, 50 * over_limit_s / driving_s, 0) - 20 * crash_count)) AS expected
SELECT count(), countIf(if(km < 49.9999995, isFinite(score), NOT abs(score - expected) < 1e-6))
FROM v_driver_scores
WHERE window != '15s'
