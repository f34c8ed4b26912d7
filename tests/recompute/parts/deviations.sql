-- CTEs up to `deviations` and `route_ways`: how far fixes of trips with plans are off the line of the newest by then, from plans (positions, or encoded
-- to five digits) and fixes: more than 200 m for 60 s at least, and runs that begin within 5 s of the end of one; and metres on and off.
    planned_lines AS (
        SELECT trip_id, plan_ms, if(JSONType(round, 'planned_route') = 'Array', JSONExtract(round, 'planned_route', 'Array(Array(Float64))'),
                arrayMap((lat, lon) -> [lat / 1e5, lon / 1e5], arrayCumSum(arrayFilter((value, n) -> n % 2 = 1, values, arrayEnumerate(values))), arrayCumSum(arrayFilter((value, n) -> n % 2 = 0, values, arrayEnumerate(values))))) AS points
        FROM (
            SELECT trip_id, toUnixTimestamp64Milli(timestamp) AS plan_ms, plan AS round, JSONExtractString(round, 'planned_route') AS text,
                arrayFold((acc, byte) -> if(bitAnd(byte, 32) > 0, (acc.1, acc.2 + bitShiftLeft(toInt64(bitAnd(byte, 31)), acc.3), acc.3 + 5),
                    (arrayPushBack(acc.1, if((acc.2 + bitShiftLeft(toInt64(bitAnd(byte, 31)), acc.3) AS bits) % 2 = 1, -intDiv(bits + 1, 2), intDiv(bits, 2))), toInt64(0), 0)),
                    arrayMap(place -> toUInt8(ascii(substring(text, place, 1)) - 63), range(1, length(text) + 1)), (CAST([], 'Array(Int64)'), toInt64(0), toInt64(0))).1 AS values
            FROM trip_events
            WHERE plan != '' AND JSONHas(plan, 'planned_route') AND trip_id IN (SELECT trip_id FROM trip_events GROUP BY trip_id HAVING countIf(event_type = 'trip_start') = 1)
        )
    ),
    -- Segments: where one begins, metres of a degree east there, its way east and north, its square.
    planned_segments AS (
        SELECT trip_id, plan_ms, arrayMap((a, b) -> tuple(a[1], a[2], 111195.08 * cos(radians(a[1])) AS per_degree, (b[2] - a[2]) * per_degree AS east, (b[1] - a[1]) * 111195.08 AS north, greatest(east * east + north * north, 1e-9)),
            arrayPopBack(points), arrayPopFront(points)) AS segments
        FROM planned_lines
        WHERE length(points) >= 2
    ),
    route_fixes AS (
        SELECT vehicle_id, f.trip_id AS trip_id, at_ms, n, step_m, sqrt(arrayMin(s -> pow((lon - s.2) * s.3 - (least(1, greatest(0, ((lon - s.2) * s.3 * s.4 + (lat - s.1) * 111195.08 * s.5) / s.6)) AS share) * s.4, 2)
            + pow((lat - s.1) * 111195.08 - share * s.5, 2), segments)) AS off_m, off_m > 200 AS is_off, leadInFrame(at_ms) OVER w AS after_ms, lagInFrame(off_m) OVER w > 200 AS was_off
        FROM (
            SELECT vehicle_id, trip_id, lat, lon, toUnixTimestamp64Milli(timestamp) AS at_ms, row_number() OVER v AS n, radians(lat - lagInFrame(lat, 1, lat) OVER v) AS dlat, radians(lon - lagInFrame(lon, 1, lon) OVER v) AS dlon,
                2 * 6371008.8 * asin(sqrt(pow(sin(dlat / 2), 2) + cos(radians(lat)) * cos(radians(lat) - dlat) * pow(sin(dlon / 2), 2))) AS step_m
            FROM v_telemetry
            WHERE NOT late AND NOT outlier
            WINDOW v AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ) AS f
        ASOF INNER JOIN planned_segments AS p ON f.trip_id = p.trip_id AND f.at_ms >= p.plan_ms
        WINDOW w AS (PARTITION BY f.trip_id ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    route_ways AS (SELECT trip_id, sumIf(step_m, NOT is_off) AS on_m, sumIf(step_m, is_off) AS off_m FROM route_fixes GROUP BY trip_id),
    deviation_runs AS (
        SELECT trip_id, run, any(vehicle_id) AS vehicle_id, min(at_ms) AS since_ms, max(at_ms) AS last_ms, argMax(after_ms, n) AS until_ms, max(off_m) AS peak, last_ms - since_ms >= 60000 AS is_enough,
            since_ms - lagInFrame(until_ms) OVER (PARTITION BY trip_id ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 5000 AS is_first
        FROM (SELECT *, sum(NOT was_off) OVER (PARTITION BY trip_id ORDER BY n) AS run FROM route_fixes WHERE is_off)
        GROUP BY trip_id, run
    ),
    deviations AS (
        SELECT trip_id, any(vehicle_id) AS vehicle_id, minIf(since_ms, is_enough) AS since_ms, max(until_ms) AS until_ms, maxIf(peak, run >= first_run) AS peak
        FROM (
            SELECT *, minIf(run, is_enough) OVER (PARTITION BY trip_id, chain) AS first_run
            FROM (SELECT *, sum(is_first) OVER (PARTITION BY trip_id ORDER BY run) AS chain FROM deviation_runs)
        )
        GROUP BY trip_id, chain
        HAVING countIf(is_enough) > 0
    )
