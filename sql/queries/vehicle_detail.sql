-- The newest fixes of a vehicle, newest first.
SELECT event_id, vehicle_id, driver_id, trip_id, timestamp, lat, lon, speed_kmph, heading, sat_count, battery_v,
    ignition, late, outlier, ingested_at
FROM telemetry
WHERE vehicle_id = {vehicle_id:String}
ORDER BY vehicle_id DESC, timestamp DESC
LIMIT {limit:UInt32}
