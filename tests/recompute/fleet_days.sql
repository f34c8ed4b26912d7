-- Days of vehicles in their depots' time zones, hours down, shares of hours of the day, rates by vehicle, class and depot against
-- schedules, and the under-utilized, as `v_vehicle_days`, `downtime`, `utilization_by_hour`, `utilization_by_vehicle`,
-- `utilization_by_class` and `under_utilized` tell them, from fixes, maintenance commands and fault codes. Result: compared, those
-- that differ.
-- Zones and schedules are those that the fleet is started with (drill/src/recompute/scenes.rs): the group linehaul at 5 h 30 from
-- UTC with 9 h, 5 on Saturdays and 4 on Sundays; veh_1001 with 4 h; other trucks 10 h, others 24 h, in UTC. A fix's state holds until
-- the next one, in use for 10 minutes at most, parked for 24 hours; down is what is in maintenance or has a critical fault open, from
-- the first fix on; the rest of a day is offline.
WITH
    assumeNotNull((SELECT toUnixTimestamp64Milli(toDateTime64(now_at, 3)) FROM v_fleet)) AS now_ms,
    (SELECT under_utilized_share FROM v_fleet) AS share_wanted,
    steps AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, multiIf(speed_kmph > 5, 1, ignition = 'on', 2, 3) AS state, leadInFrame(at_ms) OVER w AS next_ms,
            least(if(next_ms = 0, now_ms, next_ms), at_ms + if(trip_id != '' OR state < 3, 600000, 86400000), now_ms) AS until_ms
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- Changes of being in the workshop, and of having a critical fault: each lasts until the next of its kind.
    changes AS (
        SELECT vehicle_id, 'workshop' AS why, toUnixTimestamp64Milli(timestamp) AS at_ms, type = 'maintenance.start' AS is_down FROM commands WHERE startsWith(type, 'maintenance.') AND type IN ('maintenance.start', 'maintenance.end')
        UNION ALL
        SELECT vehicle_id, 'fault', toUnixTimestamp64Milli(timestamp), hasAny(fault_codes, ['P0217', 'P0218', 'P0524']) FROM vehicle_status
    ),
    spans AS (
        SELECT vehicle_id, groupArrayIf((greatest(at_ms, first_ms), if(next_ms = 0, now_ms, next_ms)), is_down) AS downs
        FROM (SELECT *, leadInFrame(at_ms) OVER (PARTITION BY vehicle_id, why ORDER BY at_ms ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_ms FROM changes) AS c
        INNER JOIN (SELECT vehicle_id, min(at_ms) AS first_ms FROM steps GROUP BY vehicle_id) AS f ON c.vehicle_id = f.vehicle_id
        GROUP BY vehicle_id
    ),
    quarters AS (
        SELECT vehicle_id, quarter, sumIf(ms, state = 1) AS driving, sumIf(ms, state = 2) AS idling, sumIf(ms, state = 3) AS stopped, sumIf(ms, state = 4) AS down
        FROM (
            SELECT s.vehicle_id AS vehicle_id, toInt64(number) AS quarter, state, least(until_ms, (quarter + 1) * 900000) - greatest(at_ms, quarter * 900000)
                - arraySum(span -> greatest(0, least(until_ms, (quarter + 1) * 900000, span.2) - greatest(at_ms, quarter * 900000, span.1)), d.downs) AS ms
            FROM (SELECT * FROM steps WHERE until_ms > at_ms) AS s
            LEFT JOIN spans AS d ON s.vehicle_id = d.vehicle_id
            ARRAY JOIN range(toUInt64(intDiv(at_ms, 900000)), toUInt64(intDiv(until_ms - 1, 900000) + 1)) AS number
            UNION ALL
            SELECT vehicle_id, toInt64(number) AS quarter, 4, greatest(0, least(span.2, (quarter + 1) * 900000, now_ms) - greatest(span.1, quarter * 900000))
            FROM spans
            ARRAY JOIN downs AS span
            ARRAY JOIN range(toUInt64(intDiv(span.1, 900000)), toUInt64(intDiv(least(span.2, now_ms) - 1, 900000) + 1)) AS number
        )
        GROUP BY vehicle_id, quarter
        HAVING driving + idling + stopped + down > 0
    ),
    setups AS (SELECT vehicle_id, argMax(JSONExtractString(body, 'class'), timestamp) AS said, argMax(JSONExtractString(body, 'group'), timestamp) AS depot FROM commands WHERE type = 'vehicle.upsert' GROUP BY vehicle_id),
    zoned AS (
        SELECT q.*, if(said = '', 'car', said) AS class, depot, if(depot = 'linehaul', 22, 0) AS ahead, intDiv(quarter + ahead, 96) AS day, intDiv((quarter + ahead) % 96, 4) AS hour,
            multiIf(q.vehicle_id = 'veh_1001', [4, 4, 4, 4, 4, 4, 4], depot = 'linehaul', [9, 9, 9, 9, 9, 5, 4], class = 'truck', [10, 10, 10, 10, 10, 10, 10], [24, 24, 24, 24, 24, 24, 24]) AS hours
        FROM quarters AS q
        LEFT JOIN setups AS u ON q.vehicle_id = u.vehicle_id
    ),
    days AS (
        SELECT vehicle_id, day, any(class) AS class, any(depot) AS depot, any(hours) AS hours, any(ahead) AS ahead, sum(driving) AS driving, sum(idling) AS idling, sum(stopped) AS stopped, sum(down) AS down,
            least(now_ms, (day + 1) * 86400000 - ahead * 900000) - (day * 86400000 - ahead * 900000) AS day_ms, hours[(day + 3) % 7 + 1] AS scheduled
        FROM zoned
        GROUP BY vehicle_id, day
    ),
    rates AS (
        SELECT vehicle_id, any(class) AS class, any(depot) AS depot, sum(driving) / 3600000 AS driving_h, arraySum(place -> any(hours)[(place + 3) % 7 + 1], range(toUInt64(min(day)), toUInt64(intDiv(now_ms - 1 + any(ahead) * 900000, 86400000) + 1))) AS scheduled_h,
            round(scheduled_h - sum(scheduled * down / day_ms), 6) AS available_h, if(available_h > 0, least(1, driving_h / available_h), nan) AS rate
        FROM days
        GROUP BY vehicle_id
    ),
    groups AS (
        SELECT key.1 AS by, key.2 AS id, arraySort(groupArrayIf(rate, isFinite(rate))) AS sorted, length(sorted) AS n, count() AS vehicles, sum(driving_h) AS driven_h, least(1, sum(driving_h) / sum(available_h)) AS total,
            arraySum(sorted) / n AS mean, (sorted[intDiv(n + 1, 2)] + sorted[intDiv(n, 2) + 1]) / 2 AS median
        FROM rates
        ARRAY JOIN [('class', class), ('depot', depot)] AS key
        GROUP BY by, id
    ),
    expected AS (
        SELECT 'day' AS by, concat(vehicle_id, ' ', toString(day)) AS id, [driving / 1000, idling / 1000, stopped / 1000, down / 1000, day_ms / 1000, toFloat64(scheduled)] AS numbers FROM days
        UNION ALL
        SELECT 'down', vehicle_id, [sum(down) / 3600000, toFloat64(countIf(down > 0)), sum(down) / sum(day_ms), 0., 0., 0.] FROM days GROUP BY vehicle_id HAVING sum(down) > 0
        UNION ALL
        SELECT 'hour', concat(toString((day + 3) % 7 + 1), ' ', toString(hour)) AS id, [sum(driving) / count() / 900000, sum(idling) / count() / 900000, 0., 0., 0., 0.] FROM zoned GROUP BY id
        UNION ALL
        SELECT 'vehicle', vehicle_id, [driving_h, toFloat64(scheduled_h), available_h, rate, 0., 0.] FROM rates
        UNION ALL
        SELECT by, id, [toFloat64(vehicles), driven_h, total, mean, median, 0.] FROM groups
        UNION ALL
        SELECT 'low', vehicle_id, [rate, g.median, rate / g.median, 0., 0., 0.]
        FROM rates AS r
        INNER JOIN (SELECT * FROM groups WHERE by = 'class' AND n >= 3) AS g ON r.class = g.id
        WHERE rate < share_wanted * g.median
    ),
    found AS (
        SELECT 'day' AS by, concat(vehicle_id, ' ', toString(toInt64(toUInt16(day)))) AS id, [driving_s, idling_s, stopped_s, down_s, toFloat64(day_s), toFloat64(scheduled_h)] AS numbers FROM v_vehicle_days
        UNION ALL
        SELECT 'down', vehicle_id, [down_h, toFloat64(day_count), down_share, 0., 0., 0.] FROM ({{query downtime}})
        UNION ALL
        SELECT 'hour', concat(toString(weekday), ' ', toString(hour)), [driving_share, idling_share, 0., 0., 0., 0.] FROM ({{query utilization_by_hour}})
        UNION ALL
        SELECT 'vehicle', vehicle_id, [driving_h, toFloat64(scheduled_h), available_h, rate, 0., 0.] FROM ({{query utilization_by_vehicle}})
        UNION ALL
        SELECT 'class', what, [toFloat64(vehicle_count), total_driving_h, total_rate, mean_rate, median_rate, 0.] FROM ({{query utilization_by_class by=class}})
        UNION ALL
        SELECT 'depot', what, [toFloat64(vehicle_count), total_driving_h, total_rate, mean_rate, median_rate, 0.] FROM ({{query utilization_by_class by=depot}})
        UNION ALL
        SELECT 'low', vehicle_id, [rate, median_rate, share_of_median, 0., 0., 0.] FROM ({{query under_utilized}})
    )
SELECT count(), countIf(e.by = '' OR f.by = '' OR arrayExists((a, b) -> NOT (abs(a - b) < 1e-5 OR (isNaN(a) AND isNaN(b))), arrayResize(e.numbers, 6), arrayResize(f.numbers, 6)))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.by = f.by AND e.id = f.id
