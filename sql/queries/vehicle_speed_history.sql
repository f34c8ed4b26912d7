-- Speed of a vehicle over its last hours: minimum, mean and maximum per step, outliers left out, oldest first; the newest
-- steps if they are more than the limit.
SELECT *
FROM
(
    SELECT toStartOfInterval(timestamp, toIntervalSecond({step_s:UInt32})) AS at, count() AS event_count,
        min(speed_kmph) AS min_speed_kmph, avg(speed_kmph) AS avg_speed_kmph, max(speed_kmph) AS max_speed_kmph
    FROM telemetry
    WHERE vehicle_id = {vehicle_id:String} AND NOT outlier
        AND timestamp >= (SELECT max(timestamp) FROM telemetry WHERE vehicle_id = {vehicle_id:String})
            - toIntervalHour({hours:UInt32})
    GROUP BY at
    ORDER BY at DESC
    LIMIT {limit:UInt32}
)
ORDER BY at
