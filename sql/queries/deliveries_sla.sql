-- Service levels of the last days of data by `by`: customer, stop, driver, vehicle, area (H3 cell of resolution 7) or hour
-- of day. Of the stops that were visited or missed: on time in their window; in full (delivered / ordered); both (OTIF).
-- A delivery that was refused or failed with a reason is excused: it is counted apart and in no share.
WITH
    (SELECT zone FROM v_fleet) AS zone,
    (SELECT max(planned_arrival) FROM stop_visits WHERE status IN ('arrived', 'departed', 'skipped')) AS newest,
    stops AS (
        SELECT multiIf({by:String} = 'customer', customer_id, {by:String} = 'stop', stop_id, {by:String} = 'driver', toString(driver_id),
                {by:String} = 'vehicle', toString(vehicle_id), {by:String} = 'area', h3ToString(geoToH3(lat, lon, toUInt8(7))),
                leftPad(toString(toHour(toTimeZone(planned_arrival, zone))), 2, '0')) AS what,
            outcome IN ('refused', 'failed') AND reason != '' AS is_excused,
            punctuality = 'on_time' AS is_on_time,
            ordered_qty > 0 AND isFinite(ordered_qty) AS has_quantity,
            ordered_qty, if(isFinite(delivered_qty), delivered_qty, if(outcome = 'delivered', ordered_qty, 0)) AS delivered,
            if(has_quantity, delivered >= ordered_qty, outcome = 'delivered') AS is_in_full,
            delay_s, lateness_s, status
        FROM v_stop_visits
        WHERE kind != 'depot' AND status IN ('arrived', 'departed', 'skipped')
            AND planned_arrival > newest - toIntervalDay({days:UInt32})
    )
SELECT what, count() AS stop_count, countIf(is_excused) AS excused_count, countIf(status = 'skipped') AS skipped_count,
    countIf(is_on_time AND NOT is_excused) / countIf(NOT is_excused) AS on_time_share,
    sumIf(delivered, has_quantity AND NOT is_excused) / sumIf(ordered_qty, has_quantity AND NOT is_excused) AS in_full_share,
    countIf(is_on_time AND is_in_full AND NOT is_excused) / countIf(NOT is_excused) AS otif_share,
    avgIf(delay_s, status = 'departed') AS mean_delay_s, avgIf(lateness_s, status != 'skipped') AS mean_lateness_s
FROM stops
GROUP BY what
ORDER BY if({by:String} = 'hour', what, ''), otif_share, what
LIMIT {limit:UInt32}
