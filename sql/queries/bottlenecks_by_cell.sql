-- Places (H3 cells of resolution 8) ranked by the delay at their stops in the last days of data, of at least 5 visits.
WITH (SELECT max(departed_at) FROM stop_visits) AS newest
SELECT h3ToString(geoToH3(lat, lon, toUInt8(8))) AS cell_id, avg(lat) AS mean_lat, avg(lon) AS mean_lon,
    uniqExact(stop_id) AS stop_count, count() AS visit_count, sum(delay_s) AS total_delay_s,
    quantileExactInclusive(0.5)(dwell_s) AS median_dwell_s, quantileExactInclusive(0.9)(dwell_s) AS p90_dwell_s
FROM v_stop_visits
WHERE status = 'departed' AND departed_at >= newest - toIntervalDay({days:UInt32})
GROUP BY cell_id
HAVING visit_count >= 5
ORDER BY total_delay_s DESC, cell_id
LIMIT {limit:UInt32}
