-- CTEs `detected` to `rides`: trips that nobody declared, see detected_trips.sql.
    detected AS (
        SELECT vehicle_id
        FROM telemetry
        GROUP BY vehicle_id
        HAVING max(trip_id) = '' AND vehicle_id NOT IN (SELECT vehicle_id FROM trip_events)
    ),
    fixes AS (
        SELECT vehicle_id AS vehicle, toUnixTimestamp64Milli(timestamp) AS at_ms, row_number() OVER w AS n, toFloat64(speed_kmph) AS speed, radians(lat) AS phi, radians(lon) AS lambda,
            ignition, speed_kmph > 5 AS is_moving, lagInFrame(at_ms, 1, at_ms) OVER w AS before_ms, multiIf(is_moving, 1, ignition = 'on', 2, 3) AS state, lagInFrame(state) OVER w AS before_state,
            lagInFrame(ignition) OVER w AS ignition_before, lagInFrame(phi, 1, phi) OVER w AS phi_before, lagInFrame(lambda, 1, lambda) OVER w AS lambda_before,
            2 * 6371008.8 * asin(sqrt(pow(sin((phi - phi_before) / 2), 2) + cos(phi_before) * cos(phi) * pow(sin((lambda - lambda_before) / 2), 2))) AS step_m
        FROM v_telemetry
        WHERE NOT late AND NOT outlier AND vehicle_id IN (detected)
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- Where nothing is known of the engine: how far from a fix that stands those of the last 300 s are.
    seen AS (
        SELECT a.vehicle AS vehicle, a.n AS n, max(2 * 6371008.8 * asin(sqrt(pow(sin((b.phi - a.phi) / 2), 2) + cos(a.phi) * cos(b.phi) * pow(sin((b.lambda - a.lambda) / 2), 2)))) AS farthest_m
        FROM (SELECT vehicle, n, at_ms, phi, lambda, span FROM fixes ARRAY JOIN [intDiv(at_ms, 300000) - 1, intDiv(at_ms, 300000)] AS span WHERE NOT is_moving AND ignition = 'unknown') AS a
        INNER JOIN (SELECT vehicle, at_ms, phi, lambda, intDiv(at_ms, 300000) AS span FROM fixes WHERE ignition = 'unknown') AS b ON a.vehicle = b.vehicle AND a.span = b.span
        WHERE b.at_ms <= a.at_ms AND b.at_ms >= a.at_ms - 300000
        GROUP BY vehicle, n
    ),
    stands AS (
        SELECT *, min(at_ms) OVER (PARTITION BY vehicle) AS first_ms, min(at_ms) OVER (PARTITION BY vehicle, off_run) AS off_since_ms
        FROM (SELECT *, sum(ignition != ignition_before) OVER (PARTITION BY vehicle ORDER BY n) AS off_run FROM fixes)
    ),
    parked AS (
        SELECT a.*, NOT is_moving AND at_ms - before_ms > 120000 AND step_m <= 200 AS is_behind_gap, is_behind_gap OR NOT is_moving AND multiIf(ignition = 'off', at_ms - off_since_ms >= 60000, ignition = 'unknown', at_ms - first_ms >= 300000 AND b.n > 0 AND b.farthest_m <= 200, false) AS is_parked
        FROM stands AS a
        LEFT JOIN seen AS b ON a.vehicle = b.vehicle AND a.n = b.n
    ),
    parts AS (SELECT *, sum(is_parked) OVER (PARTITION BY vehicle ORDER BY n) AS part FROM parked),
    -- What ended each stretch: the first fix behind it.
    ends AS (SELECT vehicle AS of_vehicle, toUInt64(part - 1) AS of_part, argMin(is_behind_gap, n) AS is_by_gap FROM parts WHERE is_parked GROUP BY vehicle, part),
    -- Of each stretch between two times of being parked: the first fix that moves, and the first that stands for good.
    bounds AS (
        SELECT vehicle, part, minIf(n, is_moving) AS first_n, maxIf(n, is_moving) + 1 AS last_n
        FROM parts
        GROUP BY vehicle, part
        HAVING countIf(is_moving) > 0
    ),
    rides AS (
        SELECT b.vehicle AS vehicle, b.part AS part, min(at_ms) AS start_ms, max(at_ms) AS end_ms, multiIf(any(e.is_by_gap), 'gap_still', any(ignition) = 'unknown', 'still', 'ignition_off') AS reason, count() AS fixes, argMin(phi, n) AS from_phi, argMin(lambda, n) AS from_lambda, argMax(phi, n) AS to_phi, argMax(lambda, n) AS to_lambda,
            sumIf(step_m, n > first_n) AS metres, sumIf(at_ms - before_ms, n > first_n AND before_state = 1) AS moving_ms, sumIf(at_ms - before_ms, n > first_n AND before_state = 2) AS idle_ms,
            avg(speed) AS mean, max(speed) AS fastest, min(speed) AS slowest
        FROM bounds AS b
        INNER JOIN fixes AS f ON b.vehicle = f.vehicle
        LEFT JOIN ends AS e ON b.vehicle = e.of_vehicle AND b.part = e.of_part
        WHERE n >= first_n AND n <= last_n
        GROUP BY vehicle, part
        HAVING metres >= 200 AND end_ms - start_ms >= 60000
    )
