//! The store against the real ClickHouse library: one embedded store for all tests but those that kill theirs.

mod again;
mod demands;
mod fleet;
mod host;
mod kept;
mod lists;
mod order;
mod panels;
mod privacy;
mod retention;
mod rows;
mod schedules;
mod speeds;
mod stops;

use host::{Host, start, until};
use rows::{every_insert, telemetry_insert};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};
use tacho_io::{Store, StoreError, Table};
use tacho_store::{ClickHouseStore, MigrateError, NamedQuery, OutputFormat, QueryOptions, StoreConfig, migrate};

#[test]
fn migrations_are_applied_once_and_may_be_repeated() {
    let host = Host::shared();
    let mut config = StoreConfig::new(host.supervisor.url());
    config.database = "migrations".into();
    let first = host.runtime.block_on(migrate(&config)).unwrap();
    assert!(first.starts_with(&[1, 2, 12]) && first.contains(&20) && first.contains(&30), "{first:?}");
    assert!(host.runtime.block_on(migrate(&config)).unwrap().is_empty());
    let store = ClickHouseStore::new(&config, host.runtime.handle().clone());

    host.ask(&store, "INSERT INTO schema_migrations (version, name, checksum) VALUES (999, 'x', 1)");
    let newer = host.runtime.block_on(migrate(&config));
    assert!(matches!(newer, Err(MigrateError::Newer { found: 999, .. })), "{newer:?}");
}

#[test]
fn the_fixes_around_a_grave_alert_are_copied_once() {
    let host = Host::shared();
    let store = host.store_in("evidence");
    // 50 vehicles, a fix each second for 20 minutes.
    store.insert(&rows::telemetry_insert("t", 1, 50 * 1_200)).unwrap();
    store.insert(&rows::grave_alerts()).unwrap();
    let collect = |now_ms| {
        let collected = tacho_store::evidence::collect(store.client(), now_ms);
        host.runtime.block_on(collected).unwrap()
    };
    let kept = || {
        host.ask(
            &store,
            "SELECT alert_id, count(), min(timestamp), max(timestamp), uniqExact(vehicle_id) FROM v_evidence \
             GROUP BY alert_id ORDER BY alert_id",
        )
    };
    assert!(!collect(rows::START + 678_000));
    assert_eq!(kept(), "", "before its window is over nothing is copied");
    let a = "a-1\t610\t2026-11-18 11:06:50.000\t2026-11-18 11:16:59.000\t1\n";
    assert!(!collect(rows::START + 1_000_000));
    assert_eq!(kept(), a);
    // A pass that was not noted is made again.
    host.ask(&store, "TRUNCATE TABLE evidence_passes");
    collect(rows::START + 1_000_001);
    assert_eq!(kept(), a, "a repeat replaces itself");
    collect(rows::START + 2_000_000);
    assert_eq!(kept().lines().count(), 2, "the second alert is due later, the light one never");
    let verdicts = "SELECT alert_id, state FROM v_alerts ORDER BY alert_id";
    assert_eq!(host.ask(&store, verdicts), "a-1\tclosed\na-2\tclosed\na-3\tclosed\n");
    store.insert(&rows::reviews()).unwrap();
    assert_eq!(host.ask(&store, verdicts), "a-1\tdismissed\na-2\tacknowledged\na-3\tclosed\n");
}

#[test]
fn every_kind_of_insert_is_read_back() {
    let host = Host::shared();
    let store = host.store_in("every_kind");
    for insert in every_insert() {
        store.insert(&insert).unwrap_or_else(|error| panic!("{}: {error}", insert.table.name()));
        let rows = host.ask(&store, &format!("SELECT count() FROM {}", insert.table.name()));
        assert_eq!(rows, format!("{}\n", insert.rows.len()), "{}", insert.table.name());
        if insert.table.is_replacing() {
            assert!(store.count_batch(insert.table, insert.batch).is_err());
        } else {
            assert_eq!(store.count_batch(insert.table, insert.batch).unwrap(), insert.rows.len() as u64);
            assert_eq!(store.count_batch(insert.table, insert.batch + 1).unwrap(), 0);
        }
    }
    for (sql, expected) in rows::EXPECTED {
        assert_eq!(host.ask(&store, sql), expected, "{sql}");
    }
}

