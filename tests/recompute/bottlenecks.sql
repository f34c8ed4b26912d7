-- Stops and H3 cells as `bottlenecks_by_stop` and `bottlenecks_by_cell` rank them, against visits from plans, drivers' words
-- and fixes: visits, total delay, median and 90th percentile of dwell from the sorted dwells, worst hour, rank. Those of 5
-- visits at least. Result: stops and cells compared, those that differ.
WITH
{{visits}},
    dwells AS (
        SELECT stop_id, h3ToString(geoToH3(lat, lon, 8)) AS cell, toHour(fromUnixTimestamp64Milli(arrived_ms, 'UTC')) AS hour, (departed_ms - arrived_ms) / 1000 AS dwell,
            greatest(0, (departed_ms - service_ms) / 1000 - service_s) AS delay
        FROM visits
        WHERE departed_ms > 0
    ),
    places AS (
        SELECT place.1 AS by, place.2 AS id, sum(delay) AS total, arraySort(groupArray(dwell)) AS sorted, length(sorted) AS n,
            arrayMap(tenths -> sorted[1 + intDiv((n - 1) * tenths, 10)] + (n - 1) * tenths % 10 / 10
                * (sorted[least(n, 2 + intDiv((n - 1) * tenths, 10))] - sorted[1 + intDiv((n - 1) * tenths, 10)]), [5, 9]) AS quantiles,
            arrayMap(h -> arraySum(arrayMap((at, s) -> if(at = h, s, 0), groupArray(hour), groupArray(delay))), range(24)) AS by_hour, uniqExact(stop_id) AS stops
        FROM dwells
        ARRAY JOIN [('stop', stop_id), ('cell', cell)] AS place
        GROUP BY by, id
        HAVING n >= 5
    ),
    expected AS (SELECT *, row_number() OVER (PARTITION BY by ORDER BY total DESC, id) AS place FROM places),
    found AS (
        SELECT 'stop' AS by, stop_id AS id, visit_count, total_delay_s, median_dwell_s, p90_dwell_s, worst_hour, 1 AS stops, rowNumberInAllBlocks() + 1 AS place
        FROM ({{query bottlenecks_by_stop}})
        UNION ALL
        SELECT 'cell', cell_id, visit_count, total_delay_s, median_dwell_s, p90_dwell_s, -1, stop_count, rowNumberInAllBlocks() + 1
        FROM ({{query bottlenecks_by_cell}})
    )
SELECT count(), countIf(e.id = '' OR f.id = '' OR e.n != f.visit_count OR e.stops != f.stops OR abs(e.total - f.total_delay_s) > 1e-6
    OR abs(e.quantiles[1] - f.median_dwell_s) > 1e-6 OR abs(e.quantiles[2] - f.p90_dwell_s) > 1e-6
    OR (e.total > 0 AND f.worst_hour >= 0 AND abs(e.by_hour[f.worst_hour + 1] - arrayMax(e.by_hour)) > 1e-6)
    OR (e.place != f.place AND abs(e.total - arrayElement((SELECT arraySort(x -> -x, groupArray(total)) FROM places WHERE by = 'stop'), f.place)) > 1e-6 AND e.by = 'stop'))
FROM expected AS e
FULL OUTER JOIN found AS f ON e.by = f.by AND e.id = f.id
