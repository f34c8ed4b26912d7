-- The heat map of loading and unloading delay over the last hours of data, by H3 cell (resolution 7 or 9), most first. Of
-- visits with a planned service.
WITH (SELECT max(departed_at) FROM stop_outcomes) AS newest
SELECT h3ToString(geoToH3(lat, lon, {resolution:UInt8})) AS cell_id, avg(lat) AS mean_lat, avg(lon) AS mean_lon,
    count() AS visit_count, sum(delay_s) AS total_delay_s
FROM stop_outcomes
WHERE status = 'departed' AND departed_at > newest - toIntervalHour({hours:UInt32}) AND isFinite(delay_s)
GROUP BY cell_id
ORDER BY total_delay_s DESC, cell_id
LIMIT {limit:UInt32}
