-- Geofence events and visits (as `geofence_visits` tells them) from fixes and from what the control stream said of geofences:
-- entry, exit and stays of 5 minutes. Result: compared, those that differ.
-- Inside: the even-odd rule for polygons, the distance to centre or line for circles and corridors. Entered: inside for 10 s,
-- left: outside by more than max(20 m, the fix's accuracy) for 10 s, both dated at the first fix of the run; a run that a
-- contrary fix ends counts when that came more than 10 s after the run's last fix. Geofences that do not change; fixes farther
-- away than a kilometre tell nothing new.
WITH
    vehicles AS (SELECT vehicle_id, argMax(JSONExtractString(body, 'group'), timestamp) AS group_name FROM commands WHERE type = 'vehicle.upsert' GROUP BY vehicle_id),
    commanded AS (
        SELECT JSONExtractString(newest, 'geofence_id') AS fence, JSONExtractRaw(newest, 'geometry') AS geometry, JSONExtractString(newest, 'geometry', 'type') AS form,
            JSONExtract(newest, 'scope', 'groups', 'Array(String)') AS groups, JSONExtract(newest, 'scope', 'vehicles', 'Array(String)') AS named,
            if(form = 'Point', JSONExtractFloat(newest, 'radius_m'), JSONExtractFloat(newest, 'width_m') / 2) AS reach_m, from_ms
        FROM (
            SELECT argMax(body, timestamp) AS newest, min(toUnixTimestamp64Milli(timestamp)) AS from_ms
            FROM commands WHERE type = 'geofence.upsert' GROUP BY JSONExtractString(body, 'geofence_id')
        )
    ),
    -- Lines of positions: a circle's centre twice, a corridor's line, the rings of polygons.
    fences AS (
        SELECT *, multiIf(form = 'Point', [[JSONExtract(geometry, 'coordinates', 'Array(Float64)'), JSONExtract(geometry, 'coordinates', 'Array(Float64)')]],
                form = 'LineString', [JSONExtract(geometry, 'coordinates', 'Array(Array(Float64))')],
                form = 'Polygon', JSONExtract(geometry, 'coordinates', 'Array(Array(Array(Float64)))'),
                arrayFold((rings, polygon) -> arrayConcat(rings, polygon), JSONExtract(geometry, 'coordinates', 'Array(Array(Array(Array(Float64))))'), CAST([], 'Array(Array(Array(Float64)))'))) AS lines,
            arrayFlatten(arrayMap(line -> arrayMap((a, b) -> tuple(a[1], a[2], b[1], b[2]), arrayPopBack(line), arrayPopFront(line)), lines)) AS edges,
            form = 'Polygon' OR form = 'MultiPolygon' AS is_area, if(is_area, 0, reach_m / 100000) AS margin, arrayMin(edge -> edge.2, edges) - margin AS south, arrayMax(edge -> edge.2, edges) + margin AS north,
            arrayMin(edge -> edge.1, edges) - margin AS west, arrayMax(edge -> edge.1, edges) + margin AS east
        FROM commanded
    ),
    places AS (
        SELECT f.vehicle_id AS vehicle, c.fence AS fence, toUnixTimestamp64Milli(timestamp) AS at_ms, 111195.08 * cos(radians(lat)) AS east_m, 111195.08 AS north_m,
            arrayMin(edge -> sqrt(pow((edge.1 + (least(1, greatest(0, ifNotFinite(((lon - edge.1) * (edge.3 - edge.1) * east_m * east_m + (lat - edge.2) * (edge.4 - edge.2) * north_m * north_m)
                    / (pow((edge.3 - edge.1) * east_m, 2) + pow((edge.4 - edge.2) * north_m, 2)), 0))) AS share) * (edge.3 - edge.1) - lon) * east_m, 2)
                + pow((edge.2 + share * (edge.4 - edge.2) - lat) * north_m, 2)), edges) - if(is_area, 0, reach_m) AS metres,
            if(NOT is_area, metres <= 0,
                arrayCount(edge -> (edge.2 > lat) != (edge.4 > lat) AND lon < edge.1 + (lat - edge.2) / (edge.4 - edge.2) * (edge.3 - edge.1), edges) % 2 = 1) AS is_inside,
            multiIf(is_inside, 2, metres <= least(500, greatest(20, ifNotFinite(accuracy_m, 0))), 1, 0) AS place
        FROM v_telemetry AS f
        CROSS JOIN fences AS c
        WHERE NOT late AND NOT outlier AND at_ms >= c.from_ms AND lat BETWEEN south - 0.01 AND north + 0.01 AND lon BETWEEN west - 0.01 AND east + 0.01
            AND (empty(groups) AND empty(named) OR has(named, f.vehicle_id) OR (f.vehicle_id IN (SELECT vehicle_id FROM vehicles)
                AND has(groups, transform(toString(f.vehicle_id), (SELECT groupArray(toString(vehicle_id)) FROM vehicles), (SELECT groupArray(group_name) FROM vehicles), ''))))
    ),
    runs AS (
        SELECT vehicle, fence, kind, min(at_ms) AS since_ms, max(at_ms) AS last_ms, argMax(next_ms, at_ms) AS until_ms
        FROM (
            SELECT *, sum(is_new) OVER (PARTITION BY vehicle, fence, kind ORDER BY at_ms) AS run
            FROM (
                SELECT vehicle, fence, at_ms, kind, holds, leadInFrame(at_ms) OVER w AS next_ms, lagInFrame(holds) OVER w != holds AS is_new
                FROM (SELECT vehicle, fence, at_ms, kind, if(kind = 'enter', place = 2, place = 0) AS holds FROM places ARRAY JOIN ['enter', 'exit'] AS kind)
                WINDOW w AS (PARTITION BY vehicle, fence, kind ORDER BY at_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
            )
        )
        WHERE holds
        GROUP BY vehicle, fence, kind, run
        HAVING last_ms - since_ms >= 10000 OR until_ms - last_ms > 10000
    ),
    moves AS (
        SELECT vehicle, fence, kind, since_ms, lagInFrame(since_ms) OVER w AS before_ms, leadInFrame(since_ms) OVER w AS after_ms
        FROM (SELECT *, lagInFrame(kind, 1, 'exit') OVER (PARTITION BY vehicle, fence ORDER BY since_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) != kind AS is_change FROM runs)
        WHERE is_change
        WINDOW w AS (PARTITION BY vehicle, fence ORDER BY since_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- What is told, with the moment of its end and how long it had lasted.
    expected AS (
        SELECT vehicle, fence, kind AS what, since_ms AS at_ms, toInt64(0) AS end_ms, if(kind = 'exit', since_ms - before_ms, 0) AS lasted_ms FROM moves
        UNION ALL
        SELECT vehicle, fence, 'dwell', since_ms, after_ms, after_ms - since_ms FROM moves WHERE kind = 'enter' AND after_ms - since_ms >= 300000
        UNION ALL
        SELECT vehicle, fence, 'visit', since_ms, after_ms, if(after_ms = 0, 0, after_ms - since_ms) FROM moves WHERE kind = 'enter'
    ),
    found AS (
        SELECT vehicle_id AS vehicle, geofence_id AS fence, toString(event_type) AS what, toUnixTimestamp64Milli(ts) AS at_ms, toUnixTimestamp64Milli(ended_at) AS end_ms, round(duration_s * 1000) AS lasted_ms
        FROM v_geofence_events
        WHERE event_type IN ('enter', 'exit') OR (event_type = 'dwell' AND end_ms > 0)
        UNION ALL
        SELECT vehicle_id, geofence_id, 'visit', toUnixTimestamp64Milli(entered_at), toUnixTimestamp64Milli(left_at), if(isFinite(inside_s), round(inside_s * 1000), 0)
        FROM ({{query geofence_visits geofence_id=}})
    )
SELECT count(), countIf(e.what = '' OR f.what = '' OR e.end_ms != f.end_ms OR e.lasted_ms != f.lasted_ms)
FROM expected AS e
FULL OUTER JOIN found AS f ON e.vehicle = f.vehicle AND e.fence = f.fence AND e.what = f.what AND e.at_ms = f.at_ms
