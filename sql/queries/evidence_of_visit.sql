-- The fixes that were kept around the visit of a planned stop (delivery or pickup), oldest first: from 5 min before the arrival
-- to 5 min after the departure; of a visit of more than an hour, and of one that lasts, 5 min either side of each.
WITH
    (
        SELECT (any(toString(vehicle_id)), min(from_at), max(to_at), groupArray((from_at, to_at)))
        FROM v_visit_windows
        WHERE trip_id = {trip_id:String} AND stop_id = {stop_id:String}
    ) AS visit
SELECT timestamp, event_id, vehicle_id, driver_id, trip_id, lat, lon, speed_kmph, heading, ignition, sat_count, hdop, accuracy_m,
    late, outlier, ingested_at
FROM v_evidence
WHERE alert_id = '' AND vehicle_id = visit.1 AND timestamp >= visit.2 AND timestamp <= visit.3
    AND arrayExists(window -> timestamp BETWEEN window.1 AND window.2, visit.4)
ORDER BY timestamp, event_id
LIMIT {limit:UInt32}
