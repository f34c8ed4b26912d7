-- The rates of use (200) with what was not measured: `span_h` are the hours from the first of the days on which the vehicle was
-- heard of until now, `offline_h` those that nothing is known of, days of silence included, `coverage` the share of the others;
-- `last_day` is the last one on which it was heard of.
CREATE OR REPLACE VIEW vehicle_rates_last {on_cluster} AS
WITH
    assumeNotNull((SELECT toDateTime(now_at, 'UTC') FROM v_fleet)) AS now_at,
    assumeNotNull((SELECT today FROM v_fleet)) AS fleet_today,
    -- The last days of each zone: today is that of the newest quarter of an hour.
    zones AS (
        SELECT zone, max(day) AS today, min(starts_at) AS from_at, groupArray((day, starts_at)) AS starts
        FROM
        (
            SELECT toString(zone) AS zone, toDate(day) AS day, starts_at
            FROM zone_days FINAL
            WHERE starts_at < now_at AND starts_at > now_at - toIntervalDay({days:UInt32} + 2)
            ORDER BY starts_at DESC
            LIMIT {days:UInt32} BY zone
        )
        GROUP BY zone
    ),
    known AS (
        SELECT v.vehicle_id AS vehicle_id, v.class AS class, v.group_name AS group_name, v.zone AS zone, v.hours AS hours, z.today AS today, z.from_at AS from_at, z.starts AS starts
        FROM v_vehicle_schedules AS v
        INNER JOIN zones AS z ON v.zone = z.zone
    ),
    days AS (
        SELECT k.vehicle_id AS vehicle_id, k.class AS class, k.group_name AS group_name, k.zone AS zone, k.hours AS hours, k.today AS today, k.from_at AS from_at, k.starts AS starts,
            s.day AS day, s.day > k.today - {days:UInt32} AS is_asked, s.driving_ms / 3600000 AS driving, s.idling_ms / 3600000 AS idling,
            s.stopped_ms / 3600000 AS stopped, s.down_ms / 3600000 AS down, s.distance_m / 1000 AS km,
            down * 3600 / (toInt64(toUnixTimestamp(least(s.day_end, now_at))) - toInt64(toUnixTimestamp(s.day_start))) AS down_share
        FROM (SELECT * FROM vehicle_day_sums FINAL WHERE quarter_count > 0 AND day > fleet_today - greatest({days:UInt32}, 90)) AS s
        INNER JOIN known AS k ON s.vehicle_id = k.vehicle_id AND s.zone = k.zone
    )
SELECT vehicle_id, any(class) AS class, any(group_name) AS group_name, any(zone) AS zone, any(from_at) AS from_at,
    sumIf(driving, is_asked) AS driving_h, sumIf(idling, is_asked) AS idling_h, sumIf(stopped, is_asked) AS stopped_h, sumIf(down, is_asked) AS down_h,
    sumIf(km, is_asked) AS distance_km, greatest(min(day), any(today) + 1 - {days:UInt32}) AS first_day,
    arraySum(n -> any(hours)[toDayOfWeek(first_day + n)], range(toUInt32(any(today) - first_day + 1))) AS scheduled_h,
    -- To the millionth of an hour, so that nothing left is 0.
    round(scheduled_h - sumIf(hours[toDayOfWeek(day)] * down_share, is_asked), 6) AS available_h,
    if(available_h > 0, least(1, driving_h / available_h), nan) AS rate, max(day) AS last_day,
    (toInt64(toUnixTimestamp(now_at)) - toInt64(toUnixTimestamp(arrayFirst(start -> start.1 = first_day, any(starts)).2))) / 3600 AS span_h,
    round(span_h - driving_h - idling_h - stopped_h - down_h, 6) AS offline_h, 1 - offline_h / span_h AS coverage
FROM days
GROUP BY vehicle_id;
