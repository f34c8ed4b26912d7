-- The heat map of loading and unloading delay over the last hours of data, by H3 cell (resolution 7 or 9), most first.
WITH (SELECT max(departed_at) FROM v_stop_visits) AS newest
SELECT h3ToString(geoToH3(lat, lon, {resolution:UInt8})) AS cell_id, avg(lat) AS mean_lat, avg(lon) AS mean_lon,
    count() AS visit_count, sum(delay_s) AS total_delay_s
FROM v_stop_visits
WHERE status = 'departed' AND departed_at > newest - toIntervalHour({hours:UInt32})
GROUP BY cell_id
ORDER BY total_delay_s DESC, cell_id
LIMIT {limit:UInt32}
