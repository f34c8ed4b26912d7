-- Where the fleet's time went over the last days (of each vehicle's depot), today included: shares of the states over the
-- vehicles that were heard of that day, oldest first. They sum to 1; `coverage` is what is not offline.
SELECT day, count() AS vehicle_count, sum(driving_s) / sum(day_s) AS driving_share, sum(idling_s) / sum(day_s) AS idling_share,
    sum(stopped_s) / sum(day_s) AS stopped_share, sum(offline_s) / sum(day_s) AS offline_share,
    sum(down_s) / sum(day_s) AS down_share, 1 - offline_share AS coverage, sum(distance_km) AS distance_km
FROM vehicle_days_last(days = {days:UInt32})
GROUP BY day
ORDER BY day
LIMIT {limit:UInt32}
