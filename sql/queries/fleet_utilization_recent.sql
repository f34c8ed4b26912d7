-- Vehicles by state over the last minutes of fleet time, oldest first; the newest windows if they are more than the limit. A
-- window is there when its value changed: carry the last value forward.
SELECT *
FROM
(
    SELECT window_start, window_end, active_count, idle_count, stopped_count, offline_count
    FROM fleet_utilization FINAL
    WHERE window_start >= (SELECT max(window_start) FROM fleet_utilization) - toIntervalMinute({minutes:UInt32})
    ORDER BY window_start DESC
    LIMIT {limit:UInt32}
)
ORDER BY window_start
