-- The last days (170) end with the today of each vehicle's depot, not with that of the fleet's: at 22:00 in Berlin it is the
-- next day in Kolkata, and in Chicago the day has hours to go.

-- What day it is in each zone: that of the newest quarter of an hour.
CREATE OR REPLACE VIEW v_zone_todays {on_cluster} AS
WITH assumeNotNull((SELECT toDateTime(now_at, 'UTC') FROM v_fleet)) AS now_at
SELECT toString(zone) AS zone, max(toDate(day)) AS today
FROM zone_days FINAL
WHERE starts_at < now_at AND starts_at > now_at - INTERVAL 2 DAY
GROUP BY zone;

-- The sums of the last days, today included, with zone and schedule: `vehicle_day_sums_last(days = 7)`. A day more than the fleet's
-- is read, for zones that are behind it.
CREATE OR REPLACE VIEW vehicle_day_sums_last {on_cluster} AS
WITH
    (SELECT today - {days:UInt32} FROM v_fleet) AS first_day,
    (SELECT mapFromArrays(groupArray(zone), groupArray(today)) FROM v_zone_todays) AS todays
SELECT s.vehicle_id AS vehicle_id, s.day AS day, s.day_start AS day_start, s.day_end AS day_end, s.driving_ms AS driving_ms, s.idling_ms AS idling_ms,
    s.stopped_ms AS stopped_ms, s.down_ms AS down_ms, s.distance_m AS distance_m, s.hour_quarters AS hour_quarters, s.hour_driving_ms AS hour_driving_ms,
    s.hour_idling_ms AS hour_idling_ms, s.hour_distance_m AS hour_distance_m, v.class AS class, v.group_name AS group_name, v.zone AS zone, v.hours AS hours
FROM (SELECT * FROM vehicle_day_sums FINAL WHERE quarter_count > 0 AND day >= first_day AND day > todays[toString(zone)] - {days:UInt32}) AS s
INNER JOIN v_vehicle_schedules AS v ON s.vehicle_id = v.vehicle_id AND s.zone = v.zone;

CREATE OR REPLACE VIEW vehicle_days_last {on_cluster} AS
WITH assumeNotNull((SELECT toInt64(toUnixTimestamp(now_at)) FROM v_fleet)) AS now_s
SELECT vehicle_id, day, least(toInt64(toUnixTimestamp(day_end)), now_s) - toInt64(toUnixTimestamp(day_start)) AS day_s,
    driving_ms / 1000 AS driving_s, idling_ms / 1000 AS idling_s, stopped_ms / 1000 AS stopped_s, down_ms / 1000 AS down_s,
    (day_s * 1000 - toInt64(driving_ms + idling_ms + stopped_ms + down_ms)) / 1000 AS offline_s, 1 - offline_s / day_s AS coverage,
    distance_m / 1000 AS distance_km, class, group_name, zone, hours[toDayOfWeek(day)] AS scheduled_h
FROM vehicle_day_sums_last(days = {days:UInt32});
