-- CTEs `plans` to `visits`: what became of planned stops, from plans, drivers' words and fixes alone; of trips that are over.
-- Arrival: the first fix within 75 m, once the vehicle has been inside for 30 s, or the device's word, if that comes first
-- (a word that comes while it is inside is of the first fix inside). Departure: the first fix outside, after 30 s outside, or
-- the device's word. Circles do not overlap. Of several plans the promise is that of the first one that has the stop, all else
-- of the newest one that does; what the newest leaves out comes before it if it was visited, and is removed if it was not.
    plans AS (
        SELECT trip_id, min(vehicle_id) AS vehicle, argMinIf(plan, timestamp, plan != '') AS round, countIf(plan != '') > 1 AS is_changed
        FROM trip_events
        GROUP BY trip_id
        HAVING countIf(plan != '') >= 1 AND countIf(event_type = 'trip_end') = 1
    ),
    planned_stops AS (
        SELECT trip_id, toUnixTimestamp64Milli(timestamp) AS plan_ms, place, JSONExtractString(stop, 'stop_id') AS stop_id, JSONExtractString(stop, 'customer_id') AS customer,
            JSONExtractString(stop, 'kind') AS kind, JSONExtractFloat(stop, 'lat') AS lat, JSONExtractFloat(stop, 'lon') AS lon,
            toUnixTimestamp64Milli(parseDateTime64BestEffortOrZero(JSONExtractString(stop, 'planned_arrival'), 3, 'UTC')) AS planned_ms,
            toUnixTimestamp64Milli(parseDateTime64BestEffortOrZero(JSONExtractString(stop, 'window_start'), 3, 'UTC')) AS from_ms,
            toUnixTimestamp64Milli(parseDateTime64BestEffortOrZero(JSONExtractString(stop, 'window_end'), 3, 'UTC')) AS to_ms,
            JSONExtractFloat(stop, 'planned_service_s') AS service_s, JSONExtractFloat(stop, 'ordered_qty') AS ordered,
            plan_ms = max(plan_ms) OVER (PARTITION BY trip_id) AS is_newest
        FROM trip_events
        ARRAY JOIN JSONExtractArrayRaw(plan, 'stops') AS stop, arrayEnumerate(JSONExtractArrayRaw(plan, 'stops')) AS place
        WHERE plan != '' AND trip_id IN (SELECT trip_id FROM plans)
    ),
    stops AS (
        SELECT s.*, s.last.1 AS place, s.last.2 AS customer, s.last.3 AS kind, s.last.4 AS lat, s.last.5 AS lon, s.last.6 AS service_s, s.promise.1 AS planned_ms, s.promise.2 AS from_ms, s.promise.3 AS to_ms, p.vehicle AS vehicle
        FROM (
            SELECT trip_id, stop_id, argMax((place, customer, kind, lat, lon, service_s), plan_ms) AS last, 
                argMinIf((planned_ms, from_ms, to_ms), plan_ms, planned_ms + from_ms + to_ms > 0) AS promise, argMin(ordered, plan_ms) AS ordered, max(is_newest) AS is_in_newest
            FROM planned_stops
            GROUP BY trip_id, stop_id
        ) AS s
        INNER JOIN plans AS p ON s.trip_id = p.trip_id
    ),
    words AS (
        SELECT trip_id, stop_id, minIf(toUnixTimestamp64Milli(timestamp), event_type = 'stop_arrival') AS arrival_ms,
            minIf(toUnixTimestamp64Milli(timestamp), event_type = 'stop_departure') AS departure_ms,
            if(arrival_ms = 0, departure_ms, arrival_ms) AS said_ms, anyIf(outcome, event_type = 'stop_departure') AS result,
            if(departure_ms = 0, nan, anyIf(delivered_qty, event_type = 'stop_departure')) AS delivered, anyIf(reason, event_type = 'stop_departure') AS why
        FROM trip_events
        WHERE event_type IN ('stop_arrival', 'stop_departure')
        GROUP BY trip_id, stop_id
    ),
    fixes AS (
        SELECT trip_id, stop_id, toUnixTimestamp64Milli(timestamp) AS at_ms, radians(f.lat) AS lat1, radians(s.lat) AS lat2,
            2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin(radians(s.lon - f.lon) / 2), 2))) <= 75 AS is_inside
        FROM v_telemetry AS f
        INNER JOIN stops AS s ON f.trip_id = s.trip_id
        WHERE NOT late AND NOT outlier
    ),
    numbered AS (
        SELECT *, sum(is_new) OVER (PARTITION BY trip_id, stop_id ORDER BY at_ms) AS run
        FROM (
            SELECT *, lagInFrame(is_inside, 1, 255) OVER w != is_inside AS is_new, leadInFrame(at_ms) OVER w AS after_ms
            FROM (SELECT trip_id, stop_id, at_ms, toUInt8(is_inside) AS is_inside FROM fixes)
            WINDOW w AS (PARTITION BY trip_id, stop_id ORDER BY at_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
    ),
    -- Of each run of fixes inside or outside: since, the first fix after it (0: none), when it had lasted for 30 s (0: never).
    runs AS (
        SELECT trip_id, stop_id, arraySort(groupArray((since_ms, until_ms, sure_ms, inside))) AS runs
        FROM (
            SELECT trip_id, stop_id, min(at_ms) AS since_ms, argMax(after_ms, at_ms) AS until_ms, any(is_inside) AS inside,
                minIf(at_ms, at_ms - first_ms >= 30000) AS sure_ms
            FROM (SELECT *, min(at_ms) OVER (PARTITION BY trip_id, stop_id, run) AS first_ms FROM numbered)
            GROUP BY trip_id, stop_id, run
        )
        GROUP BY trip_id, stop_id
    ),
    visited AS (
        SELECT s.*, w.result AS result, if(w.stop_id = '', nan, w.delivered) AS delivered, w.why AS why, w.said_ms AS arrival_word_ms, w.departure_ms AS departure_word_ms,
            arrayFirst(run -> run.4 = 1 AND run.3 > 0, runs) AS seen, arrival_word_ms > 0 AND (seen.3 = 0 OR arrival_word_ms <= seen.3) AS is_arrival_said,
            arrayFirst(run -> run.4 = 1 AND run.1 < arrival_word_ms AND (run.2 = 0 OR run.2 >= arrival_word_ms), runs).1 AS inside_since_ms,
            if(is_arrival_said, if(inside_since_ms > 0, inside_since_ms, arrival_word_ms), seen.1) AS arrived_ms,
            arrayFirst(run -> run.4 = 0 AND run.3 > 0 AND run.1 > arrived_ms, runs) AS left, departure_word_ms > 0 AND (left.3 = 0 OR departure_word_ms <= left.3) AS is_departure_said,
            if(arrived_ms = 0, 0, if(is_departure_said, greatest(departure_word_ms, arrived_ms), left.1)) AS departed_ms
        FROM (SELECT s.*, r.runs AS runs FROM stops AS s LEFT JOIN runs AS r ON s.trip_id = r.trip_id AND s.stop_id = r.stop_id) AS s
        LEFT JOIN words AS w ON s.trip_id = w.trip_id AND s.stop_id = w.stop_id
    ),
    ordered_stops AS (
        SELECT *, row_number() OVER (PARTITION BY trip_id ORDER BY multiIf(is_in_newest, 1, arrived_ms > 0, 0, 2), place) AS plan_order FROM visited
    ),
    visits AS (
        SELECT v.*, arraySort(groupArrayIf((arrived_ms, plan_order), arrived_ms > 0) OVER (PARTITION BY trip_id)) AS reached,
            indexOf(reached, (arrived_ms, plan_order)) AS visit_order, arrayExists(visit -> visit.1 < arrived_ms AND visit.2 > plan_order, reached) AND arrived_ms > 0 AS is_out_of_order,
            greatest(arrived_ms, from_ms) AS service_ms, multiIf(to_ms > 0, to_ms, planned_ms > 0, planned_ms + 900000, 0) AS latest_ms,
            if(planned_ms > 0, planned_ms, to_ms) AS due_ms, if(due_ms > 0, due_ms, from_ms) AS promised_ms,
            multiIf(arrived_ms = 0 AND NOT is_in_newest, 'removed', arrived_ms = 0, 'skipped', departed_ms = 0, 'arrived', 'departed') AS status,
            multiIf(status = 'removed', '', arrived_ms = 0, 'skipped', arrived_ms < from_ms, 'early', latest_ms > 0 AND arrived_ms > latest_ms, 'late', 'on_time') AS punctuality
        FROM ordered_stops AS v
    )
