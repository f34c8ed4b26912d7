//! Quarters of an hour: where every second of a vehicle's day went.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_quarter_is_told_when_the_next_fix_passes_its_end() {
    check(
        "show intervals
         drive v1 12:10:00..12:14:00 36 every=10 ign=on
         stand v1 12:14:00..12:16:00 every=10 ign=on
         drive v1 12:16:00..12:31:00 36 every=10 ign=on",
        expect![[r#"
            show intervals
            drive v1 12:10:00..12:14:00 36 every=10 ign=on
            stand v1 12:14:00..12:16:00 every=10 ign=on
              -> quarter 12:00:00 2400 m driving 240 idling 60 stopped 0 offline 0 down 0
            drive v1 12:16:00..12:31:00 36 every=10 ign=on
              -> quarter 12:15:00 8300 m driving 840 idling 60 stopped 0 offline 0 down 0
        "#]],
    );
}

#[test]
fn a_silent_vehicle_is_told_as_fleet_time_passes_until_it_counts_as_offline() {
    check(
        "show intervals
         stand v1 12:10:00..12:11:00 every=10
         fleet 12:15:20
         fleet 12:46:00
         stand v2 12:40:00..12:50:00 every=10 ign=on
         fleet 13:16:00
         fleet 16:05:00
         stand v2 16:20:00..16:31:00 every=10 ign=on",
        expect![[r#"
            show intervals
            stand v1 12:10:00..12:11:00 every=10
            fleet 12:15:20
              -> quarter 12:00:00 0 m driving 0 idling 0 stopped 300 offline 0 down 0
            fleet 12:46:00
              -> quarter 12:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 12:30:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
            stand v2 12:40:00..12:50:00 every=10 ign=on
              -> quarter 12:30:00 0 m driving 0 idling 300 stopped 0 offline 0 down 0
            fleet 13:16:00
              -> quarter 12:45:00 0 m driving 0 idling 890 stopped 0 offline 10 down 0
              -> quarter 12:45:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 13:00:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
            fleet 16:05:00
              -> quarter 13:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 13:30:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 13:45:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 14:00:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 14:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 14:30:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 14:45:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 15:00:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 15:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 15:30:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 15:45:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
            stand v2 16:20:00..16:31:00 every=10 ign=on
              -> quarter 16:15:00 0 m driving 0 idling 600 stopped 0 offline 300 down 0
        "#]],
    );
}

#[test]
fn a_guess_is_corrected_by_fixes_that_were_slow_to_arrive() {
    check(
        "show intervals
         stand v1 12:00:00..12:01:00 every=10
         fleet 12:46:00
         drive v1 12:05:00..12:20:00 36 every=10 log=12:46:00
         fleet 13:20:00",
        expect![[r#"
            show intervals
            stand v1 12:00:00..12:01:00 every=10
            fleet 12:46:00
              -> quarter 12:00:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 12:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 12:30:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
            drive v1 12:05:00..12:20:00 36 every=10 log=12:46:00
              -> quarter 12:00:00 5900 m driving 600 idling 0 stopped 300 offline 0 down 0
            fleet 13:20:00
              -> quarter 12:15:00 3000 m driving 890 idling 0 stopped 0 offline 10 down 0
              -> quarter 12:30:00 0 m driving 0 idling 0 stopped 0 offline 900 down 0
        "#]],
    );
}

#[test]
fn the_workshop_counts_from_its_moment_although_it_was_heard_of_late() {
    check(
        "show intervals
         stand v1 12:00:00..12:01:00 every=10
         fleet 12:46:00
         workshop v1 12:20:00 in log=12:46:00
         fleet 13:05:00
         fleet 13:20:00
         workshop v1 13:10:00 out log=13:20:00
         stand v1 13:16:00..13:17:00 every=10
         fleet 13:40:00",
        expect![[r#"
            show intervals
            stand v1 12:00:00..12:01:00 every=10
            fleet 12:46:00
              -> quarter 12:00:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 12:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
              -> quarter 12:30:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
            workshop v1 12:20:00 in log=12:46:00
            fleet 13:05:00
              -> quarter 12:15:00 0 m driving 0 idling 0 stopped 300 offline 0 down 600
              -> quarter 12:30:00 0 m driving 0 idling 0 stopped 0 offline 0 down 900
              -> quarter 12:45:00 0 m driving 0 idling 0 stopped 0 offline 0 down 900
            fleet 13:20:00
              -> quarter 13:00:00 0 m driving 0 idling 0 stopped 0 offline 0 down 900
            workshop v1 13:10:00 out log=13:20:00
            stand v1 13:16:00..13:17:00 every=10
              -> quarter 13:00:00 0 m driving 0 idling 0 stopped 300 offline 0 down 600
            fleet 13:40:00
              -> quarter 13:15:00 0 m driving 0 idling 0 stopped 900 offline 0 down 0
        "#]],
    );
}
