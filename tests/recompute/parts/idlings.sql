-- CTEs up to `idlings`: idling episodes from fixes: standing with the engine known to be on for 300 s at least, from the first such
-- fix to the first that moves or has the engine off. Fixes that stand and know nothing of the engine change nothing; a silence of
-- more than 600 s ends it at the last fix. Idling that begins within 5 s of an episode's end goes on with it.
    idle_fixes AS (
        SELECT vehicle_id, at_ms, row_number() OVER w AS n, is_idle, lagInFrame(is_idle) OVER w AS was_idle,
            lagInFrame(at_ms) OVER w AS before_ms, leadInFrame(at_ms) OVER w AS after_ms
        FROM (
            SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, speed_kmph <= 5 AND (ignition = 'on' OR (ignition = 'unknown' AND rpm > 0)) AS is_idle
            FROM v_telemetry
            WHERE NOT late AND NOT outlier AND (speed_kmph > 5 OR ignition != 'unknown' OR isFinite(rpm))
        )
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY at_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    idle_runs AS (
        SELECT vehicle_id, run, min(at_ms) AS since_ms, max(at_ms) AS last_ms, argMax(after_ms, n) AS next_ms,
            if(next_ms = 0 OR next_ms - last_ms > 600000, last_ms, next_ms) AS until_ms, last_ms - since_ms >= 300000 AS is_enough,
            since_ms - lagInFrame(until_ms) OVER (PARTITION BY vehicle_id ORDER BY run ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 5000 AS is_first
        FROM (SELECT *, sum(NOT was_idle OR at_ms - before_ms > 600000) OVER (PARTITION BY vehicle_id ORDER BY n) AS run FROM idle_fixes WHERE is_idle)
        GROUP BY vehicle_id, run
    ),
    idlings AS (
        SELECT vehicle_id, minIf(since_ms, is_enough) AS since_ms, max(last_ms) AS last_ms, max(until_ms) AS until_ms, min(next_ms) = 0 AS is_open
        FROM (SELECT *, sum(is_first) OVER (PARTITION BY vehicle_id ORDER BY run) AS chain FROM idle_runs)
        GROUP BY vehicle_id, chain
        HAVING countIf(is_enough) > 0
    )
