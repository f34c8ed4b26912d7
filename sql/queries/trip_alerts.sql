-- What happened on a trip: its alerts, oldest first.
SELECT alert_id, ts, ended_at, alert_type, severity, details, value, threshold, lat, lon, state
FROM v_alerts
WHERE trip_id = {trip_id:String}
ORDER BY ts, alert_id
LIMIT {limit:UInt32}
