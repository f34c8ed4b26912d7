-- A page of all alerts, newest begin first: those before (before_ms, before_id) and not before since_ms; of one vehicle, driver,
-- type and state, or of all (''); of a least severity.
--
-- The thousand rows before the page, versions and all, mostly hold it: then nothing older is read. They hold all there is if
-- they are fewer. People turn states into others, but none into open or closed; a trip that was reassigned may have alerts of
-- any driver.
WITH
    (
        SELECT (if(count() = 0, toDateTime64('2290-01-01', 3, 'UTC'), min(ts)), count())
        FROM
        (
            SELECT ts
            FROM alerts
            WHERE ts <= fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
                AND ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
                AND ({vehicle_id:String} = '' OR vehicle_id = {vehicle_id:String})
                AND ({driver_id:String} = '' OR driver_id = {driver_id:String} OR trip_id IN (SELECT trip_id FROM v_reassigned))
                AND ({alert_type:String} = '' OR alert_type = {alert_type:String})
                AND ({state:String} NOT IN ('open', 'closed') OR state = {state:String})
                AND severity >= {severity_min:UInt8}
            ORDER BY ts DESC
            LIMIT 1000
        )
    ) AS newest,
    found AS (
        SELECT *
        FROM v_alerts
        WHERE ts <= fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
            AND (ts < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') OR alert_id > {before_id:String})
            AND ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
            AND ({driver_id:String} = '' OR driver_id = {driver_id:String})
            AND ({vehicle_id:String} = '' OR vehicle_id = {vehicle_id:String})
            AND ({alert_type:String} = '' OR alert_type = {alert_type:String})
            AND ({state:String} = '' OR state = {state:String})
            AND severity >= {severity_min:UInt8}
    ),
    (SELECT newest.2 < 1000 OR count() >= {limit:UInt32} FROM found WHERE ts >= newest.1) AS is_held
SELECT alert_id, ts, ended_at, vehicle_id, driver_id, trip_id, alert_type, severity, details, value, threshold,
    limit_source, lat, lon, source, state, stale, raised_at
FROM found
WHERE ts >= if(is_held, newest.1, toDateTime64(0, 3, 'UTC'))
ORDER BY ts DESC, alert_id
LIMIT {limit:UInt32}
