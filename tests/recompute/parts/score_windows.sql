-- CTEs up to `compared`: windows of scores as they are told, with the same from fixes and plans alone, for drivers who drove one
-- vehicle alone that nobody else drove: metres, milliseconds driving, over a known limit, on trips and in gaps of more than 60 s,
-- episodes of each kind, score. And `missing`: minutes that were driven and have no window.
-- What a fix tells of the time before it counts for the fix's minute. Left out: vehicles that are ever down, or in a geofence with
-- a limit.
{{idlings}},
{{overspeeds}},
{{harsh_events}},
{{deviations}},
{{crashes}},
    pairs AS (
        SELECT vehicle_id, any(driver_id) AS driver
        FROM telemetry
        GROUP BY vehicle_id
        HAVING uniqExact(driver_id) = 1 AND driver != ''
    ),
    left_out AS (
        SELECT vehicle_id FROM commands WHERE type = 'maintenance.start'
        UNION ALL SELECT vehicle_id FROM vehicle_status WHERE notEmpty(fault_codes)
        UNION ALL SELECT vehicle_id FROM v_geofence_events
            WHERE geofence_id IN (SELECT JSONExtractString(body, 'geofence_id') FROM commands WHERE type = 'geofence.upsert' AND JSONHas(body, 'limit_kmph'))
    ),
    alone AS (
        SELECT driver, any(pairs.vehicle_id) AS vehicle
        FROM pairs
        WHERE driver NOT IN (SELECT driver_id FROM telemetry WHERE vehicle_id NOT IN (SELECT vehicle_id FROM pairs))
        GROUP BY driver
        HAVING count() = 1 AND vehicle NOT IN (left_out) AND vehicle IN (SELECT vehicle_id FROM v_telemetry)
    ),
    episodes AS (
        SELECT vehicle_id, since_ms, 'overspeed' AS kind FROM overspeeds
        UNION ALL SELECT vehicle_id, since_ms, kind FROM harsh_events
        UNION ALL SELECT vehicle_id, since_ms, 'idling' FROM idlings
        UNION ALL SELECT vehicle_id, since_ms, 'route_deviation' FROM deviations
        UNION ALL SELECT vehicle_id, since_ms, 'crash' FROM crashes
    ),
    fixes AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, trip_id != '' AS is_on_trip, row_number() OVER w AS n,
            if(n = 1, at_ms, lagInFrame(at_ms) OVER w) AS before_ms, lagInFrame(speed_kmph) OVER w > 5 AS was_driving,
            radians(lat - lagInFrame(lat, 1, lat) OVER w) AS dlat, radians(lon - lagInFrame(lon, 1, lon) OVER w) AS dlon,
            2 * 6371008.8 * asin(sqrt(pow(sin(dlat / 2), 2) + cos(radians(lat)) * cos(radians(lat) - dlat) * pow(sin(dlon / 2), 2))) AS step_m
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    pieces AS (
        SELECT vehicle_id, intDiv(at_ms, 60000) AS minute, if(was_driving, least(at_ms - before_ms, 600000), 0) AS driving,
            if(is_on_trip, at_ms - before_ms, 0) AS trip, if(trip > 60000, trip, 0) AS gap, 0 AS over, step_m AS metres, [0, 0, 0, 0, 0, 0, 0] AS counts
        FROM fixes
        UNION ALL
        SELECT vehicle_id, intDiv(at_ms, 60000), 0, 0, 0, ms, 0, [0, 0, 0, 0, 0, 0, 0] FROM over_pieces
        UNION ALL
        SELECT vehicle_id, intDiv(since_ms, 60000), 0, 0, 0, 0, 0,
            arrayMap(one -> toInt64(kind = one), ['overspeed', 'harsh_brake', 'idling', 'harsh_accel', 'harsh_corner', 'route_deviation', 'crash'])
        FROM episodes
    ),
    minutes AS (
        SELECT alone.driver AS driver, toInt64(minute) AS minute, sum(driving) AS driving, sum(over) AS over, sum(trip) AS trip, sum(gap) AS gap,
            sum(metres) AS metres, sumForEach(counts) AS counts
        FROM pieces
        INNER JOIN alone ON pieces.vehicle_id = alone.vehicle
        GROUP BY driver, minute
    ),
    sums AS (
        SELECT driver, minute, [sum(driving) OVER w, sum(over) OVER w, sum(trip) OVER w, sum(gap) OVER w] AS ms, sum(metres) OVER w AS metres,
            [sum(counts[1]) OVER w, sum(counts[2]) OVER w, sum(counts[3]) OVER w, sum(counts[4]) OVER w, sum(counts[5]) OVER w, sum(counts[6]) OVER w, sum(counts[7]) OVER w] AS counts
        FROM minutes
        WINDOW w AS (PARTITION BY driver ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    windows AS (
        SELECT *, intDiv(toUnixTimestamp64Milli(window_start), 60000) AS first_minute, intDiv(toUnixTimestamp64Milli(window_end), 60000) AS end_minute
        FROM v_driver_scores
        WHERE window != '15s' AND driver_id IN (SELECT driver FROM alone)
    ),
    ends AS (
        SELECT w.*, if(empty(s.ms), [0, 0, 0, 0], s.ms) AS end_ms, s.metres AS end_metres, if(empty(s.counts), [0, 0, 0, 0, 0, 0, 0], s.counts) AS end_counts
        FROM windows AS w
        ASOF LEFT JOIN sums AS s ON w.driver_id = s.driver AND s.minute < w.end_minute
    ),
    compared AS (
        SELECT e.*, arrayMap((a, b) -> a - b, end_ms, if(empty(s.ms), [0, 0, 0, 0], s.ms)) AS ms, end_metres - s.metres AS metres,
            arrayMap((a, b) -> a - b, end_counts, if(empty(s.counts), [0, 0, 0, 0, 0, 0, 0], s.counts)) AS counts, metres / 1000 AS km,
            greatest(0, least(100, 100 - (3 * (counts[2] + counts[4] + counts[5]) + counts[6]) * 100 / greatest(km, 100) - if(ms[1] > 0, 50 * ms[2] / ms[1], 0) - 20 * counts[7])) AS points
        FROM ends AS e
        ASOF LEFT JOIN sums AS s ON e.driver_id = s.driver AND s.minute < e.first_minute
    ),
    missing AS (
        SELECT count() AS n
        FROM minutes
        WHERE driving > 0 AND (driver, minute + 1) NOT IN (SELECT driver_id, end_minute FROM windows WHERE window = '1h')
            AND minute < (SELECT max(end_minute) - 2 FROM windows WHERE window = '1h')
    )
