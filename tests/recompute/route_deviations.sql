-- Route deviations, and compliance and metres off the line of trips with a planned line, see parts/deviations.sql. Result: compared
-- (episodes: start, end, farthest; trips: share and metres), those that differ.
-- A standstill adds no jitter: shares and metres off the line within 0.001.
WITH
{{deviations}},
    episodes AS (
        SELECT count() AS compared, countIf(e.vehicle_id = '' OR f.vehicle_id = '' OR abs(f.value - e.peak) > 0.05
            OR (f.state != 'open' AND e.until_ms > 0 AND toUnixTimestamp64Milli(f.ended_at) != e.until_ms)) AS differing
        FROM deviations AS e
        FULL OUTER JOIN (
            SELECT *, toUnixTimestamp64Milli(ts) AS since_ms FROM v_alerts WHERE alert_type = 'route_deviation' AND source = 'engine'
        ) AS f ON e.trip_id = f.trip_id AND e.since_ms = f.since_ms
    ),
    trips AS (
        SELECT count() AS compared, countIf(e.trip_id = '' OR f.trip_id = '' OR NOT abs(f.route_compliance - e.on_m / (e.on_m + e.off_m)) < 0.001
            OR NOT abs(f.out_of_route_m - e.off_m) <= e.off_m / 1000) AS differing
        FROM route_ways AS e
        FULL OUTER JOIN (SELECT * FROM v_trips WHERE isFinite(route_compliance)) AS f ON e.trip_id = f.trip_id
    )
SELECT (SELECT compared FROM episodes) + (SELECT compared FROM trips), (SELECT differing FROM episodes) + (SELECT differing FROM trips)
