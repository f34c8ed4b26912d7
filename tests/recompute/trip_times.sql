-- Times of declared trips that are over, from fixes and trip events: start, end, duration, seconds moving and idling, idle
-- phases, measured share and mean speed over the duration. Result: trips compared, those that differ, or that one side does not have.
-- Without a `trip_end`, one is over when telemetry has gone on without it. The state of a fix holds until the next one, for 10 minutes at most; of that time a trip has what lies after its start.
-- Left out: vehicles that are ever down, whose time is neither.
WITH
    down AS (SELECT vehicle_id FROM commands WHERE type = 'maintenance.start' UNION ALL SELECT vehicle_id FROM vehicle_status WHERE notEmpty(fault_codes)),
    fixes AS (
        SELECT vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, row_number() OVER w AS n,
            multiIf(speed_kmph > 5, 1, ignition = 'on', 2, 3) AS state, lagInFrame(state) OVER w AS before_state,
            if(n = 1, at_ms, lagInFrame(at_ms) OVER w) AS before_ms
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    spans AS (
        SELECT trip_id, minIf(toUnixTimestamp64Milli(timestamp), event_type = 'trip_start') AS declared_start_ms,
            maxIf(toUnixTimestamp64Milli(timestamp), event_type = 'trip_end') AS declared_end_ms
        FROM trip_events
        WHERE vehicle_id NOT IN (down)
        GROUP BY trip_id
        HAVING countIf(event_type = 'trip_start') = 1
            AND (countIf(event_type = 'trip_end') = 1 OR trip_id NOT IN (SELECT argMax(trip_id, timestamp) FROM v_telemetry WHERE NOT late AND NOT outlier GROUP BY vehicle_id))
    ),
    pieces AS (
        SELECT f.trip_id AS trip_id, f.n AS n, f.at_ms AS at_ms, f.before_state AS state,
            s.declared_start_ms AS start_ms, s.declared_end_ms AS end_ms,
            least(at_ms, before_ms + 600000) AS silent_ms,
            greatest(0, silent_ms - greatest(before_ms, start_ms)) AS measured, greatest(0, at_ms - greatest(silent_ms, start_ms)) AS silent,
            sum(state != 2 OR silent > 0) OVER (PARTITION BY trip_id ORDER BY n) AS phase
        FROM fixes AS f
        INNER JOIN spans AS s ON f.trip_id = s.trip_id
        WHERE f.trip_id != ''
    ),
    phases AS (SELECT trip_id, countIf(idle >= 60000) AS idle_count FROM (
        SELECT trip_id, phase, sumIf(measured, state = 2) AS idle FROM pieces GROUP BY trip_id, phase) GROUP BY trip_id),
    expected AS (
        SELECT trip_id, any(start_ms) AS start_ms, greatest(any(end_ms), max(at_ms)) AS end_ms,
            sumIf(measured, state = 1) AS moving, sumIf(measured, state = 2) AS idle,
            sumIf(measured, measured > 60000) + sumIf(silent, silent > 60000) AS gaps
        FROM pieces
        GROUP BY trip_id
    )
SELECT count(), countIf(e.trip_id = '' OR t.trip_id = ''
    OR toUnixTimestamp64Milli(t.started_at) != e.start_ms OR toUnixTimestamp64Milli(t.ended_at) != e.end_ms
    OR round(t.duration_s * 1000) != e.end_ms - e.start_ms OR round(t.moving_s * 1000) != e.moving
    OR round(t.idle_s * 1000) != e.idle OR t.idle_count != e.idle_count
    OR abs(t.coverage - (1 - e.gaps / (e.end_ms - e.start_ms))) > 1e-9
    OR abs(t.avg_speed_kmph - t.distance_m / (e.end_ms - e.start_ms) * 3600) > 1e-6)
FROM (SELECT e.*, p.idle_count AS idle_count FROM expected AS e INNER JOIN phases AS p ON e.trip_id = p.trip_id) AS e
FULL OUTER JOIN (SELECT * FROM v_trips WHERE origin = 'declared' AND status IN ('completed', 'cancelled') AND vehicle_id NOT IN (down)) AS t ON e.trip_id = t.trip_id
