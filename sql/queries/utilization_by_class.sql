-- Classes and depots (`by` = class or depot) over the last days, today included, least used first: vehicles, hours driven,
-- scheduled on the days on which a vehicle was heard of, and down; the rate: driving / (scheduled - down); mean and median of
-- the vehicles' own rates.
WITH vehicles AS (
    SELECT if({by:String} = 'depot', any(group_name), any(class)) AS what, sum(driving_s) / 3600 AS driving_h, sum(day_scheduled_h) AS scheduled_h,
        sum(down_s) / 3600 AS down_h, sum(distance_km) AS km, if(scheduled_h > down_h, least(1, driving_h / (scheduled_h - down_h)), 0) AS rate
    FROM (SELECT *, scheduled_h AS day_scheduled_h FROM vehicle_days_last(days = {days:UInt32}))
    GROUP BY vehicle_id
)
SELECT what, count() AS vehicle_count, sum(driving_h) AS total_driving_h, sum(scheduled_h) AS total_scheduled_h, sum(down_h) AS total_down_h,
    if(total_scheduled_h > total_down_h, least(1, total_driving_h / (total_scheduled_h - total_down_h)), 0) AS total_rate,
    avg(rate) AS mean_rate, quantileExactInclusive(0.5)(rate) AS median_rate, sum(km) AS distance_km
FROM vehicles
GROUP BY what
ORDER BY total_rate, what
LIMIT {limit:UInt32}
