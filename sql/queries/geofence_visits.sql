-- Who was inside geofences in the last days of data, newest entry first: an entry with the exit that follows it; of one
-- geofence, or of all (''). A visit that lasts has `left_at` 1970-01-01.
WITH
    (SELECT ts FROM geofence_events ORDER BY ts DESC LIMIT 1) AS newest,
    moves AS (
        SELECT geofence_id, geofence_name, vehicle_id, driver_id, event_type, ts, duration_s,
            leadInFrame(event_type) OVER w AS next_type, leadInFrame(ts) OVER w AS next_ts, leadInFrame(duration_s) OVER w AS next_s
        FROM v_geofence_events
        WHERE event_type IN ('enter', 'exit') AND ts >= newest - toIntervalDay({days:UInt32})
            AND ({geofence_id:String} = '' OR geofence_id = {geofence_id:String})
        WINDOW w AS (PARTITION BY geofence_id, vehicle_id ORDER BY ts, event_type DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
SELECT geofence_id, geofence_name, vehicle_id, driver_id, ts AS entered_at,
    if(next_type = 'exit', next_ts, toDateTime64(0, 3, 'UTC')) AS left_at, if(next_type = 'exit', next_s, nan) AS inside_s
FROM moves
WHERE event_type = 'enter'
ORDER BY entered_at DESC, geofence_id, vehicle_id
LIMIT {limit:UInt32}
