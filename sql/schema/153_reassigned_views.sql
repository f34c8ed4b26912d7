-- What people said of who drove stands over trips and their alerts, whatever their age; and drivers who were erased.
CREATE TABLE IF NOT EXISTS erasures {on_cluster}
(
    pseudonym String COMMENT 'stands where the driver''s id stood; random',
    driver_id String COMMENT 'whose ids are being replaced; empty when all are',
    started_at DateTime64(3, 'UTC')
)
ENGINE = {engine}
ORDER BY pseudonym
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_reassigned {on_cluster} AS
SELECT JSONExtractString(body, 'trip_id') AS trip_id,
    argMax(JSONExtractString(body, 'driver_id'), (timestamp, offset)) AS driver_id
FROM commands
WHERE type = 'trip.reassign'
GROUP BY trip_id;

CREATE OR REPLACE VIEW v_trips {on_cluster} AS
SELECT t.* EXCEPT (withdrawn) REPLACE (if(r.driver_id = '', t.driver_id, r.driver_id) AS driver_id)
FROM (SELECT * FROM trips FINAL WHERE NOT withdrawn) AS t
LEFT JOIN v_reassigned AS r ON t.trip_id = r.trip_id;

-- One join at a time: after two, columns are named with their table.
CREATE OR REPLACE VIEW v_alerts {on_cluster} AS
SELECT b.* REPLACE (if(r.driver_id = '', b.driver_id, r.driver_id) AS driver_id)
FROM
(
    SELECT a.* EXCEPT (withdrawn) REPLACE (if(reviews.verdict = '' OR a.state = 'dismissed', a.state, reviews.verdict) AS state)
    FROM (SELECT * FROM alerts FINAL WHERE NOT withdrawn) AS a
    LEFT JOIN
    (
        SELECT JSONExtractString(body, 'alert_id') AS alert_id,
            if(max(type = 'alert.dismiss'), 'dismissed', 'acknowledged') AS verdict
        FROM commands
        WHERE type IN ('alert.acknowledge', 'alert.dismiss')
        GROUP BY alert_id
    ) AS reviews ON a.alert_id = reviews.alert_id
) AS b
LEFT JOIN v_reassigned AS r ON b.trip_id = r.trip_id;
