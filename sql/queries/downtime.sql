-- Vehicles that were down in the last days (in maintenance, or with a critical fault open), longest first.
SELECT vehicle_id, sum(down_s) / 3600 AS down_h, countIf(down_s > 0) AS day_count, sum(down_s) / sum(day_s) AS down_share
FROM vehicle_days_last(days = {days:UInt32})
GROUP BY vehicle_id
HAVING down_h > 0
ORDER BY down_h DESC, vehicle_id
LIMIT {limit:UInt32}
