-- Whom to talk to: drivers by what their score of the last 7 days lost against the 7 days before, worst first, with the
-- kind of event that they had most of.
WITH
    (SELECT max(window_end) FROM driver_scores WHERE window = '7d') AS newest,
    rows AS (
        SELECT driver_id, window_end, score, [harsh_brake_count, harsh_accel_count, harsh_corner_count, overspeed_count] AS counts
        FROM v_driver_scores
        WHERE window = '7d' AND driver_id != '' AND window_end > newest - toIntervalDay(21)
    ),
    now AS (SELECT driver_id, argMax(score, window_end) AS score, argMax(counts, window_end) AS counts FROM rows GROUP BY driver_id),
    before AS (
        SELECT driver_id, argMax(score, window_end) AS score
        FROM rows
        WHERE window_end <= newest - toIntervalDay(7)
        GROUP BY driver_id
    )
SELECT now.driver_id AS driver_id, now.score AS score, before.score AS score_before, now.score - before.score AS change,
    ['harsh_brake', 'harsh_accel', 'harsh_corner', 'overspeed'][indexOf(now.counts, arrayMax(now.counts))] AS most_often,
    arrayMax(now.counts) AS most_often_count
FROM now
INNER JOIN before ON now.driver_id = before.driver_id
WHERE isFinite(now.score) AND isFinite(before.score)
ORDER BY change, driver_id
LIMIT {limit:UInt32}
