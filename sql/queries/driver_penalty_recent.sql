-- Drivers by their highest penalty in a window of 15 s within the last minutes of the data. '' is the unidentified
-- driver, told apart by vehicle.
SELECT driver_id, if(driver_id = '', vehicle_id, '') AS unidentified_vehicle_id, max(penalty) AS penalty_max,
    argMax(penalty, window_start) AS penalty_last, max(window_end) AS last_window_end
FROM driver_scores FINAL
WHERE window = '15s'
    AND window_start >= (SELECT max(window_start) FROM driver_scores) - toIntervalMinute({minutes:UInt32})
GROUP BY driver_id, unidentified_vehicle_id
ORDER BY penalty_max DESC, driver_id, unidentified_vehicle_id
LIMIT {limit:UInt32}
