-- Under-utilized vehicles: whose rate over the last 7 days (`vehicle_rates_last`) is under 30 % (`under_utilized_share`) of
-- the median rate of their class, least used first. Vehicles without available hours are left out; a class of fewer than 3
-- others tells nothing.
WITH
    (SELECT under_utilized_share FROM v_fleet) AS share,
    rates AS (SELECT vehicle_id, class, driving_h, rate FROM vehicle_rates_last(days = 7) WHERE isFinite(rate)),
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
