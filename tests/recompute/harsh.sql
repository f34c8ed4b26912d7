-- Harsh braking, acceleration and cornering from the speeds and headings of successive fixes. Result: compared, those that
-- differ: episodes (start, end, peak) and the counts of trips that are over. For cars, and fixes that are half a second apart
-- at least and send no acceleration.
WITH
    steps AS (
        SELECT vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph, heading, row_number() OVER w AS n,
            lagInFrame(at_ms) OVER w AS before_ms, lagInFrame(speed_kmph) OVER w AS before_kmph, lagInFrame(heading) OVER w AS before_heading,
            leadInFrame(at_ms) OVER w AS after_ms,
            (at_ms - before_ms) / 1000 AS span_s, n > 1 AND span_s <= 3 AS is_measured,
            if(before_kmph >= 10, (speed_kmph - before_kmph) / 3.6 / span_s, 0) AS along,
            abs(positiveModulo(toFloat64(heading) - before_heading + 540, 360) - 180) AS turn_deg,
            if(speed_kmph >= 30 AND before_kmph >= 30, least(speed_kmph, before_kmph) / 3.6 * radians(turn_deg) / span_s, 0) AS lateral,
            [('harsh_brake', -along, 3.9), ('harsh_accel', along, 3.4), ('harsh_corner', lateral, 3.9)] AS values
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    warm AS (
        SELECT vehicle_id, trip_id, n, at_ms, before_ms, after_ms, value.1 AS kind, value.2 AS peak, value.2 >= value.3 - 1e-6 AS is_hot
        FROM steps
        ARRAY JOIN values AS value
        WHERE is_measured AND value.2 >= 0.83 * value.3
    ),
    runs AS (
        SELECT vehicle_id, kind, run, minIf(before_ms, is_hot) AS since_ms, maxIf(peak, at_ms >= hot_ms) AS peak, argMin(trip_id, n) AS trip_id,
            argMax((at_ms, after_ms), n) AS ends, if(ends.2 = 0 OR ends.2 - ends.1 > 3000, ends.1, ends.2) AS until_ms
        FROM (
            SELECT *, minIf(at_ms, is_hot) OVER (PARTITION BY vehicle_id, kind, run) AS hot_ms
            FROM (
                SELECT *, sum(is_new) OVER (PARTITION BY vehicle_id, kind ORDER BY n) AS run
                FROM (
                    SELECT *, n != lagInFrame(n) OVER (PARTITION BY vehicle_id, kind ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) + 1 AS is_new
                    FROM warm
                )
            )
        )
        GROUP BY vehicle_id, kind, run
        HAVING countIf(is_hot) > 0
    ),
    expected AS (
        SELECT vehicle_id, kind, min(since_ms) AS since_ms, max(until_ms) AS until_ms, max(peak) AS peak, argMin(trip_id, run) AS trip_id
        FROM (
            SELECT *, sum(is_first) OVER (PARTITION BY vehicle_id, kind ORDER BY run) AS chain
            FROM (
                SELECT *, since_ms - lagInFrame(until_ms) OVER (PARTITION BY vehicle_id, kind ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 5000 AS is_first
                FROM runs
            )
        )
        GROUP BY vehicle_id, kind, chain
    ),
    episodes AS (
        SELECT count() AS compared, countIf(e.vehicle_id = '' OR f.vehicle_id = '' OR f.state != 'open' AND toUnixTimestamp64Milli(f.ended_at) != e.until_ms
            OR abs(f.value - e.peak) > 1e-3) AS differing
        FROM expected AS e
        FULL OUTER JOIN (
            SELECT *, toUnixTimestamp64Milli(ts) AS since_ms FROM v_alerts WHERE startsWith(alert_type, 'harsh_') AND source = 'engine'
        ) AS f ON e.vehicle_id = f.vehicle_id AND e.kind = f.alert_type AND e.since_ms = f.since_ms
    ),
    trips AS (
        SELECT count() AS compared, countIf([t.harsh_brake_count, t.harsh_accel_count, t.harsh_corner_count]
            != if(empty(e.counts), [0, 0, 0], e.counts)) AS differing
        FROM v_trips AS t
        LEFT JOIN (
            SELECT trip_id, [countIf(kind = 'harsh_brake'), countIf(kind = 'harsh_accel'), countIf(kind = 'harsh_corner')] AS counts
            FROM expected GROUP BY trip_id
        ) AS e ON t.trip_id = e.trip_id
        WHERE t.status IN ('completed', 'cancelled')
    )
SELECT (SELECT compared FROM episodes) + (SELECT compared FROM trips), (SELECT differing FROM episodes) + (SELECT differing FROM trips)
