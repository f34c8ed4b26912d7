-- Hour of day x weekday (1: Monday; of each vehicle's depot) over the last days: share of the time that the vehicles heard of
-- in an hour spent driving and idling.
SELECT weekday, place - 1 AS hour, sum(driving) / (sum(quarters) * 900000) AS driving_share,
    sum(idling) / (sum(quarters) * 900000) AS idling_share, sum(metres) / 1000 AS distance_km
FROM
(
    SELECT toDayOfWeek(day) AS weekday, sumForEach(hour_quarters) AS all_quarters, sumForEach(hour_driving_ms) AS all_driving,
        sumForEach(hour_idling_ms) AS all_idling, sumForEach(hour_distance_m) AS all_metres
    FROM vehicle_day_sums_last(days = {days:UInt32})
    GROUP BY weekday
)
ARRAY JOIN range(1, 25) AS place, all_quarters AS quarters, all_driving AS driving, all_idling AS idling, all_metres AS metres
WHERE quarters > 0
GROUP BY weekday, hour
ORDER BY weekday, hour
LIMIT {limit:UInt32}
