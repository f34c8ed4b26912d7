-- Heat maps of positions and of alerts at resolutions 7 and 9, as `heat_positions` and `heat_alerts` tell them, from fixes: fixes of a
-- cell, most vehicles of an hour, mean speed; overspeed, harsh and idling episodes that begin in a cell, see parts. Result: cells
-- compared, those that differ. Cells of 7 are the parents of those of 9. Left out: overspeed where a geofence has a limit, and
-- hours behind the newest that was counted.
WITH
{{idlings}},
{{overspeeds}},
{{harsh_events}},
    fenced AS (
        SELECT vehicle_id FROM v_geofence_events
        WHERE geofence_id IN (SELECT JSONExtractString(body, 'geofence_id') FROM commands WHERE type = 'geofence.upsert' AND JSONHas(body, 'limit_kmph'))
    ),
    cells AS (
        SELECT resolution, cell, sum(n) AS fixes, max(most) AS vehicles, sum(speeds) / sum(n) AS speed
        FROM (
            SELECT resolution, h3ToString(h3ToParent(geoToH3(lat, lon, 9), resolution)) AS cell, toStartOfHour(timestamp) AS hour, count() AS n, uniqExact(vehicle_id) AS most, sum(toFloat64(speed_kmph)) AS speeds
            FROM v_telemetry
            ARRAY JOIN [toUInt8(7), toUInt8(9)] AS resolution
            WHERE NOT outlier AND toStartOfHour(timestamp) <= (SELECT max(hour) FROM heat_cells)
            GROUP BY resolution, cell, hour
        )
        GROUP BY resolution, cell
    ),
    episodes AS (
        SELECT vehicle_id, since_ms, 'overspeed' AS kind FROM overspeeds WHERE (SELECT count() FROM fenced) = 0
        UNION ALL SELECT vehicle_id, since_ms, kind FROM harsh_events
        UNION ALL SELECT vehicle_id, since_ms, 'idling' FROM idlings
    ),
    expected AS (
        SELECT toString(resolution) AS map, cell, [toFloat64(fixes), toFloat64(vehicles), speed] AS numbers FROM cells
        UNION ALL
        SELECT concat(kind, ' ', toString(resolution)), h3ToString(geoToH3(lat, lon, resolution)) AS cell, [toFloat64(count()), 0., 0.]
        FROM episodes AS e
        INNER JOIN (SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, lat, lon FROM v_telemetry WHERE NOT late AND NOT outlier) AS f ON e.vehicle_id = f.vehicle_id AND e.since_ms = f.at_ms
        ARRAY JOIN [toUInt8(7), toUInt8(9)] AS resolution
        GROUP BY kind, resolution, cell
    ),
    found AS (
        SELECT '7' AS map, cell_id AS cell, [toFloat64(fix_count), toFloat64(vehicle_count_max), avg_speed_kmph] AS numbers FROM ({{query heat_positions resolution=7 hours=1000}})
        UNION ALL SELECT '9', cell_id, [toFloat64(fix_count), toFloat64(vehicle_count_max), avg_speed_kmph] FROM ({{query heat_positions resolution=9 hours=1000}})
        UNION ALL SELECT concat(alert_type, ' 7'), cell_id, [toFloat64(alert_count), 0., 0.] FROM ({{query heat_alerts resolution=7 hours=1000 alert_type=}})
            WHERE alert_type = 'idling' OR startsWith(alert_type, 'harsh_') OR (alert_type = 'overspeed' AND (SELECT count() FROM fenced) = 0)
        UNION ALL SELECT concat(alert_type, ' 9'), cell_id, [toFloat64(alert_count), 0., 0.] FROM ({{query heat_alerts resolution=9 hours=1000 alert_type=}})
            WHERE alert_type = 'idling' OR startsWith(alert_type, 'harsh_') OR (alert_type = 'overspeed' AND (SELECT count() FROM fenced) = 0)
    )
SELECT count(), countIf(e.map = '' OR f.map = '' OR arrayExists((a, b) -> NOT abs(a - b) < 1e-4, arrayResize(e.numbers, 3), arrayResize(f.numbers, 3)))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.map = f.map AND e.cell = f.cell
