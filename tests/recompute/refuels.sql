-- Refuellings from the readings of tank levels and from the fixes, as `refuels` has them: vehicle, start, litres, levels. Result:
-- compared, those that differ.
-- The level is the median of the last five means of slots of 10 s (see fuel.sql), of all readings of vehicles that any rise of 3 % in a
-- minute speaks of. A stay is a phase of standing and the driving after it until five slots have begun since; within one, after 120 s, a
-- level that is 8 % over the lowest is a refuelling: from that lowest, since the slot from whose beginning on the slots' means were more
-- than 1 % over it, up to the last level that was 1 % or more over the highest before. No vehicle here refuels twice within a stay.
WITH
    readings AS (
        SELECT vehicle, at_ms, argMin(pct, is_fix) AS pct
        FROM (
            SELECT vehicle_id AS vehicle, toUnixTimestamp64Milli(timestamp) AS at_ms, toFloat64(fuel_pct) AS pct, 1 AS is_fix FROM v_telemetry WHERE NOT late AND NOT outlier AND isFinite(fuel_pct)
            UNION ALL
            SELECT vehicle_id, toUnixTimestamp64Milli(timestamp), toFloat64(fuel_pct), 0 FROM vehicle_status WHERE isFinite(fuel_pct)
        )
        GROUP BY vehicle, at_ms
    ),
    rising AS (
        SELECT DISTINCT vehicle
        FROM (SELECT vehicle, pct - min(pct) OVER (PARTITION BY vehicle ORDER BY at_ms RANGE BETWEEN 60000 PRECEDING AND CURRENT ROW) AS rise FROM readings)
        WHERE rise >= 3
    ),
    stretches AS (
        SELECT vehicle, stretch, arraySort(groupArray((at_ms, pct))) AS taken,
            arrayFold((slots, reading) -> if(reading.1 - slots.1 >= 10000, (reading.1, arrayPushBack(slots.2, reading.1)), slots), taken, (toInt64(0), CAST([], 'Array(Int64)'))).2 AS begins
        FROM (
            SELECT *, sum(at_ms - before_ms >= 10000) OVER (PARTITION BY vehicle ORDER BY at_ms) AS stretch
            FROM (SELECT *, lagInFrame(at_ms) OVER (PARTITION BY vehicle ORDER BY at_ms ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before_ms FROM readings WHERE vehicle IN (rising))
        )
        GROUP BY vehicle, stretch
    ),
    placed AS (
        SELECT r.vehicle AS vehicle, slot_ms, r.at_ms AS at_ms, avg(r.pct) OVER (PARTITION BY vehicle, slot_ms ORDER BY at_ms) AS mean, dense_rank() OVER (PARTITION BY vehicle ORDER BY slot_ms) AS slot
        FROM (
            SELECT r.vehicle AS vehicle, r.at_ms AS at_ms, r.pct AS pct, b.slot_ms AS slot_ms
            FROM (SELECT * FROM readings WHERE vehicle IN (rising)) AS r
            ASOF INNER JOIN (SELECT vehicle, slot_ms FROM stretches ARRAY JOIN begins AS slot_ms) AS b ON r.vehicle = b.vehicle AND r.at_ms >= b.slot_ms
        ) AS r
    ),
    slots AS (
        SELECT vehicle, slot + 1 AS next, groupArray(mean) OVER (PARTITION BY vehicle ORDER BY slot ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS means,
            any(slot_ms) OVER (PARTITION BY vehicle ORDER BY slot ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS oldest_ms
        FROM (SELECT vehicle, slot, any(slot_ms) AS slot_ms, argMax(mean, at_ms) AS mean FROM placed GROUP BY vehicle, slot)
    ),
    levels AS (
        SELECT p.vehicle AS vehicle, at_ms, slot_ms, mean, arraySort(arrayPushBack(s.means, mean)) AS sorted, length(sorted) AS n, s.oldest_ms AS oldest_ms,
            (sorted[intDiv(n + 1, 2)] + sorted[intDiv(n, 2) + 1]) / 2 AS level
        FROM placed AS p
        LEFT JOIN slots AS s ON p.vehicle = s.vehicle AND p.slot = s.next
        WHERE n >= 3
    ),
    -- Phases of standing, and when the vehicle moved for good after each: five slots later the stay is over.
    phases AS (
        SELECT vehicle, stay, min(at_ms) AS from_ms, argMax(after_ms, at_ms) AS moves_ms
        FROM (
            SELECT *, sum(NOT was_still) OVER (PARTITION BY vehicle ORDER BY at_ms) AS stay
            FROM (
                SELECT vehicle_id AS vehicle, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph <= 5 AS is_still, lagInFrame(is_still) OVER w AS was_still, leadInFrame(at_ms) OVER w AS after_ms
                FROM v_telemetry
                WHERE NOT late AND NOT outlier AND vehicle_id IN (rising)
                WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
            )
            WHERE is_still
        )
        GROUP BY vehicle, stay
    ),
    stays AS (
        SELECT p.vehicle AS vehicle, p.from_ms AS from_ms, arraySort(groupArray((at_ms, level, slot_ms, mean))) AS seen
        FROM phases AS p
        INNER JOIN levels AS l ON p.vehicle = l.vehicle
        WHERE at_ms >= from_ms AND (moves_ms = 0 OR oldest_ms < moves_ms)
        GROUP BY vehicle, from_ms
    ),
    -- Of each stay: lowest level yet, since when slots are over it, and of a rise: from, to, its end, its start.
    rises AS (
        SELECT vehicle, from_ms, arrayFold((acc, one) -> multiIf(
                acc.7, if(one.2 >= acc.4 + 1, (acc.1, acc.2, acc.3, one.2, one.1, acc.6, true), acc),
                one.1 - from_ms >= 120000 AND one.2 - acc.1 >= 8, (acc.1, acc.2, acc.1, one.2, one.1, if(one.4 > acc.1 + 1, if(acc.2 > 0, acc.2, one.3), one.1), true),
                (least(acc.1, one.2), if(one.4 > acc.1 + 1, if(acc.2 > 0, acc.2, one.3), toInt64(0)), 0., 0., toInt64(0), toInt64(0), false)),
            seen, (toFloat64(1000), toInt64(0), 0., 0., toInt64(0), toInt64(0), false)) AS rise
        FROM stays
    ),
    tanks AS (SELECT vehicle_id AS vehicle, argMax(JSONExtractFloat(body, 'tank_litres'), timestamp) AS tank FROM commands WHERE type = 'vehicle.upsert' GROUP BY vehicle),
    expected AS (
        SELECT r.vehicle AS vehicle, rise.6 AS since_ms, any(rise.3) AS from_pct, any(rise.4) AS to_pct, any(rise.5) AS until_ms, any((rise.4 - rise.3) * t.tank / 100) AS litres
        FROM rises AS r
        INNER JOIN tanks AS t ON r.vehicle = t.vehicle
        WHERE rise.7
        GROUP BY vehicle, since_ms
    ),
    found AS (SELECT *, toUnixTimestamp64Milli(started_at) AS since_ms, toUnixTimestamp64Milli(r.ended_at) AS until_ms FROM refuels AS r FINAL)
SELECT count(), countIf(e.vehicle = '' OR f.vehicle_id = '' OR e.until_ms != f.until_ms OR abs(e.from_pct - f.from_pct) > 0.001 OR abs(e.to_pct - f.to_pct) > 0.001 OR abs(e.litres - f.litres) > 0.01)
FROM expected AS e
FULL OUTER JOIN found AS f ON e.vehicle = f.vehicle_id AND e.since_ms = f.since_ms
