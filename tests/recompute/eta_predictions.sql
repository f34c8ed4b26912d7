-- Predicted arrivals from plans, drivers' words and fixes: when they were made, for which stops, metres left, moment.
-- Result: predictions compared, those that differ, are missing, or were made at another moment.
-- Every 30 s of fixes, for the stops ahead in the order of the plan: for each leg its metres along the planned line (the
-- great circle x 1.3 where that goes back) over the speed; no earlier than the stop's window; and its planned service.
-- Speed: way and time of this trip between stops, of half an hour, with 300 s of the usual one; which is that of the hour of
-- the day, of 4 hours, with 1,800 s of that of all hours, with 600 s of 30 km/h; 8 km/h at least. Of a sum that keeps so many
-- seconds S, a step takes all that was before times min(1, S / (seconds kept + its own)).
-- Left out: what was predicted 200 m off the line, and on rounds whose plan was changed on the way. Plans count from the first prediction on. Rounds begin with the first stop.
WITH
{{visits}},
    lines AS (
        SELECT trip_id, start_ms, if(JSONType(round, 'planned_route') = 'Array', JSONExtract(round, 'planned_route', 'Array(Array(Float64))'),
                arrayMap((lat, lon) -> [lat / 1e5, lon / 1e5], arrayCumSum(arrayFilter((value, n) -> n % 2 = 1, values, arrayEnumerate(values))), arrayCumSum(arrayFilter((value, n) -> n % 2 = 0, values, arrayEnumerate(values))))) AS points
        FROM (
            SELECT p.trip_id AS trip_id, round, q.start_ms AS start_ms, JSONExtractString(round, 'planned_route') AS text,
                arrayFold((acc, byte) -> if(bitAnd(byte, 32) > 0, (acc.1, acc.2 + bitShiftLeft(toInt64(bitAnd(byte, 31)), acc.3), acc.3 + 5),
                    (arrayPushBack(acc.1, if((acc.2 + bitShiftLeft(toInt64(bitAnd(byte, 31)), acc.3) AS bits) % 2 = 1, -intDiv(bits + 1, 2), intDiv(bits, 2))), toInt64(0), 0)),
                    arrayMap(place -> toUInt8(ascii(substring(text, place, 1)) - 63), range(1, length(text) + 1)), (CAST([], 'Array(Int64)'), toInt64(0), toInt64(0))).1 AS values
            FROM plans AS p
            INNER JOIN (SELECT trip_id, toUnixTimestamp64Milli(timestamp) AS start_ms FROM trip_events WHERE event_type = 'trip_start') AS q ON p.trip_id = q.trip_id
        )
    ),
    -- Segments of a line: where it begins, metres of a degree east there, its way east and north, its square, metres up to it and of it.
    routes AS (
        SELECT trip_id, start_ms, points, arrayMap((a, b) -> 2 * 6371008.8 * asin(sqrt(pow(sin(radians(b[1] - a[1]) / 2), 2) + cos(radians(a[1])) * cos(radians(b[1])) * pow(sin(radians(b[2] - a[2]) / 2), 2))),
                arrayPopBack(points), arrayPopFront(points)) AS lengths, arrayCumSum(lengths) AS ends, ends[-1] AS line_m,
            arrayMap((a, b, upto, metres) -> tuple(a[1], a[2], 111195.08 * cos(radians(a[1])) AS per_degree, (b[2] - a[2]) * per_degree AS east, (b[1] - a[1]) * 111195.08 AS north, east * east + north * north, upto - metres, metres),
                arrayPopBack(points), arrayPopFront(points), ends, lengths) AS segments
        FROM lines
    ),
    -- Each stop is looked for on the line behind the one before it.
    placed AS (
        SELECT v.trip_id AS trip_id, plan_order, stop_id, lat, lon, from_ms, service_s, arrived_ms, if(is_arrival_said, arrival_word_ms, seen.3) AS arrived_known_ms,
            if(arrived_ms = 0, 0, if(is_departure_said, departure_word_ms, left.3)) AS left_known_ms,
            arrayMap(s -> (pow((lon - s.2) * s.3 - (least(1, greatest(0, ((lon - s.2) * s.3 * s.4 + (lat - s.1) * 111195.08 * s.5) / s.6)) AS share) * s.4, 2) + pow((lat - s.1) * 111195.08 - share * s.5, 2), s.7 + share * s.8), r.segments) AS projected
        FROM visits AS v
        INNER JOIN routes AS r ON v.trip_id = r.trip_id
    ),
    stops_on_line AS (
        SELECT trip_id, arraySort(groupArray((plan_order, stop_id, lat, lon, from_ms, toInt64(service_s * 1000), arrived_ms, arrived_known_ms, left_known_ms, projected))) AS stops,
            arrayFold((acc, stop) -> (acc.1 + (arrayFirstIndex(one -> one.1 = arrayMin(other -> other.1, arraySlice(stop.10, acc.1 + 1)), arraySlice(stop.10, acc.1 + 1)) AS ahead) - 1,
                arrayPushBack(acc.2, stop.10[acc.1 + ahead].2)), stops, (toInt64(0), CAST([], 'Array(Float64)'))).2 AS alongs
        FROM placed
        GROUP BY trip_id
    ),
    fixes_of_trips AS (
        SELECT f.vehicle_id AS vehicle, f.trip_id AS trip_id, f.at_ms AS at_ms, lat, lon, speed_kmph, before_ms, ignition_before, step_m, arrayExists(stop -> stop.8 > 0 AND stop.8 <= f.at_ms AND (stop.9 = 0 OR stop.9 > f.at_ms), s.stops) AS is_at_stop
        FROM (
            SELECT vehicle_id, trip_id, toUnixTimestamp64Milli(timestamp) AS at_ms, lat, lon, speed_kmph, lagInFrame(at_ms, 1, at_ms) OVER w AS before_ms, lagInFrame(ignition) OVER w AS ignition_before,
                radians(lat - lagInFrame(lat, 1, lat) OVER w) AS dlat, radians(lon - lagInFrame(lon, 1, lon) OVER w) AS dlon, 2 * 6371008.8 * asin(sqrt(pow(sin(dlat / 2), 2) + cos(radians(lat)) * cos(radians(lat) - dlat) * pow(sin(dlon / 2), 2))) AS step_m
            FROM v_telemetry
            WHERE NOT late AND NOT outlier
            WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ) AS f
        INNER JOIN stops_on_line AS s ON f.trip_id = s.trip_id
    ),
    driven AS (
        SELECT f.vehicle AS vehicle, f.trip_id AS trip_id, at_ms, (at_ms - greatest(before_ms, start_ms)) / 1000 AS seconds, if(seconds > 60, step_m, speed_kmph / 3.6 * seconds) AS way_m, toHour(fromUnixTimestamp64Milli(at_ms, 'UTC')) AS hour
        FROM fixes_of_trips AS f
        INNER JOIN (
            SELECT r.trip_id AS trip_id, start_ms, known_ms
            FROM routes AS r
            INNER JOIN (SELECT trip_id, toUnixTimestamp64Milli(min(made_at)) AS known_ms FROM v_eta_predictions GROUP BY trip_id) AS k ON r.trip_id = k.trip_id
        ) AS r ON f.trip_id = r.trip_id
        WHERE at_ms >= known_ms AND NOT is_at_stop AND ignition_before != 'off' AND seconds > 0
    ),
    -- By what the sum is of: a trip, an hour of a vehicle's day, all of them.
    sums AS (
        SELECT kind, id, at_ms AS upto_ms, least(memory_s, kept_s + seconds) AS sum_s, exp(log_kept) * sum(way_m * exp(log_one - log_kept)) OVER (PARTITION BY kind, id ORDER BY at_ms) AS sum_m
        FROM (
            SELECT *, log(least(1, memory_s / (kept_s + seconds))) AS log_one, sum(log_one) OVER (PARTITION BY kind, id ORDER BY at_ms) AS log_kept
            FROM (
                SELECT key.1 AS kind, key.2 AS id, key.3 AS memory_s, at_ms, seconds, way_m, least(memory_s, sum(seconds) OVER (PARTITION BY kind, id ORDER BY at_ms) - seconds) AS kept_s
                FROM driven
                ARRAY JOIN [('trip', trip_id, 1800.), ('all', toString(vehicle), 14400.), ('hour', concat(vehicle, ' ', toString(hour)), 14400.)] AS key
            )
        )
    ),
    made AS (
        SELECT p.trip_id AS trip_id, any(p.vehicle_id) AS vehicle, toUnixTimestamp64Milli(p.made_at) AS at_ms, any(f.lat) AS lat, any(f.lon) AS lon
        FROM (SELECT * FROM v_eta_predictions WHERE arrived_at = toDateTime64(0, 3, 'UTC') AND trip_id IN (SELECT trip_id FROM plans WHERE NOT is_changed)) AS p
        INNER JOIN (SELECT trip_id, at_ms, lat, lon FROM fixes_of_trips) AS f ON p.trip_id = f.trip_id AND toUnixTimestamp64Milli(p.made_at) = f.at_ms
        GROUP BY trip_id, at_ms
    ),
    usual AS (
        SELECT trip_id, at_ms, any(at_lat) AS lat, any(at_lon) AS lon, any(all_m) AS total_m, any(all_s) AS total_s, (total_m + 600 * 30 / 3.6) / (total_s + 600) AS of_all,
            arrayMap(pair -> (pair.2 + 1800 * of_all) / (pair.3 + 1800), arraySort(groupArray((hour, hour_m, hour_s)))) AS by_hour
        FROM (
            SELECT a.trip_id AS trip_id, a.at_ms AS at_ms, at_lat, at_lon, hour, all_m, all_s, h.sum_m AS hour_m, h.sum_s AS hour_s
            FROM (
                SELECT trip_id, at_ms, lat AS at_lat, lon AS at_lon, t.sum_m AS all_m, t.sum_s AS all_s, hour, concat(vehicle, ' ', toString(hour)) AS of_hour
                FROM made AS q
                ASOF LEFT JOIN (SELECT * FROM sums WHERE kind = 'all') AS t ON q.vehicle = t.id AND q.at_ms >= t.upto_ms
                ARRAY JOIN range(24) AS hour
            ) AS a
            ASOF LEFT JOIN (SELECT * FROM sums WHERE kind = 'hour') AS h ON a.of_hour = h.id AND a.at_ms >= h.upto_ms
        )
        GROUP BY trip_id, at_ms
    ),
    -- With what is left of the round: here or ahead, order, id, place, window, service that is left, metres along the line.
    rounds AS (
        SELECT u.trip_id AS trip_id, u.at_ms AS at_ms, u.lat AS lat, u.lon AS lon, trip_m, trip_s, by_hour, line_m, arrayExists(stop -> stop.8 > 0 AND stop.8 <= at_ms, stops) AS is_under_way,
            arrayFilter((place, part) -> if(is_under_way, part.7 + part.8 >= alongs[1], part.7 <= alongs[1]), arrayMap(part ->
                (pow((lon - part.2) * part.3 - (least(1, greatest(0, ((lon - part.2) * part.3 * part.4 + (lat - part.1) * 111195.08 * part.5) / part.6)) AS share) * part.4, 2) + pow((lat - part.1) * 111195.08 - share * part.5, 2),
                    part.7 + share * part.8), segments), segments) AS places,
            arrayFirst(place -> place.1 = arrayMin(other -> other.1, places), places) AS nearest,
            arraySort(arrayFilter(stop -> stop.2 > 0, arrayMap((stop, along) -> (if(stop.8 > 0 AND stop.8 <= at_ms, 0, 1) AS is_ahead, if(is_ahead = 1 OR stop.9 = 0 OR stop.9 > at_ms, stop.1, 0), stop.2, stop.3, stop.4, stop.5,
                if(is_ahead = 1, stop.6, greatest(0, stop.6 - greatest(0, at_ms - greatest(stop.7, stop.5)))), along), stops, alongs))) AS left
        FROM (
            SELECT u.*, t.sum_m AS trip_m, t.sum_s AS trip_s
            FROM usual AS u
            ASOF LEFT JOIN (SELECT * FROM sums WHERE kind = 'trip') AS t ON u.trip_id = t.id AND u.at_ms >= t.upto_ms
        ) AS u
        INNER JOIN (SELECT r.trip_id AS trip_id, stops, alongs, segments, line_m FROM stops_on_line AS o INNER JOIN routes AS r ON o.trip_id = r.trip_id) AS r ON u.trip_id = r.trip_id
    ),
    walks AS (
        SELECT trip_id, at_ms, nearest.1 > 40000 AS is_off, arrayFold((acc, stop) -> (
                greatest((acc.1 + toInt64((if(stop.1 = 0, 0, if(stop.8 >= acc.5, stop.8 - acc.5,
                        1.3 * 2 * 6371008.8 * asin(sqrt(pow(sin(radians(stop.4 - acc.3) / 2), 2) + cos(radians(acc.3)) * cos(radians(stop.4)) * pow(sin(radians(stop.5 - acc.4) / 2), 2))))) AS leg_m)
                    / greatest(8 / 3.6, (trip_m + 300 * by_hour[1 + intDiv(acc.1, 3600000) % 24]) / (trip_s + 300)) * 1000)) AS there_ms, stop.6) + stop.7,
                acc.2 + leg_m, if(stop.1 = 0, acc.3, stop.4), if(stop.1 = 0, acc.4, stop.5), if(stop.1 = 0, acc.5, stop.8),
                if(stop.1 = 0, acc.6, arrayPushBack(acc.6, (stop.3, there_ms, acc.2 + leg_m)))),
            left, (at_ms, toFloat64(0), lat, lon, nearest.2, CAST([], 'Array(Tuple(String, Int64, Float64))'))) AS walk, greatest(0, line_m - walk.5) AS last_m,
            arrayPushBack(walk.6, ('', walk.1 + toInt64(last_m / greatest(8 / 3.6, (trip_m + 300 * by_hour[1 + intDiv(walk.1, 3600000) % 24]) / (trip_s + 300)) * 1000), walk.2 + last_m)) AS told
        FROM rounds
    ),
    expected AS (
        SELECT trip_id, at_ms, prediction.1 AS stop_id, prediction.2 AS predicted_ms, prediction.3 AS remaining, is_off
        FROM walks
        ARRAY JOIN told AS prediction
    ),
    found AS (
        SELECT *, toUnixTimestamp64Milli(made_at) AS at_ms, toUnixTimestamp64Milli(predicted_at) AS predicted_ms
        FROM v_eta_predictions AS p
        WHERE p.arrived_at = toDateTime64(0, 3, 'UTC') AND trip_id IN (SELECT trip_id FROM plans WHERE NOT is_changed)
    ),
    -- Moments: soon after the first fix of a round (its plan may come behind it), and after each the first fix that is 30 s later.
    moments AS (
        SELECT trip_id, at_ms, row_number() OVER w AS n, leadInFrame(at_ms) OVER w AS next_ms
        FROM (SELECT DISTINCT trip_id, at_ms FROM found)
        WINDOW w AS (PARTITION BY trip_id ORDER BY at_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    untimely AS (
        SELECT (SELECT countIf(m.next_ms != f.at_ms) FROM (SELECT *, at_ms + 30000 AS due_ms FROM moments) AS m ASOF LEFT JOIN (SELECT trip_id, at_ms FROM fixes_of_trips) AS f ON m.trip_id = f.trip_id AND m.due_ms <= f.at_ms)
            + (SELECT countIf(m.trip_id = '' OR m.at_ms > f.at_ms + 30000) FROM (SELECT trip_id, min(at_ms) AS at_ms, 1 AS one FROM fixes_of_trips WHERE trip_id IN (SELECT trip_id FROM plans WHERE NOT is_changed) GROUP BY trip_id) AS f LEFT JOIN moments AS m ON f.trip_id = m.trip_id AND m.n = f.one) AS n
    )
SELECT countIf(NOT is_off), (SELECT n FROM untimely) + countIf(NOT is_off AND (e.trip_id = '' OR f.trip_id = '' OR abs(e.predicted_ms - f.predicted_ms) > 20 OR abs(e.remaining - f.remaining_m) > 0.05))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.trip_id = f.trip_id AND e.stop_id = f.stop_id AND e.at_ms = f.at_ms
