-- Alerts that began within the last hours of the data, newest first; of one type and vehicle, or of all ('').
SELECT alert_id, ts, ended_at, vehicle_id, driver_id, trip_id, alert_type, severity, details, value, threshold,
    limit_source, lat, lon, source, state, stale, raised_at
FROM v_alerts
WHERE ts >= (SELECT ts FROM alerts ORDER BY ts DESC LIMIT 1) - toIntervalHour({hours:UInt32})
    AND ({alert_type:String} = '' OR alert_type = {alert_type:String})
    AND ({vehicle_id:String} = '' OR vehicle_id = {vehicle_id:String})
ORDER BY ts DESC, alert_id
LIMIT {limit:UInt32}
