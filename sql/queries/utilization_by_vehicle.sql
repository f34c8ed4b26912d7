-- Vehicles over the last days (of each one's depot), today included, least used first, those without available hours last:
-- hours in each state, km, trips that started, hours scheduled and available, and the rate (`vehicle_rates_last`); coverage.
WITH
    rates AS (SELECT * FROM vehicle_rates_last(days = {days:UInt32})),
    trips AS (
        SELECT t.vehicle_id AS vehicle_id, countIf(t.started_at >= r.from_at) AS trip_count
        FROM (SELECT vehicle_id, started_at FROM v_trips WHERE started_at >= (SELECT min(from_at) FROM rates)) AS t
        INNER JOIN (SELECT vehicle_id, from_at FROM rates) AS r ON t.vehicle_id = r.vehicle_id
        GROUP BY vehicle_id
    )
SELECT rates.vehicle_id AS vehicle_id, driving_h, idling_h, stopped_h, down_h, scheduled_h, rate, distance_km, trips.trip_count AS trip_count, available_h,
    offline_h, coverage
FROM rates
LEFT JOIN trips ON rates.vehicle_id = trips.vehicle_id
ORDER BY rate, vehicle_id
LIMIT {limit:UInt32}
