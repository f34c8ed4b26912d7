-- A page of all alerts, newest begin first: those before (before_ms, before_id); of one vehicle, type and state, or of
-- all (''); of a least severity.
SELECT alert_id, ts, ended_at, vehicle_id, driver_id, trip_id, alert_type, severity, details, value, threshold,
    limit_source, lat, lon, source, state, stale, raised_at
FROM v_alerts
WHERE ts <= fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    AND (ts < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') OR alert_id > {before_id:String})
    AND ({vehicle_id:String} = '' OR vehicle_id = {vehicle_id:String})
    AND ({alert_type:String} = '' OR alert_type = {alert_type:String})
    AND ({state:String} = '' OR state = {state:String})
    AND severity >= {severity_min:UInt8}
ORDER BY ts DESC, alert_id
LIMIT {limit:UInt32}
