-- Service levels as `deliveries_sla` tells them by customer, stop, vehicle, hour and area, and the newest day's on-time share of
-- `deliveries_on_time`, against visits from plans, drivers' words and fixes. A stop counts at its planned arrival, else the end
-- of its window, else its start. Result: numbers compared, those that differ.
WITH
{{visits}},
    outcomes AS (
        SELECT *, punctuality = 'on_time' AS is_on_time, result IN ('refused', 'failed') AND why != '' AS is_excused,
            if(isFinite(delivered), delivered, if(result = 'delivered', ordered, 0)) AS given, given >= ordered AS is_in_full,
            ifNull((departed_ms - service_ms) / 1000, 0) AS served_s, toDate(fromUnixTimestamp64Milli(promised_ms, 'UTC')) AS day
        FROM visits
        WHERE kind != 'depot' AND promised_ms > 0 AND status != 'removed'
    ),
    expected AS (
        SELECT what.1 AS by, what.2 AS id, CAST([toFloat64(count()), countIf(is_excused), countIf(arrived_ms = 0), countIf(is_on_time AND NOT is_excused) / countIf(NOT is_excused),
            sumIf(given, NOT is_excused) / sumIf(ordered, NOT is_excused), countIf(is_on_time AND is_in_full AND NOT is_excused) / countIf(NOT is_excused),
            sumIf(greatest(0, served_s - service_s), departed_ms > 0) / countIf(departed_ms > 0),
            sumIf((arrived_ms - due_ms) / 1000, arrived_ms > 0 AND due_ms > 0) / countIf(arrived_ms > 0 AND due_ms > 0)], 'Array(Float64)') AS numbers
        FROM outcomes
        ARRAY JOIN [('customer', customer), ('stop', stop_id), ('vehicle', vehicle), ('hour', leftPad(toString(toHour(fromUnixTimestamp64Milli(promised_ms, 'UTC'))), 2, '0')),
            ('area', h3ToString(geoToH3(lat, lon, 7)))] AS what
        GROUP BY by, id
        UNION ALL
        SELECT 'day', toString(day), CAST([toFloat64(count()), countIf(is_on_time AND NOT is_excused), countIf(punctuality = 'late' AND NOT is_excused), countIf(punctuality = 'early' AND NOT is_excused),
            countIf(punctuality = 'skipped' AND NOT is_excused), countIf(is_on_time AND NOT is_excused) / countIf(NOT is_excused), countIf(is_excused), 0], 'Array(Float64)')
        FROM outcomes
        WHERE day = (SELECT max(day) FROM outcomes)
        GROUP BY day
    ),
    levels AS (
        SELECT 'customer' AS by, * FROM ({{query deliveries_sla by=customer}})
        UNION ALL
        SELECT 'stop', * FROM ({{query deliveries_sla by=stop}})
        UNION ALL
        SELECT 'vehicle', * FROM ({{query deliveries_sla by=vehicle}})
        UNION ALL
        SELECT 'hour', * FROM ({{query deliveries_sla by=hour}})
        UNION ALL
        SELECT 'area', * FROM ({{query deliveries_sla by=area}})
    ),
    found AS (
        SELECT by, what AS id, CAST([toFloat64(stop_count), excused_count, skipped_count, on_time_share, in_full_share, otif_share, mean_delay_s, mean_lateness_s], 'Array(Float64)') AS numbers
        FROM levels
        UNION ALL
        SELECT 'day', toString(day), CAST([toFloat64(stop_count), on_time_count, late_count, early_count, skipped_count, on_time_share, excused_count, 0], 'Array(Float64)')
        FROM ({{query deliveries_on_time}})
    )
SELECT 8 * count(), sum(if(e.id = '' OR f.id = '', 8, arrayCount((a, b) -> NOT (abs(a - b) < 1e-6 OR (isNaN(a) AND isNaN(b))), e.numbers, f.numbers)))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.by = f.by AND e.id = f.id
