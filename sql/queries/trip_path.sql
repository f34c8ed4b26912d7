-- The fixes of a trip in order, outliers left out: its path, its speeds, its playback.
WITH
    (SELECT (vehicle_id, started_at, ended_at) FROM v_trips WHERE trip_id = {trip_id:String} LIMIT 1) AS trip
SELECT timestamp, lat, lon, speed_kmph, heading, ignition
FROM telemetry
WHERE vehicle_id = trip.1 AND timestamp >= trip.2 AND timestamp <= trip.3 AND NOT outlier
ORDER BY timestamp
LIMIT {limit:UInt32}
