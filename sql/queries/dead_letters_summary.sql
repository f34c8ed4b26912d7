-- Rejected records by topic and reason, how many of them were sent again, and the newest of each as an example.
SELECT topic, reason, count() AS record_count, countIf(is_done = 'yes') AS replayed_count,
    countIf(is_done = 'uncertain') AS uncertain_count, max(at) AS last_at, argMax(detail, at) AS last_detail
FROM
(
    SELECT l.topic AS topic, l.reason AS reason, l.detail AS detail, l.at AS at, r.is_done AS is_done
    FROM dead_letters AS l
    LEFT JOIN
    (
        SELECT topic, partition, offset, if(argMax(done, version), 'yes', 'uncertain') AS is_done
        FROM dead_letter_replays
        GROUP BY topic, partition, offset
    ) AS r ON l.topic = r.topic AND l.partition = r.partition AND l.offset = r.offset
)
GROUP BY topic, reason
ORDER BY record_count DESC, topic, reason
LIMIT {limit:UInt32}
