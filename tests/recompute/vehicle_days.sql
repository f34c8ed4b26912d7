-- Days of vehicles: five states that sum to the day, to the millisecond, and are those of the quarters. Result: days
-- compared, those that do not.
SELECT count(), countIf(abs(driving_s + idling_s + stopped_s + offline_s + down_s - day_s) > 0.0005 OR offline_s < -0.0005
    OR day_s > 90000 OR abs(driving_s - quarters.driving_s) > 0.0005)
FROM v_vehicle_days AS days
INNER JOIN
(
    SELECT vehicle_id, toDate(interval_start) AS day, sum(driving_ms) / 1000 AS driving_s
    FROM vehicle_intervals FINAL
    GROUP BY vehicle_id, day
) AS quarters ON days.vehicle_id = quarters.vehicle_id AND days.day = quarters.day
