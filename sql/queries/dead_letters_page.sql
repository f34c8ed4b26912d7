-- A page of rejected records, newest first: those before (before_ms, before_id); of one topic and reason, or of all ('').
SELECT l.topic AS topic, l.partition AS partition, l.offset AS offset, l.reason AS reason, l.detail AS detail,
    toValidUTF8(substring(l.payload, 1, 2000)) AS payload_text, length(l.payload) AS payload_bytes, l.at AS at,
    if(r.is_done = '', 'no', r.is_done) AS replayed,
    concat(l.topic, '/', toString(l.partition), '/', leftPad(toString(l.offset), 19, '0')) AS id
FROM dead_letters AS l
LEFT JOIN
(
    SELECT topic, partition, offset, if(argMax(done, version), 'yes', 'uncertain') AS is_done
    FROM dead_letter_replays
    GROUP BY topic, partition, offset
) AS r ON l.topic = r.topic AND l.partition = r.partition AND l.offset = r.offset
WHERE l.at <= fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
    AND (l.at < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')
        OR concat(l.topic, '/', toString(l.partition), '/', leftPad(toString(l.offset), 19, '0')) > {before_id:String})
    AND ({topic:String} = '' OR l.topic = {topic:String})
    AND ({reason:String} = '' OR l.reason = {reason:String})
ORDER BY at DESC, id
LIMIT {limit:UInt32}
