-- Fuel used by trips, and consumption as `fuel_consumption` tells it, from the readings of tank levels in telemetry and status.
-- Result: compared, those that differ.
-- The level is the median of the last five means of slots of 10 s (three at least; the newest slot as far as it goes); what a
-- trip used is the level at its first reading less that at its last. Declared trips from `trip_start` to `trip_end`, or to the next start,
-- if that comes first, or to the last fix that names them, if there is no end; of
-- detected ones from the start to what confirmed the end, see detected_trips.sql. No trip here is refuelled on the way.
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
    -- Behind a gap of 10 s a slot begins anyway: so stretches without one can be cut into slots one by one.
    stretches AS (
        SELECT vehicle, stretch, arraySort(groupArray((at_ms, pct))) AS taken,
            arrayFold((slots, reading) -> if(reading.1 - slots.1 >= 10000, (reading.1, arrayPushBack(slots.2, reading.1)), (slots.1, arrayPushBack(slots.2, slots.1))),
                taken, (toInt64(0), CAST([], 'Array(Int64)'))).2 AS begins
        FROM (
            SELECT *, sum(at_ms - before_ms >= 10000) OVER (PARTITION BY vehicle ORDER BY at_ms) AS stretch
            FROM (SELECT *, lagInFrame(at_ms) OVER (PARTITION BY vehicle ORDER BY at_ms ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before_ms FROM readings)
        )
        GROUP BY vehicle, stretch
    ),
    placed AS (
        SELECT vehicle, slot_ms, reading.1 AS at_ms, avg(reading.2) OVER (PARTITION BY vehicle, slot_ms ORDER BY reading.1) AS mean, dense_rank() OVER (PARTITION BY vehicle ORDER BY slot_ms) AS slot
        FROM stretches
        ARRAY JOIN taken AS reading, begins AS slot_ms
    ),
    slots AS (
        SELECT vehicle, slot + 1 AS next, groupArray(mean) OVER (PARTITION BY vehicle ORDER BY slot ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS means
        FROM (SELECT vehicle, slot, argMax(mean, at_ms) AS mean FROM placed GROUP BY vehicle, slot)
    ),
    levels AS (
        SELECT p.vehicle AS vehicle, at_ms, arraySort(arrayPushBack(s.means, mean)) AS sorted, length(sorted) AS n,
            if(n < 3, nan, (sorted[intDiv(n + 1, 2)] + sorted[intDiv(n, 2) + 1]) / 2) AS level
        FROM placed AS p
        LEFT JOIN slots AS s ON p.vehicle = s.vehicle AND p.slot = s.next
    ),
    tanks AS (SELECT vehicle_id AS vehicle, argMax(JSONExtractFloat(body, 'tank_litres'), timestamp) AS tank FROM commands WHERE type = 'vehicle.upsert' GROUP BY vehicle),
    declared AS (
        SELECT d.trip_id AS trip_id, from_ms, least(if(said_ms > 0, said_ms, n.last_ms), if(next_ms > 0, next_ms, toInt64(1e15))) AS to_ms
        FROM (
            SELECT trip_id, from_ms, said_ms, leadInFrame(from_ms) OVER (PARTITION BY vehicle ORDER BY from_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_ms
            FROM (
                SELECT trip_id, any(vehicle_id) AS vehicle, minIf(toUnixTimestamp64Milli(timestamp), event_type = 'trip_start') AS from_ms, maxIf(toUnixTimestamp64Milli(timestamp), event_type = 'trip_end') AS said_ms
                FROM trip_events
                GROUP BY trip_id
            )
        ) AS d
        LEFT JOIN (SELECT trip_id, max(toUnixTimestamp64Milli(timestamp)) AS last_ms FROM telemetry WHERE trip_id != '' GROUP BY trip_id) AS n ON d.trip_id = n.trip_id
    ),
    spans AS (
        SELECT t.trip_id AS trip_id, t.vehicle_id AS vehicle, t.driver_id AS driver, t.status AS status, t.distance_m AS metres,
            if(t.origin = 'declared', d.from_ms, toUnixTimestamp64Milli(t.started_at)) AS from_ms,
            if(t.origin = 'declared', d.to_ms, toUnixTimestamp64Milli(t.confirmed_at) - 1) AS to_ms
        FROM v_trips AS t
        LEFT JOIN declared AS d ON t.trip_id = d.trip_id
        WHERE t.status IN ('completed', 'cancelled')
    ),
    used AS (
        SELECT s.trip_id AS trip_id, greatest(0, argMin(level, at_ms) - argMax(level, at_ms)) AS used_pct
        FROM spans AS s
        INNER JOIN levels AS l ON s.vehicle = l.vehicle
        WHERE at_ms >= from_ms AND at_ms <= to_ms AND isFinite(level)
        GROUP BY trip_id
    ),
    trips AS (
        SELECT s.*, if(u.trip_id = '', nan, u.used_pct) AS used_pct
        FROM spans AS s
        LEFT JOIN used AS u ON s.trip_id = u.trip_id
    ),
    litres AS (
        SELECT t.*, used_pct * if(k.tank > 0, k.tank, nan) / 100 AS used_l
        FROM trips AS t
        LEFT JOIN tanks AS k ON t.vehicle = k.vehicle
    ),
    expected AS (
        SELECT key.1 AS by, key.2 AS id, count() AS trips, sum(if(by = 'share', used_pct, used_l)) AS used, sum(metres) / 1000 AS km
        FROM litres
        ARRAY JOIN [('share', trip_id), ('litres', trip_id), ('trip', trip_id), ('vehicle', vehicle), ('driver', driver)] AS key
        WHERE by IN ('share', 'litres') OR (status != 'cancelled' AND isFinite(used_l) AND metres >= 1000)
        GROUP BY by, id
    ),
    found AS (
        SELECT if(kind = 1, 'share', 'litres') AS by, trip_id AS id, 1 AS trips, distance_m / 1000 AS km, if(kind = 1, fuel_used_pct, fuel_used_l) AS used, used * 100 / km AS per_100km
        FROM v_trips
        ARRAY JOIN [1, 2] AS kind
        WHERE status IN ('completed', 'cancelled')
        UNION ALL
        SELECT 'trip', * FROM ({{query fuel_consumption by=trip}})
        UNION ALL
        SELECT 'vehicle', * FROM ({{query fuel_consumption by=vehicle}})
        UNION ALL
        SELECT 'driver', * FROM ({{query fuel_consumption by=driver}})
    )
SELECT count(), countIf(e.id = '' OR f.id = '' OR e.trips != f.trips OR abs(e.km - f.km) > 1e-6 OR isFinite(e.used) != isFinite(f.used)
    OR abs(e.used - f.used) > 0.001 * e.trips OR abs(e.used * 100 / e.km - f.per_100km) > 0.001 * e.trips * 100 / e.km)
FROM expected AS e
FULL OUTER JOIN found AS f ON e.by = f.by AND e.id = f.id
