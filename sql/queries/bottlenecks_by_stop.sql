-- Stops ranked by the delay that they cost in the last days of data, of at least 5 visits: total delay, median and 90th
-- percentile of dwell, and the hour of day (of the depot's time zone) at which most of it arises.
WITH
    (SELECT max(arrived_at) FROM stop_outcomes) AS last_visit,
    visits AS (SELECT * FROM stop_outcomes WHERE status = 'departed' AND counted_at > last_visit - toIntervalDay({days:UInt32})),
    hours AS (SELECT stop_id, arrived_hour AS hour, sumIf(delay_s, isFinite(delay_s)) AS delay_s FROM visits GROUP BY stop_id, hour)
SELECT stop_id, any(customer_id) AS customer_id, any(lat) AS lat, any(lon) AS lon, count() AS visit_count,
    sumIf(delay_s, isFinite(delay_s)) AS total_delay_s, quantileExactInclusive(0.5)(dwell_s) AS median_dwell_s,
    quantileExactInclusive(0.9)(dwell_s) AS p90_dwell_s, any(worst.hour) AS worst_hour
FROM visits
INNER JOIN (SELECT stop_id, argMax(hour, delay_s) AS hour FROM hours GROUP BY stop_id) AS worst USING (stop_id)
GROUP BY stop_id
HAVING visit_count >= 5
ORDER BY total_delay_s DESC, stop_id
LIMIT {limit:UInt32}
