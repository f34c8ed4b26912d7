-- A driver's score over time.
SELECT window_end, score, distance_m / 1000 AS distance_km, coverage
FROM driver_scores FINAL
WHERE driver_id = {driver_id:String} AND window = {window:String}
ORDER BY window_end
LIMIT {limit:UInt32}
