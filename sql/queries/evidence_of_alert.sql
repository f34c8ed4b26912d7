-- The fixes that were kept around a grave alert (severity 4 and 5), from 5 min before to 5 min after it, oldest first.
SELECT timestamp, event_id, vehicle_id, driver_id, trip_id, lat, lon, speed_kmph, heading, ignition, sat_count, hdop, accuracy_m,
    speed_limit_kmph, accel_long_ms2, accel_lat_ms2, accel_g, crash, sos, late, outlier, ingested_at
FROM v_evidence
WHERE alert_id = {alert_id:String} AND alert_id != ''
ORDER BY timestamp, event_id
LIMIT {limit:UInt32}
