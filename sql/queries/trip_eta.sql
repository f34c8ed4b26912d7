-- How well the arrivals of a trip were predicted, in the order of the arrivals: at each stop, and at the end of the trip (stop '').
-- Errors are actual - predicted, seconds, positive when late; the first and the last prediction, bias and mean absolute error of
-- all that were made before the arrival.
WITH
    predictions AS (
        SELECT toString(stop_id) AS stop_id, made_at, predicted_at, arrived_at
        FROM eta_predictions FINAL
        WHERE trip_id = {trip_id:String}
    ),
    arrivals AS (
        SELECT stop_id, arrived_at FROM v_stop_visits WHERE trip_id = {trip_id:String} AND arrived_at > toDateTime64(0, 3, 'UTC')
        UNION ALL
        SELECT '', ended_at
        FROM v_trips
        WHERE trip_id = {trip_id:String} AND status != 'open'
            AND '' IN (SELECT stop_id FROM predictions WHERE arrived_at > toDateTime64(0, 3, 'UTC'))
    )
SELECT p.stop_id AS stop_id, any(a.arrived_at) AS arrived_at, count() AS prediction_count,
    argMin(dateDiff('millisecond', p.predicted_at, a.arrived_at), p.made_at) / 1000 AS first_error_s,
    argMax(dateDiff('millisecond', p.predicted_at, a.arrived_at), p.made_at) / 1000 AS last_error_s,
    avg(dateDiff('millisecond', p.predicted_at, a.arrived_at)) / 1000 AS bias_s,
    avg(abs(dateDiff('millisecond', p.predicted_at, a.arrived_at))) / 1000 AS mae_s
FROM (SELECT * FROM predictions WHERE arrived_at = toDateTime64(0, 3, 'UTC')) AS p
INNER JOIN arrivals AS a ON p.stop_id = a.stop_id
WHERE p.made_at < a.arrived_at
GROUP BY stop_id
ORDER BY arrived_at, stop_id DESC
LIMIT {limit:UInt32}
