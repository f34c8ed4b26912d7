-- Hour of day x weekday (1: Monday; of the depot's time zone) over the last days: share of the time that the vehicles heard
-- of in an hour spent driving and idling.
WITH
    (SELECT zone FROM v_fleet) AS zone,
    (SELECT today + 1 - {days:UInt32} FROM v_fleet) AS first_day
SELECT toDayOfWeek(toTimeZone(interval_start, zone)) AS weekday, toHour(toTimeZone(interval_start, zone)) AS hour,
    sum(driving_ms) / (count() * 900000) AS driving_share, sum(idling_ms) / (count() * 900000) AS idling_share,
    sum(distance_m) / 1000 AS distance_km
FROM v_vehicle_intervals
WHERE interval_start >= toDateTime(first_day, zone)
GROUP BY weekday, hour
ORDER BY weekday, hour
LIMIT {limit:UInt32}
