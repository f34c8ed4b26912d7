-- Windows with a route deviation or a crash, of drivers whose counts are compared as in driver_scores.sql, and the scores of all windows.
-- The fleet is started with a `km_min` of 2 (drill/src/recompute/scenes.rs). Up to 100 km metres make no difference to a score beyond
-- that; of longer windows (several rounds of a day) the counts alone are compared here; scores beyond are compared in the other logs
-- (driver_scores_0_100.sql).
-- Result: windows with both a score and a deviation or crash, those of all windows that differ.
WITH
{{score_windows}}
SELECT countIf(counts[6] + counts[7] > 0 AND isFinite(score)), countIf([overspeed_count, harsh_brake_count, idling_count, harsh_accel_count, harsh_corner_count, route_deviation_count, crash_count] != counts
    OR (abs(km - 2) > 0.1 AND km < 99 AND if(km < 2, isFinite(score), NOT abs(score - points) < 1e-6)))
FROM compared
