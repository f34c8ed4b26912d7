-- CTEs `now_ms`, `steps` and `days`: milliseconds by state of each vehicle and day (UTC), from fixes: a fix's state holds until
-- the next one, in use for 10 minutes at most, parked for 24 hours, and up to the newest quarter of an hour that is told of; the
-- rest of a vehicle's day is offline.
    assumeNotNull((SELECT toUnixTimestamp64Milli(toDateTime64(now_at, 3)) FROM v_fleet)) AS now_ms,
    steps AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, multiIf(speed_kmph > 5, 1, ignition = 'on', 2, 3) AS state,
            leadInFrame(at_ms) OVER w AS next_ms,
            least(if(next_ms = 0, now_ms, next_ms), at_ms + if(trip_id != '' OR state < 3, 600000, 86400000), now_ms) AS until_ms
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    days AS (
        SELECT vehicle_id, toInt64(number) AS day,
            sumIf(least(until_ms, (day + 1) * 86400000) - greatest(at_ms, day * 86400000) AS ms, state = 1) AS driving, sumIf(ms, state = 2) AS idling, sumIf(ms, state = 3) AS stopped,
            least(now_ms, (day + 1) * 86400000) - day * 86400000 AS day_ms
        FROM steps
        ARRAY JOIN range(toUInt64(intDiv(at_ms, 86400000)), toUInt64(intDiv(until_ms - 1, 86400000) + 1)) AS number
        WHERE until_ms > at_ms
        GROUP BY vehicle_id, day
    )
