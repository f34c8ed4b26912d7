-- Classes and depots (`by` = class or depot) over the last days, today included, least used first: vehicles, hours driven,
-- scheduled since each was heard of first, down, and available; the rate: driven / available; mean and median of the
-- vehicles' own rates (`vehicle_rates_last`), of those that have one.
WITH vehicles AS (
    SELECT if({by:String} = 'depot', group_name, class) AS what, driving_h, scheduled_h, down_h, available_h, rate, distance_km
    FROM vehicle_rates_last(days = {days:UInt32})
)
SELECT what, count() AS vehicle_count, sum(driving_h) AS total_driving_h, sum(scheduled_h) AS total_scheduled_h, sum(down_h) AS total_down_h,
    if(total_available_h > 0, least(1, total_driving_h / total_available_h), nan) AS total_rate,
    avgIf(rate, isFinite(rate)) AS mean_rate, quantileExactInclusiveIf(0.5)(rate, isFinite(rate)) AS median_rate,
    sum(vehicles.distance_km) AS distance_km, sum(available_h) AS total_available_h
FROM vehicles
GROUP BY what
ORDER BY total_rate, what
LIMIT {limit:UInt32}
