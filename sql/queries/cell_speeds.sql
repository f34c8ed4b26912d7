-- What the fleet drove in the last days by H3 cell (resolution 7) and hour of the day in the depot's zone: hours 0 to 23 are
-- those of Monday to Friday, 24 to 47 those of Saturday and Sunday. A row per cell, with its speeds in three lists, of the
-- areas (resolution 5) in which most was driven. A minute is the least that counts.
WITH (SELECT zone FROM v_fleet) AS zone, (SELECT max(hour) FROM cell_speeds) AS newest,
    -- The middle of an hour says which one it is in zones that are half an hour off.
    sums AS
    (
        SELECT cell, toTimeZone(hour + INTERVAL 30 MINUTE, zone) AS local,
            toUInt8(toHour(local) + if(toDayOfWeek(local) > 5, 24, 0)) AS hour_of_week, sum(driven_m) AS m, sum(driven_s) AS s
        FROM cell_speeds FINAL
        WHERE hour > newest - toIntervalDay({days:UInt32})
        GROUP BY cell, local
    ),
    speeds AS
    (
        SELECT cell, hour_of_week, sum(sums.m) AS m, sum(sums.s) AS s FROM sums GROUP BY cell, hour_of_week HAVING s >= 60
    )
SELECT h3ToString(h3ToParent(cell, toUInt8(5))) AS area_id, h3ToString(cell) AS cell_id, zone AS time_zone,
    groupArray(hour_of_week) AS hours, groupArray(round(3.6 * m / s, 1)) AS kmph, groupArray(round(s / 60)) AS minutes
FROM (SELECT * FROM speeds ORDER BY cell, hour_of_week)
WHERE h3ToParent(cell, toUInt8(5)) IN
(
    SELECT h3ToParent(cell, toUInt8(5)) AS area FROM speeds GROUP BY area ORDER BY sum(s) DESC, area LIMIT {limit:UInt32}
)
GROUP BY cell
ORDER BY area_id, cell_id
