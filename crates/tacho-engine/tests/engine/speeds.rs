//! Predicted arrivals by the fleet's speed profile, as scripts.

use crate::script::check;
use expect_test::expect;

/// The cells of the line are known: 12 km/h in 18 minutes. The second time, 30 s of standing have made 25.5 km/h of the 30
/// that are expected without them: all hours (12 x 18 + 25.5 x 2) / 20 = 13.35 km/h, the hour (12 x 18 + 13.35 x 10) / 28 =
/// 12.48 km/h, or 288 s. The third time only 13 h is known, 22 km/h are expected, and so 13 km/h, or 277 s; the trip is
/// (30 + 900) / 900 = 1.033 times as slow as usual, which makes 285 s.
#[test]
fn a_profile_holds_from_its_moment_on_and_in_its_hour() {
    check(
        "show eta
         start v1 12:00:00 T stops=A;1000;0;12:02:00;60 route=0;0,1000;0
         fix v1 12:00:00 0 0 0 trip=T
         speeds all 12:00:30 at=0;12;12;18,1000;12;12;18
         fix v1 12:00:30 0 0 0 trip=T
         speeds all 12:01:00 at=0;13;12;18,1000;13;12;18
         fix v1 12:01:00 0 0 0 trip=T",
        expect![[r#"
            show eta
            start v1 12:00:00 T stops=A;1000;0;12:02:00;60 route=0;0,1000;0
            fix v1 12:00:00 0 0 0 trip=T
              -> eta "A" at 12:00:00 1000 m: 12:02:00
              -> eta "" at 12:00:00 1000 m: 12:03:00
            speeds all 12:00:30 at=0;12;12;18,1000;12;12;18
            fix v1 12:00:30 0 0 0 trip=T
              -> eta "A" at 12:00:30 1000 m: 12:05:18
              -> eta "" at 12:00:30 1000 m: 12:06:18
            speeds all 12:01:00 at=0;13;12;18,1000;13;12;18
            fix v1 12:01:00 0 0 0 trip=T
              -> eta "A" at 12:01:00 1000 m: 12:05:45
              -> eta "" at 12:01:00 1000 m: 12:06:45
        "#]],
    );
}

/// The way is straight where no line is planned. A command that comes later may be of an earlier moment.
#[test]
fn another_profile_holds_at_once_for_a_round_that_is_under_way() {
    check(
        "show eta
         speeds all 12:00:00 at=0;12;12;18,1000;12;12;18
         start v1 12:00:00 T stops=A;1000;0;12:02:00;60
         fix v1 12:00:00 0 0 0 trip=T
         speeds all 12:00:10 at=0;12;40;255,1000;12;40;255
         fix v1 12:00:30 0 0 0 trip=T
         speeds all 12:00:05 at=0;12;8;255,1000;12;8;255
         fix v1 12:01:00 0 0 0 trip=T",
        expect![[r#"
            show eta
            speeds all 12:00:00 at=0;12;12;18,1000;12;12;18
            start v1 12:00:00 T stops=A;1000;0;12:02:00;60
            fix v1 12:00:00 0 0 0 trip=T
              -> eta "A" at 12:00:00 1300 m: 12:06:10
              -> eta "" at 12:00:00 1300 m: 12:07:10
            speeds all 12:00:10 at=0;12;40;255,1000;12;40;255
            fix v1 12:00:30 0 0 0 trip=T
              -> eta "A" at 12:00:30 1300 m: 12:02:30
              -> eta "" at 12:00:30 1300 m: 12:03:30
            speeds all 12:00:05 at=0;12;8;255,1000;12;8;255
            fix v1 12:01:00 0 0 0 trip=T
              -> eta "A" at 12:01:00 1300 m: 12:03:04
              -> eta "" at 12:01:00 1300 m: 12:04:04
        "#]],
    );
}
