-- A driver's score over time, oldest first; the newest windows if they are more than the limit.
SELECT *
FROM
(
    SELECT window_end, score, distance_m / 1000 AS distance_km, coverage
    FROM driver_scores FINAL
    WHERE driver_id = {driver_id:String} AND window = {window:String}
    ORDER BY window_end DESC
    LIMIT {limit:UInt32}
)
ORDER BY window_end
