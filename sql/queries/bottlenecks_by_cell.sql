-- Places (H3 cells of resolution 8) ranked by the delay at their stops in the last days of data, of at least 5 visits.
WITH (SELECT max(arrived_at) FROM stop_outcomes) AS last_visit
SELECT h3ToString(cell) AS cell_id, avg(lat) AS mean_lat, avg(lon) AS mean_lon,
    uniqExact(stop_id) AS stop_count, count() AS visit_count, sumIf(delay_s, isFinite(delay_s)) AS total_delay_s,
    quantileExactInclusive(0.5)(dwell_s) AS median_dwell_s, quantileExactInclusive(0.9)(dwell_s) AS p90_dwell_s
FROM stop_outcomes
WHERE status = 'departed' AND counted_at > last_visit - toIntervalDay({days:UInt32})
GROUP BY cell
HAVING visit_count >= 5
ORDER BY total_delay_s DESC, cell_id
LIMIT {limit:UInt32}
