use super::*;
use crate::config::parse;

#[test]
fn without_a_word_of_configuration_the_engine_has_its_own_defaults() {
    assert_eq!(engine_config(&Config::default()).expect("valid"), EngineConfig::default());
}

#[test]
fn what_is_configured_reaches_the_engine() {
    let text = "[analytics]\nmerge_gap_s = 9\nidling_without_ignition = true\nstale_after_min_by_type = [\"idling=60\"]\n\
                [harsh]\nvan_brake_ms2 = 2.0\ncrash_g = 4\n[score]\nkm_min = 2\nharsh_weight = 5\n\
                [hours]\nprofile = \"us395\"\n[geofences]\ndwell_s = 30\n[deliveries]\nstop_radius_m = 100\n\
                [health]\nfuel_low_pct = 15\ncritical_faults = [\"P0001\"]\n";
    let engine = engine_config(&parse(text).expect("valid")).expect("valid");
    let mut expected = EngineConfig {
        merge_gap_ms: 9_000,
        idling_without_ignition: true,
        stale_after_by_type_ms: vec![(AlertType::Idling, 3_600_000)],
        crash_g: 4.0,
        hours_profile: Some(HoursProfile::Us395),
        geofence_dwell_ms: 30_000,
        stop_radius_m: 100.0,
        fuel_low_pct: 15.0,
        critical_faults: vec!["P0001".to_owned()],
        ..EngineConfig::default()
    };
    expected.harsh[1].brake_ms2 = 2.0;
    (expected.score.km_min, expected.score.harsh_weight) = (2.0, 5.0);
    assert_eq!(engine, expected);
    let nobody = parse("[hours]\nprofile = \"none\"").expect("valid");
    assert_eq!(engine_config(&nobody).expect("valid").hours_profile, None);
}

#[test]
fn the_speed_at_which_a_vehicle_stands_lies_within_its_range() {
    for kmph in ["0", "0.9", "15.1", "-5", "nan", "inf"] {
        let error = format!("{:#}", parse(&format!("[analytics]\nstill_kmph = {kmph}")).expect_err(kmph));
        assert!(error.contains("analytics.still_kmph") && error.contains("1..=15"), "{error}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_key_and_what_it_may_be() {
    for (text, expected) in [
        ("[harsh]\ncar_brake_ms2 = 0", "harsh.car_brake_ms2 is 0; it must lie within 0.5..=20"),
        ("[harsh]\ncrash_g = nan", "harsh.crash_g is NaN"),
        ("[score]\nper_km = 0", "score.per_km is 0"),
        ("[score]\nkm_min = -1", "score.km_min is -1"),
        ("[hours]\nprofile = \"mars\"", "hours.profile is `mars`"),
        ("[hours]\nbreak_min_min = 0", "hours.break_min_min is 0"),
        ("[geofences]\nbuffer_m = inf", "geofences.buffer_m is inf"),
        ("[deliveries]\neta_interval_s = 0", "deliveries.eta_interval_s is 0"),
        ("[health]\noverheat_c = 7", "health.overheat_c is 7"),
        ("[analytics]\ntrip_gap_long_s = 0", "analytics.trip_gap_long_s is 0"),
        ("[analytics]\nstale_after_min_by_type = [\"idle=5\"]", "`idle=5`"),
    ] {
        let error = format!("{:#}", parse(text).expect_err(text));
        assert!(error.contains(expected), "{text}: {error}");
    }
}
