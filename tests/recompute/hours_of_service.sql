-- Driving times and breaks (eu561: break and day; us395: break, shift and window), recomputed from the fixes, for drivers who
-- drove one vehicle alone that nobody else drove. Result: violations compared, those that differ.
-- A minute of at least 30 s of driving is driven, all else is rest. Within a day both days of 10 h are still to be had.
WITH
{{driven_minutes}},
    -- Before which minutes a count begins anew, by rule; the break of 45 min may be one of 15 and one of 30.
    resets AS (
        SELECT driver, minutes, rests, about.1 AS rule, about.2 AS limit_min, about.3 AS rest_min,
            arrayFold((acc, rest) -> multiIf(
                rule = 'eu_break' AND rest < 45 AND NOT (acc.2 AND rest >= 30), (arrayPushBack(acc.1, toUInt8(0)), acc.2 OR rest >= 15),
                rule != 'eu_break' AND rest < rest_min, (arrayPushBack(acc.1, toUInt8(0)), acc.2),
                (arrayPushBack(acc.1, if(acc.2, toUInt8(2), toUInt8(1))), false)), rests, ([toUInt8(0)], false)) AS fold,
            fold.1 AS marks, fold.2 AS has_first_part
        FROM drivers
        ARRAY JOIN if(profile = 'eu561', [('eu_break', 270, 45), ('eu_day', 600, 540)],
            [('us_break', 480, 30), ('us_shift', 660, 600), ('us_window', 840, 600)]) AS about
    ),
    stints AS (
        SELECT driver, rule, limit_min, rest_min, has_first_part, stint, arraySort(groupArray(minute)) AS driven, max(mark) AS began_by
        FROM (
            SELECT driver, rule, limit_min, rest_min, has_first_part, minute, mark, stint
            FROM resets
            ARRAY JOIN minutes AS minute, marks AS mark, arrayCumSum(arrayMap(m -> m > 0, marks)) AS stint
        )
        GROUP BY driver, rule, limit_min, rest_min, has_first_part, stint
    ),
    violations AS (
        SELECT driver, rule, driven[-1] + 1 AS last_end,
            if(rule = 'us_window', arrayFirst(m -> m >= driven[1] + 840, driven), driven[limit_min + 1]) AS since,
            if(rule = 'us_window', last_end - driven[1], length(driven)) AS value_min,
            leadInFrame(began_by) OVER (PARTITION BY driver, rule ORDER BY stint ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS ended_by,
            if(ended_by = 2 OR (ended_by = 0 AND rule = 'eu_break' AND has_first_part), 30, rest_min) AS after_min, last_end + after_min AS until
        FROM stints
    ),
    expected AS (SELECT * FROM violations WHERE since > 0),
    found AS (
        SELECT *, intDiv(toUnixTimestamp64Milli(started_at), 60000) AS since, intDiv(toUnixTimestamp64Milli(b.ended_at), 60000) AS until
        FROM v_break_violations AS b
        WHERE driver_id IN (SELECT driver FROM alone) AND rule != 'short_break' AND b.ended_at != b.started_at
    )
SELECT count(), countIf(e.driver = '' OR f.driver_id = '' OR e.value_min != f.value_min OR (f.until != e.until AND (f.until != 0 OR e.ended_by != 0)))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.driver = f.driver_id AND e.rule = f.rule AND e.since = f.since
