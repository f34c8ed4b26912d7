-- CTEs `span` to `states`: vehicles by state at each second of the log.
    (SELECT min(timestamp), max(timestamp) FROM v_telemetry) AS span,
    toUInt64(intDiv(toUnixTimestamp64Milli(span.1), 1000) + 1) AS first_second,
    toUInt64(intDiv(toUnixTimestamp64Milli(span.2), 1000)) AS last_second,
    grid AS (
        SELECT v.vehicle_id AS vehicle_id, fromUnixTimestamp64Milli(toInt64(number * 1000), 'UTC') AS at
        FROM (SELECT DISTINCT vehicle_id FROM v_telemetry) AS v
        CROSS JOIN numbers(first_second, last_second - first_second + 1) AS n
    ),
    states AS (
        SELECT g.at AS at, countIf(t.speed_kmph > 5) AS active, countIf(t.speed_kmph <= 5 AND t.ignition = 'on') AS idle,
            countIf(t.speed_kmph <= 5 AND t.ignition != 'on') AS stopped
        FROM grid AS g
        ASOF INNER JOIN v_telemetry AS t ON g.vehicle_id = t.vehicle_id AND t.timestamp < g.at
        GROUP BY g.at
    )
