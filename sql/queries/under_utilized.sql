-- Under-utilized vehicles: whose rate over the last 7 days (`vehicle_rates_last`) is under 30 % (`under_utilized_share`) of
-- the median rate of their class, least used first. Vehicles without available hours are left out; a class of fewer than 3
-- others tells nothing.
WITH (SELECT under_utilized_share FROM v_fleet) AS share
SELECT vehicle_id, class, driving_h, rate, median_rate, rate / median_rate AS share_of_median
FROM
(
    -- Windows, not a join: the rates are formed once.
    SELECT vehicle_id, class, driving_h, rate, quantileExactInclusive(0.5)(rate) OVER (PARTITION BY class) AS median_rate,
        count() OVER (PARTITION BY class) AS vehicle_count
    FROM vehicle_rates_last(days = 7)
    WHERE isFinite(rate)
)
WHERE vehicle_count >= 3 AND rate < share * median_rate
ORDER BY share_of_median, vehicle_id
LIMIT {limit:UInt32}
