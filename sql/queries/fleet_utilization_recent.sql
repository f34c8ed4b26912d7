-- Vehicles by state over the last minutes of fleet time, oldest first. A window is there when its value changed: carry
-- the last value forward.
SELECT window_start, window_end, active_count, idle_count, stopped_count, offline_count
FROM fleet_utilization FINAL
WHERE window_start >= (SELECT max(window_start) FROM fleet_utilization) - toIntervalMinute({minutes:UInt32})
ORDER BY window_start
LIMIT {limit:UInt32}
