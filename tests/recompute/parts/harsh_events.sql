-- CTEs up to `harsh_events`: harsh braking, acceleration and cornering from the speeds and headings of successive fixes, half a
-- second to 3 s apart, or from the accelerations that they send, by the thresholds of the vehicle's class. (A second apart at least
-- where they send some: then the mean of a second is the fix's own.)
    harsh_steps AS (
        SELECT f.vehicle_id AS vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph, heading, row_number() OVER w AS n,
            lagInFrame(at_ms) OVER w AS before_ms, lagInFrame(speed_kmph) OVER w AS before_kmph, lagInFrame(heading) OVER w AS before_heading,
            leadInFrame(at_ms) OVER w AS after_ms,
            (at_ms - before_ms) / 1000 AS span_s, n > 1 AND span_s <= 3 AS is_measured,
            if(before_kmph >= 10, if(isFinite(accel_long_ms2), accel_long_ms2, (speed_kmph - before_kmph) / 3.6 / span_s), 0) AS along,
            abs(positiveModulo(toFloat64(heading) - before_heading + 540, 360) - 180) AS turn_deg,
            least(speed_kmph, before_kmph) / 3.6 * radians(turn_deg) / span_s AS by_heading,
            multiIf(speed_kmph < 30 OR before_kmph < 30, 0, isNaN(accel_lat_ms2), by_heading, span_s > 1.5, greatest(abs(accel_lat_ms2), by_heading), abs(accel_lat_ms2)) AS lateral,
            multiIf(c.class = 'van', (3.5, 3.2, 3.5), c.class = 'truck', (2.9, 2.6, 2.9), (3.9, 3.4, 3.9)) AS most,
            [('harsh_brake', -along, most.1), ('harsh_accel', along, most.2), ('harsh_corner', lateral, most.3)] AS values
        FROM v_telemetry AS f
        LEFT JOIN (SELECT vehicle_id, argMax(JSONExtractString(body, 'class'), timestamp) AS class FROM commands WHERE type = 'vehicle.upsert' GROUP BY vehicle_id) AS c ON f.vehicle_id = c.vehicle_id
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY f.vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    harsh_warm AS (
        SELECT *, minIf(at_ms, is_hot) OVER (PARTITION BY vehicle_id, kind, run) AS hot_ms
        FROM (
            SELECT *, sum(is_new) OVER (PARTITION BY vehicle_id, kind ORDER BY n) AS run
            FROM (
                SELECT vehicle_id, trip_id, n, at_ms, before_ms, after_ms, value.1 AS kind, value.2 AS peak, value.2 >= value.3 - 1e-6 AS is_hot,
                    n != lagInFrame(n) OVER (PARTITION BY vehicle_id, value.1 ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) + 1 AS is_new
                FROM harsh_steps
                ARRAY JOIN values AS value
                WHERE is_measured AND value.2 >= 0.83 * value.3
            )
        )
    ),
    harsh_runs AS (
        SELECT vehicle_id, kind, run, minIf(before_ms, is_hot) AS since_ms, maxIf(peak, at_ms >= hot_ms) AS peak, argMin(trip_id, n) AS trip_id,
            argMax((at_ms, after_ms), n) AS ends, if(ends.2 = 0 OR ends.2 - ends.1 > 3000, ends.1, ends.2) AS until_ms,
            since_ms - lagInFrame(until_ms) OVER (PARTITION BY vehicle_id, kind ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 5000 AS is_first
        FROM harsh_warm
        GROUP BY vehicle_id, kind, run
        HAVING countIf(is_hot) > 0
    ),
    harsh_events AS (
        SELECT vehicle_id, kind, min(since_ms) AS since_ms, max(until_ms) AS until_ms, max(peak) AS peak, argMin(trip_id, run) AS trip_id
        FROM (SELECT *, sum(is_first) OVER (PARTITION BY vehicle_id, kind ORDER BY run) AS chain FROM harsh_runs)
        GROUP BY vehicle_id, kind, chain
    )
