-- Shares of the states by day, as `utilization_by_day` forms them, recomputed from the fixes (see parts/days.sql). In UTC.
-- Result: days compared, those that differ.
WITH
{{days}},
    expected AS (
        SELECT day, [sum(driving), sum(idling), sum(stopped), sum(day_ms - driving - idling - stopped)] AS parts,
            arrayMap(part -> part / sum(day_ms), parts) AS shares, count() AS vehicles
        FROM days
        GROUP BY day
    ),
    found AS (
        SELECT toInt64(toUInt16(day)) AS day, [sum(driving_s), sum(idling_s), sum(stopped_s), sum(offline_s)] AS parts,
            arrayMap(part -> part / sum(day_s), parts) AS shares, count() AS vehicles
        FROM vehicle_days_last(days = 3)
        GROUP BY day
    )
SELECT count(), countIf(e.vehicles != f.vehicles OR arrayExists((a, b) -> abs(a - b) > 1e-6, e.shares, f.shares))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.day = f.day