#[test]
fn the_newest_version_of_a_fact_is_the_truth() {
    let host = Host::shared();
    let store = host.store_in("versions");
    for (round, version) in [2, 3, 1, 3].into_iter().enumerate() {
        let mut insert = rows::trip_insert(version);
        insert.token = format!("trip-{round}");
        store.insert(&insert).unwrap();
    }
    assert_eq!(host.ask(&store, "SELECT count(), max(version), max(idle_count) FROM v_trips"), "1\t3\t3\n");
}

#[test]
fn one_insert_is_one_part_and_a_repeated_token_is_dropped() {
    let host = Host::shared();
    let store = host.store_in("parts");
    host.ask(&store, "SYSTEM STOP MERGES telemetry");
    let insert = telemetry_insert("one-part", 1, 50_000);
    store.insert(&insert).unwrap();
    let parts =
        "SELECT count(), sum(rows) FROM system.parts WHERE database = 'parts' AND table = 'telemetry' AND active";
    assert_eq!(host.ask(&store, parts), "1\t50000\n");
    store.insert(&insert).unwrap();
    assert_eq!(host.ask(&store, parts), "1\t50000\n");
    assert_eq!(store.count_batch(Table::Telemetry, 1).unwrap(), 50_000);
}

#[test]
fn small_parts_are_merged() {
    let host = Host::shared();
    let store = host.store_in("merges");
    for batch in 0..60 {
        store.insert(&telemetry_insert(&format!("small-{batch}"), batch, 10)).unwrap();
    }
    until("a merge", || {
        let parts = "SELECT count() FROM system.parts WHERE database = 'merges' AND table = 'telemetry' AND active";
        host.ask(&store, parts).trim().parse::<u32>().unwrap() < 20
    });
    assert_eq!(host.ask(&store, "SELECT count(), uniqExact(batch) FROM telemetry"), "600\t60\n");
}

#[test]
fn a_store_that_is_away_is_unavailable_and_a_wrong_table_is_refused() {
    let host = Host::shared();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = ClickHouseStore::new(&StoreConfig::new(format!("http://{free}")), host.runtime.handle().clone());
    let insert = telemetry_insert("away", 1, 5);
    assert!(matches!(away.insert(&insert), Err(StoreError::Unavailable(_))));
    assert!(matches!(away.count_batch(Table::Telemetry, 1), Err(StoreError::Unavailable(_))));

    let mut config = StoreConfig::new(host.supervisor.url());
    config.database = "default".into();
    let unmigrated = ClickHouseStore::new(&config, host.runtime.handle().clone());
    assert!(matches!(unmigrated.insert(&insert), Err(StoreError::Refused(_))));
}

#[test]
fn compressed_inserts_are_taken() {
    let host = Host::shared();
    host.store_in("compressed");
    let mut config = StoreConfig::new(host.supervisor.url());
    config.database = "compressed".into();
    config.is_compressed = true;
    let store = ClickHouseStore::new(&config, host.runtime.handle().clone());
    store.insert(&telemetry_insert("lz4", 5, 40_000)).unwrap();
    assert_eq!(store.count_batch(Table::Telemetry, 5).unwrap(), 40_000);
}

#[test]
fn acknowledged_inserts_survive_kill_9_and_the_port_stays() {
    let host = Host::start();
    let store = host.store();
    let mut acknowledged = 0;
    for round in 0..3u64 {
        let pid = host.supervisor.pid();
        for number in 0..4 {
            let batch = round * 10 + number;
            store.insert(&telemetry_insert(&format!("kill-{batch}"), batch, 2_000)).unwrap();
            acknowledged += 2_000;
        }
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
        until("the restart", || host.supervisor.pid() != pid && host.supervisor.is_up());
        assert_eq!(host.ask(&store, "SELECT count() FROM telemetry"), format!("{acknowledged}\n"));
        // The token of an insert before the kill is still known after it.
        let last = round * 10 + 3;
        store.insert(&telemetry_insert(&format!("kill-{last}"), last, 2_000)).unwrap();
        assert_eq!(host.ask(&store, "SELECT count() FROM telemetry"), format!("{acknowledged}\n"));
    }
    assert_eq!(host.supervisor.restarts(), 3);
}

