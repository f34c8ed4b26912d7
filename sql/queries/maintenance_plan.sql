-- Maintenance plans, what is due next first: items that are due, then by the days that are left, by the first of their measures.
--
-- `odometer_km` is the one that was sent last: in a status, or in the last quarter of an hour of which the vehicle drove;
-- `engine_h` are hours of driving and idling since the item was set. `left_days` is the least of: km and engine hours left, over
-- what the vehicle made of them in a day of the last 28, and days to the date; NaN when none of them is known.
WITH
    assumeNotNull((SELECT now_at FROM v_fleet)) AS now_at,
    toDateTime64(0, 3, 'UTC') AS never,
    said AS (
        SELECT vehicle_id, JSONExtractString(body, 'item') AS item, max(timestamp) AS set_at, argMax(body, (timestamp, offset)) AS plan
        FROM commands
        WHERE type = 'maintenance.plan'
        GROUP BY vehicle_id, item
    ),
    items AS (
        SELECT vehicle_id, item, set_at, if(JSONType(plan, 'due_km') IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(plan, 'due_km'), nan) AS due_km,
            if(JSONType(plan, 'in_engine_h') IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(plan, 'in_engine_h'), nan) AS in_engine_h,
            multiIf(JSONType(plan, 'due_at') = 'String', parseDateTime64BestEffortOrZero(JSONExtractString(plan, 'due_at'), 3, 'UTC'),
                fromUnixTimestamp64Milli(JSONExtractInt(plan, 'due_at'), 'UTC')) AS due_at
        FROM said
        WHERE isFinite(due_km) OR isFinite(in_engine_h) OR due_at > never
    ),
    -- The last hour in which a vehicle drove holds its newest odometer: its quarters, an hour more either side where clocks change.
    driven AS (
        SELECT vehicle_id, argMax((day_start, arrayLastIndex(ms -> ms > 0, hour_driving_ms)), day) AS place
        FROM vehicle_day_sums FINAL
        WHERE driving_ms > 0 AND vehicle_id IN (SELECT vehicle_id FROM items) AND day > (SELECT today FROM v_fleet) - 90
        GROUP BY vehicle_id
    ),
    odometers AS (
        SELECT vehicle_id, argMax(km, at) AS odometer_km
        FROM
        (
            SELECT toString(vehicle_id) AS vehicle_id, odometer_km AS km, timestamp AS at
            FROM telemetry
            WHERE isFinite(odometer_km) AND (vehicle_id, toStartOfFifteenMinutes(timestamp)) IN (
                SELECT vehicle_id, place.1 + 3600 * (place.2 - 2) + 900 * arrayJoin(range(12)) FROM driven
            )
            UNION ALL
            SELECT vehicle_id, odometer_km, timestamp
            FROM vehicle_status
            WHERE isFinite(odometer_km) AND vehicle_id IN (SELECT vehicle_id FROM items)
        )
        GROUP BY vehicle_id
    ),
    engine_hours AS (
        SELECT i.vehicle_id AS vehicle_id, i.item AS item, sum(q.driving_ms + q.idling_ms) / 3600000 AS engine_h
        FROM (SELECT vehicle_id, item, set_at FROM items WHERE isFinite(in_engine_h)) AS i
        INNER JOIN
        (
            SELECT toString(vehicle_id) AS vehicle_id, interval_start, driving_ms, idling_ms
            FROM v_vehicle_intervals
            WHERE vehicle_id IN (SELECT vehicle_id FROM items WHERE isFinite(in_engine_h))
                AND interval_start > (SELECT min(set_at) FROM items WHERE isFinite(in_engine_h)) - INTERVAL 15 MINUTE
        ) AS q ON i.vehicle_id = q.vehicle_id
        WHERE q.interval_start > i.set_at - INTERVAL 15 MINUTE
        GROUP BY vehicle_id, item
    ),
    use AS (
        SELECT vehicle_id, distance_km / (span_h / 24) AS km_a_day, (driving_h + idling_h) / (span_h / 24) AS engine_h_a_day
        FROM vehicle_rates_last(days = 28)
    ),
    due AS (
        SELECT vehicle_id, details, max(ts) AS due_since
        FROM v_alerts
        WHERE alert_type = 'maintenance_due' AND ended_at = never AND state != 'dismissed' AND ts >= (SELECT min(set_at) FROM items)
        GROUP BY vehicle_id, details
    ),
    known AS (
        SELECT i.vehicle_id AS vehicle_id, i.item AS item, i.set_at AS set_at, i.due_km AS due_km, i.in_engine_h AS in_engine_h, i.due_at AS due_at,
            if(o.vehicle_id = '', nan, o.odometer_km) AS odometer_km
        FROM items AS i
        LEFT JOIN odometers AS o ON i.vehicle_id = o.vehicle_id
    ),
    counted AS (
        SELECT k.vehicle_id AS vehicle_id, k.item AS item, k.set_at AS set_at, k.due_km AS due_km, k.in_engine_h AS in_engine_h, k.due_at AS due_at,
            k.odometer_km AS odometer_km, if(isFinite(k.in_engine_h), e.engine_h, nan) AS engine_h
        FROM known AS k
        LEFT JOIN engine_hours AS e ON k.vehicle_id = e.vehicle_id AND k.item = e.item
    ),
    used AS (
        SELECT c.vehicle_id AS vehicle_id, c.item AS item, c.set_at AS set_at, c.due_km AS due_km, c.odometer_km AS odometer_km, c.due_km - c.odometer_km AS left_km,
            c.in_engine_h AS in_engine_h, c.engine_h AS engine_h, c.in_engine_h - c.engine_h AS left_engine_h, c.due_at AS due_at,
            arrayFilter(days -> isFinite(days), [
                multiIf(isNaN(left_km), nan, left_km <= 0, 0, left_km / u.km_a_day),
                multiIf(isNaN(left_engine_h), nan, left_engine_h <= 0, 0, left_engine_h / u.engine_h_a_day),
                if(c.due_at = never, nan, greatest(dateDiff('second', now_at, c.due_at), 0) / 86400)
            ]) AS measures, if(empty(measures), nan, arrayMin(measures)) AS left_days
        FROM counted AS c
        LEFT JOIN use AS u ON c.vehicle_id = u.vehicle_id
    )
SELECT s.vehicle_id AS vehicle_id, s.item AS item, toBool(d.details != '') AS is_due, d.due_since AS due_since, left_days, due_km, odometer_km, left_km,
    in_engine_h, engine_h, left_engine_h, due_at, set_at
FROM used AS s
LEFT JOIN due AS d ON s.vehicle_id = d.vehicle_id AND concat('due: ', s.item) = d.details
ORDER BY is_due DESC, isNaN(left_days), left_days, vehicle_id, item
LIMIT {limit:UInt32}
