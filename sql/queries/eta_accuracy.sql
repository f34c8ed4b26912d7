-- Predicted against actual arrivals of the last days of data, by horizon: bias (positive: arrived later), MAE, median and
-- 90th percentile of the absolute error, MAPE where 5 min or more remained, share within 5 and 15 min.
SELECT horizon_min, count() AS prediction_count, avg(error_s) AS bias_s, avg(abs(error_s)) AS mae_s,
    quantileExactInclusive(0.5)(abs(error_s)) AS median_s, quantileExactInclusive(0.9)(abs(error_s)) AS p90_s,
    avgIf(abs(error_s) / horizon_s, horizon_s >= 300) AS mape, countIf(abs(error_s) <= 300) / count() AS within_5_min,
    countIf(abs(error_s) <= 900) / count() AS within_15_min
FROM v_eta_errors
WHERE made_at >= (SELECT max(made_at) FROM eta_predictions) - toIntervalDay({days:UInt32}) AND horizon_s > 0
GROUP BY horizon_min
ORDER BY min(horizon_s)
LIMIT {limit:UInt32}