#[test]
fn the_process_ends_with_its_supervisor() {
    let data_dir = tempfile::tempdir().unwrap();
    let supervisor = start(data_dir.path());
    let process = PathBuf::from(format!("/proc/{}", supervisor.pid()));
    assert!(process.exists());
    let started = Instant::now();
    supervisor.stop();
    assert!(!process.exists());
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[test]
fn a_store_waits_for_the_directory_of_one_that_is_ending() {
    let data_dir = tempfile::tempdir().unwrap();
    let first = start(data_dir.path());
    let second = std::thread::scope(|scope| {
        let second = scope.spawn(|| start(data_dir.path()));
        // Whether the second one comes before or behind the end of the first: it gets ready.
        first.stop();
        second.join().unwrap()
    });
    assert!(second.is_up());
}

#[test]
fn every_named_query_runs() {
    let host = Host::shared();
    let store = host.store_in("named");
    for insert in every_insert() {
        store.insert(&insert).unwrap();
    }
    for query in NamedQuery::all() {
        let mut options = QueryOptions::read_only();
        for param in &query.params {
            let value = match (param.name.as_str(), param.kind.as_str()) {
                ("vehicle_id", _) => "veh_1",
                ("driver_id", _) if ["driver_score_trend", "hours_of_service"].contains(&query.name) => "drv_1",
                ("window", _) => "1h",
                ("before_ms", _) => "4102444800000",
                ("since_ms", _) => "0",
                ("severity_min", _) => "1",
                ("limit", _) => "5",
                ("step_s", _) => "60",
                ("resolution", _) => "9",
                ("late_s", _) => "0",
                ("km_min", _) => "0",
                ("day", _) => "2026-11-18",
                (_, "UInt32") => "24",
                _ => "",
            };
            options = options.param(&param.name, value);
        }
        let rows: Vec<serde_json::Value> = host
            .runtime
            .block_on(store.named_rows(query, &options))
            .unwrap_or_else(|error| panic!("{}: {error}", query.name));
        // The panels of `panels` have rows of their own.
        assert!(!rows.is_empty() || panels::names().contains(query.name), "{} finds nothing", query.name);
        assert!(rows.len() <= 5, "{}", query.name);
    }
}

#[test]
fn results_come_in_every_format_and_parameters_as_they_are() {
    #[derive(Deserialize)]
    struct Row {
        text: String,
        question: String,
    }
    let host = Host::shared();
    let store = host.store();
    let sql = "SELECT {text:String} AS text, 'what?' AS question";
    for text in ["plain", "quote ' and \"", "back\\slash\\n", "tab\tline\nend", "Fahrgestell ü"] {
        let options = QueryOptions::read_only().param("text", text);
        let rows: Vec<Row> = host.runtime.block_on(store.rows(sql, &options)).unwrap();
        assert_eq!((rows[0].text.as_str(), rows[0].question.as_str()), (text, "what?"));
    }
    let ask = |sql: &str, format| host.try_ask(&store, sql, format, &QueryOptions::read_only());
    assert_eq!(ask("SELECT 1 AS a, 'b' AS c", OutputFormat::Tsv).unwrap(), "1\tb\n");
    assert_eq!(ask("SELECT 1 AS a, 'b' AS c", OutputFormat::Csv).unwrap(), "\"a\",\"c\"\n1,\"b\"\n");
    assert_eq!(ask("SELECT 1 AS a WHERE 0", OutputFormat::Csv).unwrap(), "\"a\"\n");
    assert_eq!(ask("SELECT nan AS a", OutputFormat::Json).unwrap(), "{\"a\":null}\n");
    assert!(ask("SELECT 1 AS a", OutputFormat::Table).unwrap().contains('┌'));
    assert!(matches!(ask("DROP TABLE trips", OutputFormat::Tsv), Err(StoreError::Refused(_))));
}

#[test]
fn long_results_stream_with_one_header_and_tell_late_errors() {
    let host = Host::shared();
    let store = host.store();
    let sql = "SELECT number, toString(number) AS text FROM numbers(400000)";
    let text = host.try_ask(&store, sql, OutputFormat::Csv, &QueryOptions::read_only()).unwrap();
    assert_eq!(text.lines().count(), 400_001);
    assert_eq!(text.matches("number").count(), 1);
    let typed: Vec<(u64, String)> = host.runtime.block_on(store.client().query(sql).fetch_all()).unwrap();
    assert_eq!(typed[399_999], (399_999, "399999".to_owned()));

    let late = "SELECT throwIf(number = 3000000) FROM numbers(6000000)";
    let error = host.try_ask(&store, late, OutputFormat::Tsv, &QueryOptions::read_only()).unwrap_err();
    // The client reads the exception's text only if it comes in one piece of the network's; that it is an error it
    // always knows, and that is what matters: a cut result is never taken for a whole one.
    let text = error.to_string();
    assert!(text.contains("Code: 395") || text.contains("exception tag"), "{text}");
    // A reader that goes away early leaves the store as it was.
    let endless = "SELECT number FROM numbers(1000000000)";
    let mut output = store.query(endless, OutputFormat::Tsv, &QueryOptions::default()).unwrap();
    host.runtime.block_on(output.next()).unwrap();
    drop(output);
    until("the end of the abandoned query", || {
        host.ask(&store, "SELECT count() FROM system.processes WHERE query LIKE '%numbers(1000000000)%'")
            .trim()
            .parse::<u32>()
            .unwrap()
            <= 1
    });
}

#[test]
fn hostile_requests_do_not_bring_the_store_down() {
    let host = Host::shared();
    let store = host.store_in("hostile");
    let pid = host.supervisor.pid();
    let get = |query: &str| format!("GET /?query={query} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
    let post = |query: &str, headers: &str, body: &[u8]| {
        let mut request = format!("POST /{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n").into_bytes();
        request.extend_from_slice(body);
        request
    };
    let insert = "?query=INSERT+INTO+hostile.commands+FORMAT+Native";
    let form = "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 10";
    let requests = [
        b"\x00\xff\x16\x03\x01\r\n\r\n".to_vec(),
        get("%ff%fe"),
        get("SELECT+1&max_threads'=1"),
        get("SELECT+1&max_threads=%27%2C+readonly%3D1"),
        get("SELECT+1&database=%60;DROP"),
        get("SELECT+1+FORMAT+Nonsense"),
        post("", "Content-Length: 3", b"\xff\x00\x01"),
        post("", form, b"--B\r\nname="),
        post(insert, "Content-Length: 9", b"\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        post(&format!("{insert}&decompress=1"), "Content-Length: 30", &[b'a'; 30]),
        post("?query=INSERT+INTO+hostile.nothing+FORMAT+Native", "Content-Length: 1", b"\x01"),
        // Bodies that break off: nothing of them is stored.
        post(insert, "Transfer-Encoding: chunked", b"5\r\n\x01\x01\x0a"),
        post("?query=INSERT+INTO+hostile.commands(command_id)+FORMAT+TSV", "Content-Length: 50", b"one\ntwo\nthree\n"),
        post("", "Content-Length: 99999999", b"SELECT"),
    ];
    for request in requests {
        let mut stream = TcpStream::connect(host.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        // The store may close before it has read everything.
        let _ = stream.write_all(&request);
        let _ = stream.read(&mut [0; 4096]);
    }
    assert_eq!(host.ask(&store, "SELECT count() FROM commands"), "0\n");
    assert_eq!(host.supervisor.pid(), pid);
    assert_eq!(host.supervisor.restarts(), 0);
}

#[test]
fn places_are_read_back() {
    use tacho_io::{GeofenceEventView, History};
    use tacho_model::{EventTime, VehicleId};
    let host = Host::shared();
    let store = host.store_in("places");
    every_insert().iter().for_each(|insert| store.insert(insert).unwrap());
    let (vehicle, start) = (VehicleId::from("veh_1"), EventTime(rows::START));
    // Those of the days before are there, too.
    let facts = store.facts(&vehicle, start.plus_ms(5 * 86_400_000), start.plus_ms(6 * 86_400_000)).unwrap();
    let views: Vec<GeofenceEventView> = facts.geofence_events.into_iter().map(|known| known.view).collect();
    assert_eq!(views, [GeofenceEventView::from(&rows::geofence_event())]);
    let none = store.geofences_mark().unwrap();
    assert!(store.geofences().unwrap().is_empty());
    store.insert(&rows::place_commands()).unwrap();
    assert_ne!(store.geofences_mark().unwrap(), none);
    assert_eq!(store.geofences_mark().unwrap(), store.geofences_mark().unwrap());
    let kinds: Vec<String> = store.geofences().unwrap().into_iter().map(|command| command.kind).collect();
    assert_eq!(kinds, ["geofence.upsert", "geofence.delete"]);
    let others = store.commands(&vehicle, start.plus_ms(3_600_000)).unwrap();
    assert_eq!(others.len(), 2, "those of places are asked for apart");
}

#[test]
fn rounds_are_read_back_and_what_is_withdrawn_counts_nowhere() {
    use tacho_io::{History, StopVisitView, stop_key};
    use tacho_model::{EventTime, SideBody, TripEventKind, VehicleId};
    let host = Host::shared();
    let store = host.store_in("rounds");
    every_insert().iter().for_each(|insert| store.insert(insert).unwrap());
    let vehicle = VehicleId::from("veh_1");
    let stops = store.stop_visits(&vehicle, &["trip-0".into(), "trip-1".into()]).unwrap();
    let views: Vec<&StopVisitView> = stops.iter().map(|known| &known.view).collect();
    assert_eq!(views, [&StopVisitView::from(&rows::visit())]);
    assert!(store.stop_visits(&"veh_2".into(), &["trip-1".into()]).unwrap().is_empty());
    assert!(store.stop_visits(&vehicle, &[]).unwrap().is_empty());
    store.insert(&rows::plan_update()).unwrap();
    let events = store.events(&vehicle, EventTime(0), EventTime(rows::START + 3_600_000)).unwrap();
    let plans = events.iter().filter_map(|event| match &event.body {
        SideBody::Trip(trip) => match &trip.kind {
            TripEventKind::Start { plan, .. } | TripEventKind::PlanUpdate { plan, .. } => Some(plan.as_str()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(plans.collect::<Vec<&str>>(), ["{\"stops\":[]}", "{\"dest_lat\":1,\"dest_lon\":2}"]);
    let errors = "SELECT stop_id, error_s FROM v_eta_errors ORDER BY stop_id DESC";
    assert_eq!(host.ask(&store, errors), "s-1\t-30\n\t10\n");
    let ever = (EventTime(0), EventTime(i64::MAX));
    store.withdraw(Table::StopVisits, &vehicle, ever, &[stop_key(&"trip-1".into(), "s-1")]).unwrap();
    assert_eq!(host.ask(&store, errors), "\t10\n", "nobody arrived");
    host.ask(&store, "SYSTEM REFRESH VIEW stop_outcomes");
    host.ask(&store, "SYSTEM WAIT VIEW stop_outcomes");
    assert_eq!(host.ask(&store, "SELECT count() FROM stop_outcomes"), "0\n");
    assert!(store.stop_visits(&vehicle, &["trip-1".into()]).unwrap()[0].is_withdrawn);
}

#[test]
fn history_is_read_back_and_facts_are_withdrawn() {
    use tacho_io::{DayOutcome, DayRun, History, stop_key};
    use tacho_model::{DriverId, EventTime, LogTime, SideBody, VehicleId};
    let host = Host::shared();
    let store = host.store_in("history");
    every_insert().iter().for_each(|insert| store.insert(insert).unwrap());
    let (vehicle, start) = (VehicleId::from("veh_1"), EventTime(1_795_000_000_000));
    let (from, to) = (start.plus_ms(-3_600_000), start.plus_ms(3_600_000));

    let fixes = store.fixes(&vehicle, from, to).unwrap();
    assert_eq!(fixes.timestamp, [start.plus_ms(1_000), start.plus_ms(3_000)]);
    assert_eq!((fixes.lat[1], fixes.lon[1]), (12.9716201, 77.5946));
    assert_eq!(fixes.text.get(fixes.event_id[1]), "EVT-3");
    assert!(fixes.rpm.get(0) == 900.0 && fixes.rpm.get(1).is_nan());
    let before = store.fixes_before(&vehicle, start.plus_ms(3_000), 5).unwrap();
    assert_eq!(before.timestamp, [start.plus_ms(1_000)]);

    let after = store.fixes_after(&vehicle, start.plus_ms(1_000), to, 1).unwrap();
    assert_eq!(after.timestamp, [start.plus_ms(1_000)]);

    let due = store.due_days(5).unwrap();
    assert_eq!(due.len(), 1);
    let done_at = LogTime(start.ms());
    let (fix_count, changed_count, withdrawn_count) = (2, 1, 1);
    let run =
        DayRun { due: due[0].clone(), outcome: DayOutcome::Done, fix_count, changed_count, withdrawn_count, done_at };
    store.note_run(&run).unwrap();
    assert!(store.due_days(5).unwrap().is_empty());
    assert_eq!(host.ask(&store, "SELECT status, outcome FROM v_recompute"), "done\tdone\n");
    assert_eq!(store.days(&[], from, to).unwrap().len(), 2, "two vehicles, a day each");
    assert_eq!(store.days(std::slice::from_ref(&vehicle), from, to).unwrap().len(), 1);
    let events = store.events(&vehicle, from, to).unwrap();
    let codes = events.iter().find_map(|event| match &event.body {
        SideBody::Status(status) => status.fault_codes.clone(),
        _ => None,
    });
    assert_eq!(codes, Some(vec!["P0300".to_owned(), "P0420".to_owned()]), "status is read back, too");
    assert_eq!(store.commands(&vehicle, to).unwrap().len(), 2);

    let owner = |table: &str| VehicleId::from(host.ask(&store, &format!("SELECT any(vehicle_id) FROM {table}")).trim());
    for (table, view) in [
        (Table::Trips, "v_trips"),
        (Table::Alerts, "v_alerts"),
        (Table::VehicleMinutes, "v_vehicle_minutes"),
        (Table::VehicleIntervals, "v_vehicle_intervals"),
        (Table::GeofenceEvents, "v_geofence_events"),
        (Table::StopVisits, "v_stop_visits"),
    ] {
        let owner = owner(table.name());
        let facts = store.facts(&owner, EventTime(0), to).unwrap();
        let keys: Vec<String> = match table {
            Table::Trips => facts.trips.iter().map(|known| known.view.trip_id.to_string()).collect(),
            Table::Alerts => facts.alerts.iter().map(|known| known.known.view.alert_id.to_string()).collect(),
            Table::StopVisits => vec![stop_key(&"trip-1".into(), "s-1")],
            Table::GeofenceEvents => facts.geofence_events.iter().map(|known| known.view.event_id.clone()).collect(),
            Table::VehicleIntervals => facts.intervals.iter().map(|known| known.view.start.ms().to_string()).collect(),
            _ => facts.minutes.iter().map(|known| known.view.start.ms().to_string()).collect(),
        };
        assert!(!keys.is_empty(), "{view}");
        let count =
            |what: &str| host.ask(&store, &format!("SELECT count() FROM {what}")).trim().parse::<usize>().unwrap();
        let before = count(view);
        store.withdraw(table, &owner, (from, to), &keys).unwrap();
        store.withdraw(table, &owner, (from, to), &keys).unwrap();
        let rows = host.ask(&store, &format!("SELECT vehicle_id, version, withdrawn FROM {}", table.name()));
        assert_eq!(count(view), before - keys.len(), "{view} {keys:?} {rows}");
        assert!(count(&format!("{} FINAL", table.name())) >= keys.len(), "withdrawn facts stay");
    }
    let alerts = store.penalty_alerts(&DriverId::default(), &vehicle, from, to).unwrap();
    assert!(alerts.is_empty(), "withdrawn alerts do not count");
    store.penalties(&DriverId::from("drv_0"), &vehicle, from, to).unwrap();
}
