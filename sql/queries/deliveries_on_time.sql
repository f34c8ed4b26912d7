-- On-time share of the newest day (of the fleet's depot) up to the last visit for which stops were promised that are no
-- depots, of the last month: one row. The same stops as in `deliveries_sla`; excused ones are counted apart and in no share.
WITH
    (SELECT zone FROM v_fleet) AS zone,
    (SELECT if(max(arrived_at) = toDateTime64(0, 3, 'UTC'), now64(3, 'UTC'), max(arrived_at)) FROM stop_outcomes) AS last_visit,
    (
        SELECT max(promised_at)
        FROM stop_outcomes
        WHERE kind != 'depot' AND counted_at > last_visit - INTERVAL 31 DAY AND toDate(toTimeZone(promised_at, zone)) <= toDate(toTimeZone(last_visit, zone))
    ) AS newest
SELECT toDate(toTimeZone(newest, zone)) AS day, count() AS stop_count, countIf(is_on_time AND NOT is_excused) AS on_time_count,
    countIf(punctuality = 'late' AND NOT is_excused) AS late_count, countIf(punctuality = 'early' AND NOT is_excused) AS early_count,
    countIf(punctuality = 'skipped' AND NOT is_excused) AS skipped_count, on_time_count / (stop_count - excused_count) AS on_time_share,
    countIf(is_excused) AS excused_count
FROM stop_outcomes
WHERE kind != 'depot' AND counted_at >= newest - INTERVAL 1 DAY AND counted_at <= newest AND promised_at = counted_at
    AND toDate(toTimeZone(promised_at, zone)) = toDate(toTimeZone(newest, zone))
LIMIT {limit:UInt32}
