-- Driving times and breaks (eu561: break and day; us395: break, shift and window), recomputed from the fixes, for drivers who
-- drove one vehicle alone that nobody else drove. Result: violations compared, those that differ.
-- A minute of at least 30 s of driving is driven, all else is rest. Within a day both days of 10 h are still to be had.
WITH
    pairs AS (
        SELECT vehicle_id, any(driver_id) AS driver FROM telemetry GROUP BY vehicle_id HAVING uniqExact(driver_id) = 1 AND driver != ''
    ),
    alone AS (
        SELECT driver, any(pairs.vehicle_id) AS vehicle, any(d.hours_of_service) AS profile
        FROM pairs
        INNER JOIN v_drivers AS d ON pairs.driver = d.driver_id
        WHERE driver NOT IN (SELECT driver_id FROM telemetry WHERE vehicle_id NOT IN (SELECT vehicle_id FROM pairs))
        GROUP BY driver
        HAVING count() = 1
    ),
    fixes AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, lagInFrame(speed_kmph) OVER w > 5 AS was_driving,
            if(was_driving, least(at_ms - lagInFrame(at_ms) OVER w, 600000), 0) AS ms
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- A fix more than a minute after the one before tells more than its own minute can hold; so it does in the engine.
    minutes AS (
        SELECT alone.driver AS driver, alone.profile AS profile, intDiv(at_ms, 60000) AS minute
        FROM fixes
        INNER JOIN alone ON fixes.vehicle_id = alone.vehicle
        GROUP BY driver, profile, minute
        HAVING sum(ms) >= 30000
    ),
    drivers AS (
        SELECT driver, profile, arraySort(groupArray(minute)) AS minutes, arrayMap((a, b) -> a - b - 1, arrayPopFront(minutes), arrayPopBack(minutes)) AS rests
        FROM minutes
        GROUP BY driver, profile
    ),
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
