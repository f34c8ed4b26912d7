-- What drivers may still drive before a rule on driving time is overstepped, least first: minutes as of the newest fleet time, of
-- all rules and by rule, and which is the first to be overstepped; of one driver or of all (''). Advisory.
--
-- Of one who drives, what has passed since the row is taken off; the 14 hours of a shift run in any case.
WITH
    assumeNotNull((SELECT max(window_end) FROM fleet_utilization)) AS last_window_end,
    assumeNotNull((SELECT max(minute) + toIntervalMinute(1) FROM vehicle_minutes)) AS last_minute_end,
    greatest(last_window_end, last_minute_end) AS now_at,
    (left_min, passed_min) -> if(isNaN(left_min), nan, greatest(toFloat64(left_min) - passed_min, 0.)) AS after,
    of_now AS (
        SELECT h.driver_id AS driver_id, h.profile AS profile, h.is_driving AS is_driving, h.since AS since, h.day_limit_min AS day_limit_min,
            h.break_at AS break_at, h.daily_rest_at AS daily_rest_at,
            if(h.is_driving, greatest(floor(dateDiff('second', h.counted_until, now_at) / 60), 0.), 0.) AS passed_min,
            after(h.break_left_min, passed_min) AS break_left_min, after(h.day_left_min, passed_min) AS day_left_min,
            after(h.week_left_min, passed_min) AS week_left_min, after(h.fortnight_left_min, passed_min) AS fortnight_left_min,
            if(h.window_end = toDateTime64(0, 3, 'UTC'), nan, greatest(floor(dateDiff('second', now_at, h.window_end) / 60), 0.)) AS window_left_min,
            arrayZip([break_left_min, day_left_min, window_left_min, week_left_min, fortnight_left_min], range(5), if(h.profile = 'eu561',
                ['eu_break', 'eu_day', '', 'eu_week', 'eu_fortnight'],
                ['us_break', 'us_shift', 'us_window', if(h.profile = 'us395', 'us_cycle', 'us_cycle_60'), ''])) AS by_rule,
            arraySort(arrayFilter(rule -> NOT isNaN(rule.1), by_rule)) AS known
        FROM v_hours_left AS h
        WHERE {driver_id:String} = '' OR h.driver_id = {driver_id:String}
    )
SELECT driver_id, profile, if(is_driving, 'driving', 'resting') AS activity, since, if(empty(known), nan, known[1].1) AS drive_left_min,
    known[1].3 AS first_rule, break_left_min, day_left_min, day_limit_min, window_left_min, week_left_min, fortnight_left_min, break_at, daily_rest_at
FROM of_now
ORDER BY isNaN(drive_left_min), drive_left_min, driver_id
LIMIT {limit:UInt32}
