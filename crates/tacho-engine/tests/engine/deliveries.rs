//! Delivery rounds, as scripts.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_stop_is_reached_at_the_first_fix_inside_and_left_at_the_first_outside() {
    check(
        "show stops
         start v1 12:00:00 T stops=A;1000;0;12:02:00;60,B;3000;0;12:08:00;60;12:09:00;12:15:00
         drive v1 12:00:00..12:02:00 30 trip=T
         stand v1 12:02:00..12:04:00 trip=T
         drive v1 12:04:00..12:08:00 30 trip=T
         stand v1 12:08:00..12:11:00 trip=T
         end v1 12:11:00 T
         fix v1 12:12:00 3000 0 0",
        expect![[r#"
            show stops
            start v1 12:00:00 T stops=A;1000;0;12:02:00;60,B;3000;0;12:08:00;60;12:09:00;12:15:00
            drive v1 12:00:00..12:02:00 30 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
            stand v1 12:02:00..12:04:00 trip=T
              -> stop A 1/1 arrived 12:01:52.. wait 0 delay NaN late -8 on_time
            drive v1 12:04:00..12:08:00 30 trip=T
              -> stop A 1/1 departed 12:01:52..12:04:09 wait 0 delay 77 late -8 on_time
            stand v1 12:08:00..12:11:00 trip=T
              -> stop B 2/2 arrived 12:07:52.. wait 68 delay NaN late -8 early
            end v1 12:11:00 T
            fix v1 12:12:00 3000 0 0
        "#]],
    );
}

#[test]
fn passing_a_stop_is_no_visit_and_what_was_not_visited_is_skipped() {
    check(
        "show stops
         start v1 12:00:00 T stops=A;1000;0;12:02:00,B;2000;0;12:03:00
         drive v1 12:00:00..12:04:00 60 trip=T
         end v1 12:04:00 T
         fix v1 12:05:00 4000 0 0",
        expect![[r#"
            show stops
            start v1 12:00:00 T stops=A;1000;0;12:02:00,B;2000;0;12:03:00
            drive v1 12:00:00..12:04:00 60 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
            end v1 12:04:00 T
            fix v1 12:05:00 4000 0 0
              -> stop A 1/0 skipped .. wait NaN delay NaN late NaN skipped
              -> stop B 2/0 skipped .. wait NaN delay NaN late NaN skipped
        "#]],
    );
}

#[test]
fn the_drivers_device_may_say_it_and_says_what_became_of_it() {
    check(
        "show stops
         start v1 12:00:00 T stops=A;5000;0;12:02:00,B;9000;0;12:03:00
         drive v1 12:00:00..12:02:00 30 trip=T
         reach v1 12:01:30 T B
         leave v1 12:01:50 T B outcome=partial qty=4
         reach v1 12:01:55 T A
         drive v1 12:02:00..12:03:00 30 trip=T",
        expect![[r#"
            show stops
            start v1 12:00:00 T stops=A;5000;0;12:02:00,B;9000;0;12:03:00
            drive v1 12:00:00..12:02:00 30 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
            reach v1 12:01:30 T B
              -> stop B 2/1 arrived 12:01:30.. wait 0 delay NaN late -90 on_time declared
            leave v1 12:01:50 T B outcome=partial qty=4
              -> stop B 2/1 departed 12:01:30..12:01:50 wait 0 delay NaN late -90 on_time declared partial
            reach v1 12:01:55 T A
              -> stop A 1/2 out of order arrived 12:01:55.. wait 0 delay NaN late -5 on_time declared
            drive v1 12:02:00..12:03:00 30 trip=T
              -> stop A 1/2 out of order departed 12:01:55..12:02:00 wait 0 delay NaN late -5 on_time declared
        "#]],
    );
}

#[test]
fn another_plan_keeps_visits_and_promises_and_removes_what_it_leaves_out() {
    check(
        "show stops
         start v1 12:00:00 T stops=A;500;0;12:01:00,B;3000;0;12:05:00,C;5000;0;12:09:00
         drive v1 12:00:00..12:01:00 30 trip=T
         stand v1 12:01:00..12:01:40 trip=T
         replan v1 12:01:40 T stops=A;500;0;12:01:00,C;5000;0;12:30:00,D;6000;0;12:40:00
         fix v1 12:01:45 500 0 0 trip=T",
        expect![[r#"
            show stops
            start v1 12:00:00 T stops=A;500;0;12:01:00,B;3000;0;12:05:00,C;5000;0;12:09:00
            drive v1 12:00:00..12:01:00 30 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
              -> stop C 3/0 planned .. wait NaN delay NaN late NaN
            stand v1 12:01:00..12:01:40 trip=T
              -> stop A 1/1 arrived 12:00:52.. wait 0 delay NaN late -8 on_time
            replan v1 12:01:40 T stops=A;500;0;12:01:00,C;5000;0;12:30:00,D;6000;0;12:40:00
            fix v1 12:01:45 500 0 0 trip=T
              -> stop A 1/1 arrived 12:00:52.. wait 0 delay NaN late -8 on_time
              -> stop C 2/0 planned .. wait NaN delay NaN late NaN
              -> stop D 3/0 planned .. wait NaN delay NaN late NaN
              -> stop B 4/0 removed .. wait NaN delay NaN late NaN
        "#]],
    );
}

#[test]
fn a_stop_that_is_removed_and_put_back_is_ahead_again_with_the_promise_of_dispatch() {
    check(
        "show stops
         start v1 12:00:00 T stops=A;1000;0;12:02:00,B;9000;0;12:20:00
         replan v1 12:00:10 T stops=B;9000;0;12:20:00
         replan v1 12:00:20 T stops=A;1000;0;12:30:00,B;9000;0;12:20:00
         drive v1 12:00:30..12:02:30 30 trip=T
         stand v1 12:02:30..12:07:30 trip=T",
        expect![[r#"
            show stops
            start v1 12:00:00 T stops=A;1000;0;12:02:00,B;9000;0;12:20:00
            replan v1 12:00:10 T stops=B;9000;0;12:20:00
            replan v1 12:00:20 T stops=A;1000;0;12:30:00,B;9000;0;12:20:00
            drive v1 12:00:30..12:02:30 30 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
            stand v1 12:02:30..12:07:30 trip=T
              -> stop A 1/1 arrived 12:02:22.. wait 0 delay NaN late 22 on_time
        "#]],
    );
}

#[test]
fn standing_at_a_stop_that_is_removed_meanwhile_is_no_visit() {
    check(
        "show stops
         start v1 12:00:00 T stops=A;0;0;12:02:00,B;9000;0;12:20:00
         stand v1 12:00:00..12:00:20 trip=T
         replan v1 12:00:20 T stops=B;9000;0;12:20:00
         stand v1 12:00:20..12:01:30 trip=T",
        expect![[r#"
            show stops
            start v1 12:00:00 T stops=A;0;0;12:02:00,B;9000;0;12:20:00
            stand v1 12:00:00..12:00:20 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
            replan v1 12:00:20 T stops=B;9000;0;12:20:00
            stand v1 12:00:20..12:01:30 trip=T
              -> stop B 1/0 planned .. wait NaN delay NaN late NaN
              -> stop A 2/0 removed .. wait NaN delay NaN late NaN
        "#]],
    );
}

/// Dispatchers send what is left to do.
#[test]
fn a_plan_of_what_is_left_keeps_the_place_of_what_is_done_and_puts_nothing_out_of_order() {
    check(
        "show stops eta
         start v1 12:00:00 T stops=A;0;0;12:00:00,B;1000;0;12:05:00,C;2000;0;12:10:00 route=0;0,2000;0,0;0
         reach v1 12:00:00 T A
         leave v1 12:00:30 T A outcome=delivered
         replan v1 12:00:40 T stops=B;1000;0;12:05:00,C;2000;0;12:10:00 route=0;0,2000;0,0;0
         reach v1 12:01:00 T B
         leave v1 12:01:10 T B outcome=delivered
         replan v1 12:01:20 T stops=C;2000;0;12:10:00 route=0;0,2000;0,0;0
         fix v1 12:01:30 1200 0 36 trip=T
         reach v1 12:02:00 T C
         fix v1 12:02:10 2000 0 0 trip=T",
        expect![[r#"
            show stops eta
            start v1 12:00:00 T stops=A;0;0;12:00:00,B;1000;0;12:05:00,C;2000;0;12:10:00 route=0;0,2000;0,0;0
            reach v1 12:00:00 T A
            leave v1 12:00:30 T A outcome=delivered
            replan v1 12:00:40 T stops=B;1000;0;12:05:00,C;2000;0;12:10:00 route=0;0,2000;0,0;0
            reach v1 12:01:00 T B
            leave v1 12:01:10 T B outcome=delivered
            replan v1 12:01:20 T stops=C;2000;0;12:10:00 route=0;0,2000;0,0;0
            fix v1 12:01:30 1200 0 36 trip=T
              -> stop A 1/1 departed 12:00:00..12:00:30 wait 0 delay NaN late 0 on_time declared delivered
              -> stop B 2/2 departed 12:01:00..12:01:10 wait 0 delay NaN late -240 on_time declared delivered
              -> stop C 3/0 planned .. wait NaN delay NaN late NaN
              -> eta "C" at 12:01:30 800 m: 12:03:06
              -> eta "" at 12:01:30 2800 m: 12:07:06
            reach v1 12:02:00 T C
            fix v1 12:02:10 2000 0 0 trip=T
              -> stop C 3/3 arrived 12:02:00.. wait 0 delay NaN late -480 on_time declared
              -> eta "C" at 12:02:00 0 m: 12:03:06 arrived 12:02:00
              -> eta "" at 12:02:10 2000 m: 12:06:10
        "#]],
    );
}

/// A window that is widened and an order that is cut on the way make nothing of it on time or in full.
#[test]
fn the_window_and_the_order_that_count_are_those_at_dispatch() {
    check(
        "show promises
         start v1 12:00:00 T stops=A;1000;0;;60;11:00:00;11:30:00;10,B;2000;0;12:10:00;60;;;4,C;3000;0;;;;;0
         replan v1 12:00:10 T stops=A;1000;0;12:05:00;90;11:00:00;13:00:00;2,B;2000;0;13:00:00;60;12:50:00;13:10:00;1,C;3000;0;12:15:00;;;12:20:00;7
         replan v1 12:00:20 T stops=A;1000;0;;60;;13:00:00;2,B;2000;0;;60;;;1,C;3000;0;12:45:00;;;12:50:00;9
         reach v1 12:01:00 T A
         fix v1 12:01:10 100 0 30 trip=T",
        expect![[r#"
            show promises
            start v1 12:00:00 T stops=A;1000;0;;60;11:00:00;11:30:00;10,B;2000;0;12:10:00;60;;;4,C;3000;0;;;;;0
            replan v1 12:00:10 T stops=A;1000;0;12:05:00;90;11:00:00;13:00:00;2,B;2000;0;13:00:00;60;12:50:00;13:10:00;1,C;3000;0;12:15:00;;;12:20:00;7
            replan v1 12:00:20 T stops=A;1000;0;;60;;13:00:00;2,B;2000;0;;60;;;1,C;3000;0;12:45:00;;;12:50:00;9
            reach v1 12:01:00 T A
            fix v1 12:01:10 100 0 30 trip=T
              -> stop B 12:10:00 - - ordered 4 service 60
              -> stop C 12:15:00 - 12:20:00 ordered 0 service NaN
              -> stop A - 11:00:00 11:30:00 ordered 10 service 60 late
        "#]],
    );
}

#[test]
fn a_stop_with_a_window_alone_is_promised_for_its_end_and_late_against_it() {
    check(
        "show stops eta alerts
         start v1 12:00:00 T stops=A;1000;0;;;11:00:00;11:30:00,B;4000;0;;;12:00:00
         drive v1 12:00:00..12:01:01 36 trip=T every=30
         reach v1 12:01:05 T A
         reach v1 12:02:10 T B
         fix v1 12:02:20 700 0 36 trip=T",
        expect![[r#"
            show stops eta alerts
            start v1 12:00:00 T stops=A;1000;0;;;11:00:00;11:30:00,B;4000;0;;;12:00:00
            drive v1 12:00:00..12:01:01 36 trip=T every=30
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
              -> eta "A" at 12:00:00 1300 m: 12:02:36
              -> eta "B" at 12:00:00 5200 m: 12:10:24
              -> eta "" at 12:00:00 5200 m: 12:10:24
              -> eta "A" at 12:00:30 910 m: 12:02:16
              -> eta "B" at 12:00:30 4810 m: 12:09:50
              -> eta "" at 12:00:30 4810 m: 12:09:50
              -> eta "A" at 12:01:00 520 m: 12:01:59
              -> eta "B" at 12:01:00 4420 m: 12:09:23
              -> eta "" at 12:01:00 4420 m: 12:09:23
              -> eta_breach open 12:00:30.. severity 2 1936.1 over 600.0  trip T
            reach v1 12:01:05 T A
            reach v1 12:02:10 T B
            fix v1 12:02:20 700 0 36 trip=T
              -> stop A 1/1 departed 12:01:05..12:02:10 wait 0 delay NaN late 1865 late declared
              -> stop B 2/2 arrived 12:02:10.. wait 0 delay NaN late NaN on_time declared
              -> eta "A" at 12:01:05 0 m: 12:01:59 arrived 12:01:05
              -> eta "B" at 12:02:10 0 m: 12:09:23 arrived 12:02:10
              -> eta "" at 12:02:20 4290 m: 12:10:28
              -> eta_breach closed 12:00:30..12:01:05 severity 2 1936.1 over 600.0  trip T
        "#]],
    );
}

/// 200 m beyond its end still belong to the line.
#[test]
fn the_way_along_the_plan_is_a_share_of_the_way_and_the_rest_in_metres() {
    check(
        "show routes
         start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,1790;0
         drive v1 12:00:00..12:02:30 72 trip=T
         end v1 12:02:30 T
         fix v1 12:03:40 3000 0 0
         start v2 12:00:00 U stops=A;9000;0;12:20:00
         drive v2 12:00:00..12:02:30 72 trip=U
         end v2 12:02:30 U
         fix v2 12:03:40 3000 0 0",
        expect![[r#"
            show routes
            start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,1790;0
            drive v1 12:00:00..12:02:30 72 trip=T
            end v1 12:02:30 T
            fix v1 12:03:40 3000 0 0
              -> trip T 2980 m, 1000 m out of route, compliance 0.6644
            start v2 12:00:00 U stops=A;9000;0;12:20:00
            drive v2 12:00:00..12:02:30 72 trip=U
            end v2 12:02:30 U
            fix v2 12:03:40 3000 0 0
              -> trip U 2980 m, NaN m out of route, compliance NaN
        "#]],
    );
}

#[test]
fn a_detour_beside_the_line_counts_from_the_first_fix_beyond_the_corridor() {
    check(
        "show routes
         start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,3000;0
         fix v1 12:00:00 0 0 36 trip=T
         fix v1 12:00:30 300 0 36 trip=T
         fix v1 12:01:00 300 190 36 trip=T
         fix v1 12:01:30 300 300 36 trip=T
         fix v1 12:02:00 600 300 36 trip=T
         fix v1 12:02:30 600 190 36 trip=T
         fix v1 12:03:00 600 0 36 trip=T
         fix v1 12:03:30 900 0 36 trip=T
         end v1 12:03:30 T
         fix v1 12:04:40 900 0 0",
        expect![[r#"
            show routes
            start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,3000;0
            fix v1 12:00:00 0 0 36 trip=T
            fix v1 12:00:30 300 0 36 trip=T
            fix v1 12:01:00 300 190 36 trip=T
            fix v1 12:01:30 300 300 36 trip=T
            fix v1 12:02:00 600 300 36 trip=T
            fix v1 12:02:30 600 190 36 trip=T
            fix v1 12:03:00 600 0 36 trip=T
            fix v1 12:03:30 900 0 36 trip=T
            end v1 12:03:30 T
              -> trip T 1500 m, 410 m out of route, compliance 0.7267
            fix v1 12:04:40 900 0 0
        "#]],
    );
}

#[test]
fn arrivals_are_predicted_along_the_way_with_service_and_windows_and_scored() {
    check(
        "show eta
         start v1 12:00:00 T stops=A;1000;0;12:02:00;60,B;3000;0;12:08:00;60;12:10:00;12:15:00 route=0;0,3000;0
         drive v1 12:00:00..12:01:01 36 trip=T
         drive v1 12:01:01..12:01:40 36 trip=T
         stand v1 12:01:40..12:02:20 trip=T",
        expect![[r#"
            show eta
            start v1 12:00:00 T stops=A;1000;0;12:02:00;60,B;3000;0;12:08:00;60;12:10:00;12:15:00 route=0;0,3000;0
            drive v1 12:00:00..12:01:01 36 trip=T
              -> eta "A" at 12:00:00 1000 m: 12:02:00
              -> eta "B" at 12:00:00 3000 m: 12:07:00
              -> eta "" at 12:00:00 3000 m: 12:11:00
              -> eta "A" at 12:00:30 700 m: 12:01:51
              -> eta "B" at 12:00:30 2700 m: 12:06:44
              -> eta "" at 12:00:30 2700 m: 12:11:00
              -> eta "A" at 12:01:00 400 m: 12:01:45
              -> eta "B" at 12:01:00 2400 m: 12:06:33
              -> eta "" at 12:01:00 2400 m: 12:11:00
            drive v1 12:01:01..12:01:40 36 trip=T
              -> eta "A" at 12:01:30 100 m: 12:01:41
              -> eta "B" at 12:01:30 2100 m: 12:06:24
              -> eta "" at 12:01:30 2100 m: 12:11:00
            stand v1 12:01:40..12:02:20 trip=T
              -> eta "A" at 12:02:00 0 m: 12:02:00
              -> eta "B" at 12:02:00 2000 m: 12:07:01
              -> eta "" at 12:02:00 2000 m: 12:11:00
              -> eta "A" at 12:01:33 0 m: 12:02:00 arrived 12:01:33
        "#]],
    );
}

/// Standing at the depot is nearest to the end of the line, by a metre.
#[test]
fn a_round_that_ends_where_it_begins_is_at_its_beginning_first() {
    check(
        "show eta
         start v1 12:00:00 T stops=A;3000;0;12:10:00 route=1;0,1500;0,3000;0,3000;1000,0;1000,0;0
         drive v1 12:00:00..12:00:31 36 trip=T",
        expect![[r#"
            show eta
            start v1 12:00:00 T stops=A;3000;0;12:10:00 route=1;0,1500;0,3000;0,3000;1000,0;1000,0;0
            drive v1 12:00:00..12:00:31 36 trip=T
              -> eta "A" at 12:00:00 2999 m: 12:05:59
              -> eta "" at 12:00:00 7999 m: 12:15:59
              -> eta "A" at 12:00:30 2700 m: 12:05:44
              -> eta "" at 12:00:30 7700 m: 12:15:27
        "#]],
    );
}

#[test]
fn leaving_the_planned_way_for_a_minute_is_an_alert_until_it_is_found_again() {
    check(
        "show alerts
         start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,1000;0
         drive v1 12:00:00..12:01:00 72 trip=T
         drive v1 12:01:00..12:03:00 72 trip=T
         fix v1 12:03:10 900 100 60 trip=T
         end v1 12:03:20 T
         fix v1 12:03:30 900 100 0",
        expect![[r#"
            show alerts
            start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,1000;0
            drive v1 12:00:00..12:01:00 72 trip=T
            drive v1 12:01:00..12:03:00 72 trip=T
              -> route_deviation open 12:01:00.. severity 3 2500.0 over 200.0  trip T
            fix v1 12:03:10 900 100 60 trip=T
            end v1 12:03:20 T
            fix v1 12:03:30 900 100 0
              -> route_deviation closed 12:01:00..12:03:10 severity 3 2580.0 over 200.0  trip T
        "#]],
    );
}

#[test]
fn an_arrival_predicted_ten_minutes_late_twice_is_an_alert_until_it_is_reached() {
    check(
        "show alerts
         start v1 12:00:00 T stops=A;3000;0;11:50:00,B;4000;0;12:59:00
         drive v1 12:00:00..12:01:10 36 trip=T
         drive v1 12:01:10..12:05:00 36 trip=T
         stand v1 12:05:00..12:05:40 trip=T",
        expect![[r#"
            show alerts
            start v1 12:00:00 T stops=A;3000;0;11:50:00,B;4000;0;12:59:00
            drive v1 12:00:00..12:01:10 36 trip=T
              -> eta_breach open 12:00:30.. severity 2 1039.1 over 600.0  trip T
            drive v1 12:01:10..12:05:00 36 trip=T
            stand v1 12:05:00..12:05:40 trip=T
              -> harsh_brake closed 12:04:59..12:05:01 severity 4 10.0 over 3.9  trip T
              -> eta_breach closed 12:00:30..12:04:53 severity 2 1039.1 over 600.0  trip T
        "#]],
    );
}

#[test]
fn a_jam_is_not_predicted_to_last_the_whole_way() {
    check(
        "show eta
         start v1 12:00:00 T stops=A;20000;0;12:40:00 route=0;0,20000;0
         drive v1 12:00:00..12:15:00 36 trip=T every=60
         stand v1 12:15:00..12:25:00 trip=T every=300",
        expect![[r#"
            show eta
            start v1 12:00:00 T stops=A;20000;0;12:40:00 route=0;0,20000;0
            drive v1 12:00:00..12:15:00 36 trip=T every=60
              -> eta "A" at 12:00:00 20000 m: 12:39:59
              -> eta "" at 12:00:00 20000 m: 12:39:59
              -> eta "A" at 12:01:00 19400 m: 12:37:50
              -> eta "" at 12:01:00 19400 m: 12:37:50
              -> eta "A" at 12:02:00 18800 m: 12:36:32
              -> eta "" at 12:02:00 18800 m: 12:36:32
              -> eta "A" at 12:03:00 18200 m: 12:35:42
              -> eta "" at 12:03:00 18200 m: 12:35:42
              -> eta "A" at 12:04:00 17600 m: 12:35:09
              -> eta "" at 12:04:00 17600 m: 12:35:09
              -> eta "A" at 12:05:00 17000 m: 12:34:44
              -> eta "" at 12:05:00 17000 m: 12:34:44
              -> eta "A" at 12:06:00 16400 m: 12:34:27
              -> eta "" at 12:06:00 16400 m: 12:34:27
              -> eta "A" at 12:07:00 15800 m: 12:34:14
              -> eta "" at 12:07:00 15800 m: 12:34:14
              -> eta "A" at 12:08:00 15200 m: 12:34:03
              -> eta "" at 12:08:00 15200 m: 12:34:03
              -> eta "A" at 12:09:00 14600 m: 12:33:56
              -> eta "" at 12:09:00 14600 m: 12:33:56
              -> eta "A" at 12:10:00 14000 m: 12:33:49
              -> eta "" at 12:10:00 14000 m: 12:33:49
              -> eta "A" at 12:11:00 13400 m: 12:33:44
              -> eta "" at 12:11:00 13400 m: 12:33:44
              -> eta "A" at 12:12:00 12800 m: 12:33:40
              -> eta "" at 12:12:00 12800 m: 12:33:40
              -> eta "A" at 12:13:00 12200 m: 12:33:37
              -> eta "" at 12:13:00 12200 m: 12:33:37
              -> eta "A" at 12:14:00 11600 m: 12:33:34
              -> eta "" at 12:14:00 11600 m: 12:33:34
            stand v1 12:15:00..12:25:00 trip=T every=300
              -> eta "A" at 12:15:00 11000 m: 12:34:47
              -> eta "" at 12:15:00 11000 m: 12:34:47
              -> eta "A" at 12:20:00 11000 m: 12:45:59
              -> eta "" at 12:20:00 11000 m: 12:45:59
        "#]],
    );
}

#[test]
fn the_usual_speed_of_the_hour_is_remembered_and_in_other_hours_that_of_all() {
    check(
        "show eta
         start v1 12:00:00 T stops=A;36000;0;12:30:00
         drive v1 12:00:00..12:30:00 72 trip=T every=900
         end v1 12:30:00 T
         fix v1 12:31:00 36000 0 0
         start v1 12:40:00 U stops=B;46000;0;12:50:00 route=36000;0,46000;0
         fix v1 12:40:00 36000 0 0 trip=U
         end v1 12:41:00 U
         start v1 18:00:00 W stops=C;46000;0;18:10:00 route=36000;0,46000;0
         fix v1 18:00:00 36000 0 0 trip=W
         start v2 18:00:00 X stops=C;46000;0;18:10:00 route=36000;0,46000;0
         fix v2 18:00:00 36000 0 0 trip=X",
        expect![[r#"
            show eta
            start v1 12:00:00 T stops=A;36000;0;12:30:00
            drive v1 12:00:00..12:30:00 72 trip=T every=900
              -> eta "A" at 12:00:00 46800 m: 13:33:35
              -> eta "" at 12:00:00 46800 m: 13:33:35
              -> eta "A" at 12:15:00 23400 m: 12:29:17
              -> eta "" at 12:15:00 23400 m: 12:29:17
            end v1 12:30:00 T
            fix v1 12:31:00 36000 0 0
              -> eta "" at 12:30:00 0 m: 12:29:17 arrived 12:30:00
            start v1 12:40:00 U stops=B;46000;0;12:50:00 route=36000;0,46000;0
            fix v1 12:40:00 36000 0 0 trip=U
              -> eta "B" at 12:40:00 10000 m: 12:47:37
              -> eta "" at 12:40:00 10000 m: 12:47:37
            end v1 12:41:00 U
            start v1 18:00:00 W stops=C;46000;0;18:10:00 route=36000;0,46000;0
            fix v1 18:00:00 36000 0 0 trip=W
              -> eta "" at 12:41:00 0 m: 12:47:37 arrived 12:41:00
              -> eta "C" at 18:00:00 10000 m: 18:08:41
              -> eta "" at 18:00:00 10000 m: 18:08:41
            start v2 18:00:00 X stops=C;46000;0;18:10:00 route=36000;0,46000;0
            fix v2 18:00:00 36000 0 0 trip=X
              -> eta "C" at 18:00:00 10000 m: 18:19:59
              -> eta "" at 18:00:00 10000 m: 18:19:59
        "#]],
    );
}

#[test]
fn a_lateness_outlasts_a_tracker_that_sleeps_at_a_stop_and_ends_with_a_trip_that_is_timed_out() {
    check(
        "show alerts
         start v1 12:00:00 T stops=A;3000;0;11:50:00,B;4000;0;12:59:00
         drive v1 12:00:00..12:02:00 36 trip=T
         fleet 12:09:00
         fix v1 12:09:10 1300 0 20 trip=T
         fleet 13:00:00
         fleet 13:09:30",
        expect![[r#"
            show alerts
            start v1 12:00:00 T stops=A;3000;0;11:50:00,B;4000;0;12:59:00
            drive v1 12:00:00..12:02:00 36 trip=T
              -> eta_breach open 12:00:30.. severity 2 1039.1 over 600.0  trip T
            fleet 12:09:00
            fix v1 12:09:10 1300 0 20 trip=T
              -> eta_breach open 12:00:30.. severity 2 1839.4 over 600.0  trip T
            fleet 13:00:00
              -> vehicle_offline open 12:19:10.. severity 3 600.0 over 600.0  trip T
            fleet 13:09:30
              -> eta_breach closed 12:00:30..12:09:10 severity 2 1839.4 over 600.0  trip T
        "#]],
    );
}

#[test]
fn a_tracker_that_sleeps_off_the_line_is_one_deviation() {
    check(
        "show alerts
         start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,1000;0
         drive v1 12:00:00..12:02:30 72 trip=T
         fleet 12:05:00
         fix v1 12:07:30 2990 0 0 trip=T
         fleet 12:10:00
         fix v1 12:12:30 2990 0 0 trip=T
         fix v1 12:13:40 900 0 60 trip=T",
        expect![[r#"
            show alerts
            start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,1000;0
            drive v1 12:00:00..12:02:30 72 trip=T
              -> route_deviation open 12:01:00.. severity 3 1900.0 over 200.0  trip T
            fleet 12:05:00
            fix v1 12:07:30 2990 0 0 trip=T
              -> route_deviation open 12:01:00.. severity 3 1990.0 over 200.0  trip T
            fleet 12:10:00
            fix v1 12:12:30 2990 0 0 trip=T
            fix v1 12:13:40 900 0 60 trip=T
              -> route_deviation closed 12:01:00..12:13:40 severity 3 1990.0 over 200.0  trip T
        "#]],
    );
}
