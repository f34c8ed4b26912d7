-- Overspeed episodes from the fixes, see parts/overspeeds.sql, of vehicles that no geofence's limit was over. Result: compared, those
-- that differ: episodes (start, end, peak) and the seconds over the limit of trips that are over.
WITH
{{overspeeds}},
    fenced AS (
        SELECT vehicle_id FROM v_geofence_events
        WHERE geofence_id IN (SELECT JSONExtractString(body, 'geofence_id') FROM commands WHERE type = 'geofence.upsert' AND JSONHas(body, 'limit_kmph'))
    ),
    expected AS (SELECT * FROM overspeeds WHERE vehicle_id NOT IN (fenced)),
    found AS (
        SELECT *, toUnixTimestamp64Milli(ts) AS since_ms FROM v_alerts
        WHERE alert_type = 'overspeed' AND source = 'engine' AND vehicle_id NOT IN (fenced)
    ),
    episodes AS (
        SELECT count() AS compared, countIf(e.vehicle_id = '' OR f.vehicle_id = '' OR toUnixTimestamp64Milli(f.ended_at) != e.until_ms AND f.state != 'open'
            OR abs(f.value - e.peak) > 1e-6) AS differing
        FROM expected AS e
        FULL OUTER JOIN found AS f ON e.vehicle_id = f.vehicle_id AND e.since_ms = f.since_ms
    ),
    trips AS (
        SELECT count() AS compared, countIf(round(t.overspeed_s * 1000) != e.over) AS differing
        FROM v_trips AS t
        LEFT JOIN (SELECT trip_id, sum(until_ms - since_ms) AS over FROM expected GROUP BY trip_id) AS e ON t.trip_id = e.trip_id
        WHERE t.status IN ('completed', 'cancelled') AND t.origin = 'declared' AND t.vehicle_id NOT IN (fenced)
    )
SELECT (SELECT compared FROM episodes) + (SELECT compared FROM trips), (SELECT differing FROM episodes) + (SELECT differing FROM trips)
