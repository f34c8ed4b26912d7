-- Under-utilized vehicles: whose rate over the last 7 days is under 30 % (`under_utilized_share`) of the median rate of
-- their class, least used first. Rate: driving / (scheduled hours - hours down). A class of fewer than 3 tells nothing.
WITH
    (SELECT under_utilized_share FROM v_fleet) AS share,
    rates AS (
        SELECT d.vehicle_id AS vehicle_id, any(d.class) AS class, sum(driving_s) / 3600 AS driving_h,
            any(arraySum(v.hours)) - sum(down_s) / 3600 AS available_h, if(available_h > 0, driving_h / available_h, 0) AS rate
        FROM vehicle_days_last(days = 7) AS d
        INNER JOIN v_vehicle_schedules AS v ON d.vehicle_id = v.vehicle_id
        GROUP BY vehicle_id
    ),
    classes AS (
        SELECT class, quantileExactInclusive(0.5)(rate) AS median_rate, count() AS vehicle_count
        FROM rates
        GROUP BY class
        HAVING vehicle_count >= 3
    )
SELECT vehicle_id, class, driving_h, rate, median_rate, rate / median_rate AS share_of_median
FROM rates
INNER JOIN classes USING (class)
WHERE rate < share * median_rate
ORDER BY share_of_median, vehicle_id
LIMIT {limit:UInt32}
