-- Coolant temperature, battery voltage and tank level of a vehicle over its last hours, mean per step, oldest first; the newest
-- steps if they are more than the limit.
SELECT *
FROM
(
    SELECT toStartOfInterval(timestamp, toIntervalSecond({step_s:UInt32})) AS at,
        avgIf(engine_temp_c, isFinite(engine_temp_c)) AS engine_temp_c, minIf(battery_v, isFinite(battery_v)) AS min_battery_v,
        avgIf(fuel_pct, isFinite(fuel_pct)) AS fuel_pct
    FROM telemetry
    WHERE vehicle_id = {vehicle_id:String}
        AND timestamp >= (SELECT max(timestamp) FROM telemetry WHERE vehicle_id = {vehicle_id:String})
            - toIntervalHour({hours:UInt32})
    GROUP BY at
    ORDER BY at DESC
    LIMIT {limit:UInt32}
)
ORDER BY at
