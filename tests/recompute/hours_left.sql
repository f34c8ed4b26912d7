-- What drivers who rest may still drive (eu561: break, day, week, fortnight; us395: break, shift, window, cycle), and when their rest is
-- a break and a daily rest, recomputed from the fixes, for drivers who drove one vehicle alone that nobody else drove. Result:
-- drivers compared, those that differ.
-- They rest since the log's end, by the clock that fleet time follows when nobody sends. Of a log of a day, both days of 10 h are
-- still to be had or one is under way, and nothing has left a cycle.
WITH
{{driven_minutes}},
    toUnixTimestamp(now()) AS now_s,
    counts AS (
        SELECT driver, profile, minutes, minutes[-1] + 1 AS rests_from, intDiv(now_s, 60) - rests_from AS rest_min,
            arrayFold((n, rest) -> if(rest >= 540, toUInt64(1), n + 1), rests, toUInt64(1)) AS of_day,
            arrayFold((n, rest) -> if(rest >= 30, toUInt64(1), n + 1), rests, toUInt64(1)) AS of_us_stint,
            arrayFold((n, rest) -> if(rest >= 600, toUInt64(1), n + 1), rests, toUInt64(1)) AS of_shift,
            arrayFold((acc, rest) -> multiIf(rest >= 45 OR (acc.2 AND rest >= 30), (toUInt64(1), false), (acc.1 + 1, acc.2 OR rest >= 15)), rests, (toUInt64(1), false)) AS stint,
            minutes[arrayLastIndex(rest -> rest >= 600, rests) + 1] AS shift_from,
            -- Mondays: the epoch was a Thursday.
            arrayCount(m -> intDiv(m + 4320, 10080) = intDiv(intDiv(now_s, 60) + 4320, 10080), minutes) AS of_week
        FROM drivers
    ),
    expected AS (
        SELECT driver, profile, rests_from,
            arrayMap(n -> greatest(toInt64(n), 0), if(profile = 'eu561', [
                270 - if(rest_min >= if(stint.2, 30, 45), 0, stint.1), 600 - if(rest_min >= 540, 0, of_day), 3360 - of_week, 5400 - length(minutes),
                rests_from + if(stint.2, 30, 45), rests_from + 540, 0
            ], [
                480 - if(rest_min >= 30, 0, of_us_stint), 660 - if(rest_min >= 600, 0, of_shift), 4200 - length(minutes), 0,
                rests_from + 30, rests_from + 600, if(rest_min >= 600, 0, shift_from + 840)
            ])) AS numbers
        FROM counts
    ),
    found AS (
        SELECT driver_id, profile, intDiv(toUnixTimestamp64Milli(h.since), 60000) AS rests_from,
            arrayMap(n -> toInt64(n), [h.break_left_min, h.day_left_min, h.week_left_min, ifNotFinite(h.fortnight_left_min, 0)]) AS minutes_left,
            arrayMap(at -> intDiv(toUnixTimestamp64Milli(at), 60000), [h.break_at, h.daily_rest_at, h.window_end]) AS moments,
            arrayConcat(minutes_left, moments) AS numbers
        FROM v_hours_left AS h
        WHERE NOT h.is_driving AND h.driver_id IN (SELECT driver FROM alone)
    )
SELECT count(), countIf(e.driver = '' OR f.driver_id = '' OR e.profile != f.profile OR e.rests_from != f.rests_from OR e.numbers != f.numbers)
FROM expected AS e
FULL OUTER JOIN found AS f ON e.driver = f.driver_id
