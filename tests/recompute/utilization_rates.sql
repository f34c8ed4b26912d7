-- Rates of use by vehicle, class and depot and the cost of idling, as `utilization_by_vehicle`, `utilization_by_class`,
-- `under_utilized` and `idle_cost` tell them, from the fixes (see parts/days.sql), with the median from the sorted rates. Without
-- schedules all 24 hours of a day count, of the days since a vehicle was heard of first. Result: compared, those that differ.
WITH
{{days}},
    (SELECT idle_litres_per_hour * fuel_price FROM v_fleet) AS price_per_hour,
    (SELECT under_utilized_share FROM v_fleet) AS share_wanted,
    classes AS (SELECT vehicle_id, argMax(JSONExtractString(body, 'class'), timestamp) AS said, argMax(JSONExtractString(body, 'group'), timestamp) AS depot FROM commands WHERE type = 'vehicle.upsert' GROUP BY vehicle_id),
    vehicles AS (
        SELECT d.vehicle_id AS vehicle, any(if(c.said = '', 'car', c.said)) AS class, any(c.depot) AS depot, sum(driving) / 3600000 AS driving_h, sum(idling) / 3600000 AS idling_h, sum(stopped) / 3600000 AS stopped_h,
            intDiv(now_ms - 1, 86400000) - min(day) + 1 AS day_count, driving_h / (24 * least(30, day_count)) AS rate,
            sumIf(driving, day > intDiv(now_ms - 1, 86400000) - 7) / 3600000 / (24 * least(7, day_count)) AS rate_of_week
        FROM days AS d
        LEFT JOIN classes AS c ON d.vehicle_id = c.vehicle_id
        GROUP BY vehicle
    ),
    groups AS (
        SELECT key.1 AS by, key.2 AS id, arraySort(groupArray(rate)) AS sorted, count() AS n, sum(driving_h) AS driven_h, sum(rate) / n AS mean,
            (sorted[intDiv(n + 1, 2)] + sorted[intDiv(n, 2) + 1]) / 2 AS median, arraySort(groupArray(rate_of_week)) AS week, (week[intDiv(n + 1, 2)] + week[intDiv(n, 2) + 1]) / 2 AS median_of_week
        FROM vehicles
        ARRAY JOIN [('class', class), ('depot', depot)] AS key
        GROUP BY by, id
    ),
    expected AS (
        SELECT 'vehicle' AS by, vehicle AS id, [driving_h, idling_h, stopped_h, rate] AS numbers FROM vehicles
        UNION ALL
        SELECT 'cost', vehicle, [idling_h, idling_h * price_per_hour, idling_h / (idling_h + driving_h), 0] FROM vehicles WHERE idling_h > 0
        UNION ALL
        SELECT by, id, [toFloat64(n), driven_h, mean, median] FROM groups
        UNION ALL
        SELECT 'low', vehicle, [rate_of_week, g.median_of_week, rate_of_week / g.median_of_week, 0]
        FROM vehicles AS v
        INNER JOIN (SELECT * FROM groups WHERE by = 'class' AND n >= 3) AS g ON v.class = g.id
        WHERE rate_of_week < share_wanted * g.median_of_week
    ),
    found AS (
        SELECT 'vehicle' AS by, vehicle_id AS id, [driving_h, idling_h, stopped_h, rate] AS numbers FROM ({{query utilization_by_vehicle}})
        UNION ALL
        SELECT 'cost', vehicle_id, [idling_h, cost, idling_share, 0] FROM ({{query idle_cost}})
        UNION ALL
        SELECT 'class', what, [toFloat64(vehicle_count), total_driving_h, mean_rate, median_rate] FROM ({{query utilization_by_class by=class}})
        UNION ALL
        SELECT 'depot', what, [toFloat64(vehicle_count), total_driving_h, mean_rate, median_rate] FROM ({{query utilization_by_class by=depot}})
        UNION ALL
        SELECT 'low', vehicle_id, [rate, median_rate, share_of_median, 0] FROM ({{query under_utilized}})
    )
SELECT count(), countIf(e.by = '' OR f.by = '' OR arrayExists((a, b) -> NOT abs(a - b) < 1e-6, e.numbers, f.numbers))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.by = f.by AND e.id = f.id
