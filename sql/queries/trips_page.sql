-- A page of all trips, newest start first: those before (before_ms, before_id); of one vehicle and status, or of all ('').
SELECT trip_id, vehicle_id, driver_id, origin, status, end_reason, started_at, ended_at, confirmed_at, distance_m,
    duration_s, moving_s, idle_s, avg_speed_kmph, max_speed_kmph, harsh_brake_count, harsh_accel_count,
    harsh_corner_count, overspeed_s, coverage, route_compliance, out_of_route_m
FROM v_trips
WHERE started_at <= fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    AND (started_at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC') OR trip_id > {before_id:String})
    AND ({vehicle_id:String} = '' OR vehicle_id = {vehicle_id:String})
    AND ({status:String} = '' OR status = {status:String})
ORDER BY started_at DESC, trip_id
LIMIT {limit:UInt32}
