-- The newest violations of breaks and driving times, without those that were withdrawn (which have no length).
SELECT violation_id, driver_id, vehicle_id, profile, rule, started_at, ended_at, value_min, limit_min
FROM break_violations FINAL
WHERE ended_at != started_at
ORDER BY started_at DESC, violation_id
LIMIT {limit:UInt32}
