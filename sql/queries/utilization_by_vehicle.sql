-- Vehicles over the last days (of each one's depot), today included, least used first: hours in each state, km, trips and the
-- rate: driving / (scheduled hours - hours down), of all days since the first of them on which it was heard of.
WITH
    assumeNotNull((SELECT today FROM v_fleet)) AS today,
    (SELECT zone FROM v_fleet) AS zone,
    trips AS (
        SELECT vehicle_id, count() AS trip_count
        FROM v_trips
        WHERE started_at >= toDateTime(today + 1 - {days:UInt32}, zone)
        GROUP BY vehicle_id
    )
SELECT vehicle_id, sum(driving_s) / 3600 AS driving_h, sum(idling_s) / 3600 AS idling_h, sum(stopped_s) / 3600 AS stopped_h,
    sum(down_s) / 3600 AS down_h,
    arraySum(place -> any(v.hours)[toDayOfWeek(min(day) + place)], range(toUInt32(greatest(today, max(day)) - min(day) + 1))) AS scheduled_h,
    if(scheduled_h > down_h, least(1, driving_h / (scheduled_h - down_h)), 0) AS rate, sum(distance_km) AS distance_km,
    any(trips.trip_count) AS trip_count
FROM vehicle_days_last(days = {days:UInt32}) AS d
INNER JOIN (SELECT vehicle_id, hours FROM v_vehicle_schedules) AS v USING (vehicle_id)
LEFT JOIN trips USING (vehicle_id)
GROUP BY vehicle_id
ORDER BY rate, vehicle_id
LIMIT {limit:UInt32}
