-- On-time share of the newest day with visited stops (of the depot's time zone): one row.
WITH
    (SELECT zone FROM v_fleet) AS zone,
    (SELECT max(planned_arrival) FROM v_stop_visits WHERE status IN ('arrived', 'departed', 'skipped')) AS newest
SELECT toDate(toTimeZone(newest, zone)) AS day, count() AS stop_count, countIf(punctuality = 'on_time') AS on_time_count,
    countIf(punctuality = 'late') AS late_count, countIf(punctuality = 'early') AS early_count,
    countIf(punctuality = 'skipped') AS skipped_count, on_time_count / stop_count AS on_time_share
FROM v_stop_visits
WHERE kind != 'depot' AND status IN ('arrived', 'departed', 'skipped')
    AND toDate(toTimeZone(planned_arrival, zone)) = toDate(toTimeZone(newest, zone))
LIMIT {limit:UInt32}
