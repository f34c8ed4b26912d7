-- The views that later migrations made anew, without the facts that were withdrawn (012): trips with the columns of
-- health and deliveries, alerts with what people said of them.

CREATE OR REPLACE VIEW v_trips {on_cluster} AS SELECT * EXCEPT (withdrawn) FROM trips FINAL WHERE NOT withdrawn;

CREATE OR REPLACE VIEW v_alerts {on_cluster} AS
SELECT a.* EXCEPT (withdrawn) REPLACE (if(reviews.verdict = '' OR a.state = 'dismissed', a.state, reviews.verdict) AS state)
FROM (SELECT * FROM alerts FINAL WHERE NOT withdrawn) AS a
LEFT JOIN
(
    SELECT JSONExtractString(body, 'alert_id') AS alert_id,
        if(max(type = 'alert.dismiss'), 'dismissed', 'acknowledged') AS verdict
    FROM commands
    WHERE type IN ('alert.acknowledge', 'alert.dismiss')
    GROUP BY alert_id
) AS reviews ON a.alert_id = reviews.alert_id;
