-- Harsh braking, acceleration and cornering, see parts/harsh_events.sql. Result: compared, those that differ: episodes (start, end,
-- peak) and the counts of trips that are over.
WITH
{{harsh_events}},
    episodes AS (
        SELECT count() AS compared, countIf(e.vehicle_id = '' OR f.vehicle_id = '' OR f.state != 'open' AND toUnixTimestamp64Milli(f.ended_at) != e.until_ms
            OR abs(f.value - e.peak) > 1e-3) AS differing
        FROM harsh_events AS e
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
            FROM harsh_events GROUP BY trip_id
        ) AS e ON t.trip_id = e.trip_id
        WHERE t.status IN ('completed', 'cancelled') AND t.origin = 'declared'
    )
SELECT (SELECT compared FROM episodes) + (SELECT compared FROM trips), (SELECT differing FROM episodes) + (SELECT differing FROM trips)
