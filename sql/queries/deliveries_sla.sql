-- Service levels of the last days of data by `by`: customer, stop, driver, vehicle, area (H3 cell of resolution 7) or hour
-- of day. Of the stops that were visited or missed: on time in their window; in full (delivered / ordered); both (OTIF).
-- A delivery that was refused or failed with a reason is excused: it is counted apart and in no share.
WITH (SELECT max(arrived_at) FROM stop_outcomes) AS last_visit
SELECT multiIf({by:String} = 'customer', customer_id, {by:String} = 'stop', stop_id, {by:String} = 'driver', toString(driver_id),
        {by:String} = 'vehicle', toString(vehicle_id), {by:String} = 'area', h3ToString(area), leftPad(toString(promised_hour), 2, '0')) AS what,
    count() AS stop_count, countIf(is_excused) AS excused_count, countIf(status = 'skipped') AS skipped_count,
    countIf(is_on_time AND NOT is_excused) / countIf(NOT is_excused) AS on_time_share,
    sumIf(delivered, NOT is_excused) / sumIf(ordered, NOT is_excused) AS in_full_share,
    countIf(is_on_time AND is_in_full AND NOT is_excused) / countIf(NOT is_excused) AS otif_share,
    avgIf(delay_s, status = 'departed' AND isFinite(delay_s)) AS mean_delay_s,
    avgIf(lateness_s, status != 'skipped' AND isFinite(lateness_s)) AS mean_lateness_s
FROM stop_outcomes
WHERE kind != 'depot' AND promised_at = counted_at AND counted_at > last_visit - toIntervalDay({days:UInt32})
GROUP BY what
ORDER BY if({by:String} = 'hour', what, ''), otif_share, what
LIMIT {limit:UInt32}
