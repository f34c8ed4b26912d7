-- Accuracy of predicted arrivals as `eta_accuracy` tells it, against the predictions (see eta_predictions.sql) beside the
-- arrivals that plans, drivers' words and fixes show: count, bias, MAE, median, 90th percentile, MAPE and shares by horizon,
-- from the sorted errors. Result: (horizon, number) compared, those that differ.
WITH
{{visits}},
    arrivals AS (
        SELECT trip_id, stop_id, arrived_ms FROM visits WHERE arrived_ms > 0
        UNION ALL
        SELECT trip_id, '', toUnixTimestamp64Milli(timestamp) FROM trip_events WHERE event_type = 'trip_end' AND trip_id IN (SELECT trip_id FROM plans)
    ),
    errors AS (
        SELECT abs(error) AS off, (arrived_ms - toUnixTimestamp64Milli(predicted_at)) / 1000 AS error, (arrived_ms - toUnixTimestamp64Milli(made_at)) / 1000 AS ahead,
            ['0-5', '5-15', '15-30', '30-60', '60+'][1 + arrayCount(bound -> ahead >= bound * 60, [5, 15, 30, 60])] AS horizon
        FROM v_eta_predictions AS p
        INNER JOIN arrivals AS a ON p.trip_id = a.trip_id AND p.stop_id = a.stop_id
        WHERE arrived_at = toDateTime64(0, 3, 'UTC') AND ahead > 0
    ),
    -- Between the two errors next to a share of the way from the first to the last.
    expected AS (
        SELECT horizon, arraySort(groupArray(off)) AS sorted, length(sorted) AS n,
            arrayMap(tenths -> sorted[1 + intDiv((n - 1) * tenths, 10)] + (n - 1) * tenths % 10 / 10
                * (sorted[least(n, 2 + intDiv((n - 1) * tenths, 10))] - sorted[1 + intDiv((n - 1) * tenths, 10)]), [5, 9]) AS quantiles,
            [toFloat64(n), sum(error) / n, sum(off) / n, quantiles[1], quantiles[2], sumIf(off / ahead, ahead >= 300) / countIf(ahead >= 300),
                countIf(off <= 300) / n, countIf(off <= 900) / n] AS numbers
        FROM errors
        GROUP BY horizon
    ),
    found AS (
        SELECT horizon_min, [toFloat64(prediction_count), bias_s, mae_s, median_s, p90_s, mape, within_5_min, within_15_min] AS numbers
        FROM ({{query eta_accuracy}})
    )
SELECT 8 * count(), sum(if(e.horizon = '' OR f.horizon_min = '', 8, arrayCount((a, b) -> NOT (abs(a - b) < 1e-6 OR (isNaN(a) AND isNaN(b))), e.numbers, f.numbers)))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.horizon = f.horizon_min
