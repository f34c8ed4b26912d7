-- CTE `crashes`: the first of each vehicle, which lasts until a person acknowledges it: the device's flag; or an impact of 2.5 g at
-- 15 km/h, after which the vehicle stands (5 km/h) within 10 s and for 60 s.
    crash_fixes AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph, accel_g, crash, lagInFrame(at_ms) OVER w AS before_ms, lagInFrame(speed_kmph) OVER w AS before_kmph
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    ),
    impacts AS (
        SELECT vehicle_id, hit_ms, arraySort(groupArray((at_ms, speed_kmph))) AS behind, arrayFirst(fix -> fix.2 <= 5, behind).1 AS still_ms,
            arrayFirst(fix -> fix.1 >= still_ms + 60000, behind).1 AS held_ms
        FROM (
            SELECT h.vehicle_id AS vehicle_id, h.at_ms AS hit_ms, f.at_ms AS at_ms, f.speed_kmph AS speed_kmph
            FROM (SELECT * FROM crash_fixes WHERE accel_g >= 2.5 AND greatest(speed_kmph, if(at_ms - before_ms <= 3000, before_kmph, 0)) >= 15) AS h
            INNER JOIN crash_fixes AS f ON h.vehicle_id = f.vehicle_id
            WHERE f.at_ms >= hit_ms AND f.at_ms <= hit_ms + 130000
        )
        GROUP BY vehicle_id, hit_ms
        HAVING still_ms > 0 AND still_ms <= hit_ms + 10000 AND held_ms > 0 AND arrayCount(fix -> fix.1 >= still_ms AND fix.1 <= held_ms AND fix.2 > 5, behind) = 0
    ),
    crashes AS (
        SELECT vehicle_id, argMin(since_ms, known_ms) AS since_ms
        FROM (
            SELECT vehicle_id, at_ms AS since_ms, at_ms AS known_ms FROM crash_fixes WHERE crash
            UNION ALL
            SELECT vehicle_id, hit_ms, held_ms FROM impacts
        )
        GROUP BY vehicle_id
    )
