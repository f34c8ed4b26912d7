-- Rejected records of the last hours of the data by topic and reason, with the newest of each as an example.
SELECT topic, reason, count() AS record_count, max(at) AS last_at, argMax(detail, at) AS last_detail,
    argMax(partition, at) AS last_partition, argMax(offset, at) AS last_offset
FROM dead_letters
WHERE at >= (SELECT max(at) FROM dead_letters) - toIntervalHour({hours:UInt32})
GROUP BY topic, reason
ORDER BY record_count DESC, topic, reason
LIMIT {limit:UInt32}
