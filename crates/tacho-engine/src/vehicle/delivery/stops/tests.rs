use super::*;
use tacho_model::StopKind;

fn plan(number: usize) -> Vec<PlannedStop> {
    let stop = |n: usize| PlannedStop {
        stop_id: format!("{number}-{n}"),
        customer_id: String::new(),
        kind: StopKind::Delivery,
        position: LatLon { lat: 12.97, lon: 77.59 },
        planned_arrival: None,
        window_start: None,
        window_end: None,
        planned_service_s: f64::NAN,
        ordered_qty: f64::NAN,
    };
    (0..LEFT_OUT_MAX).map(stop).collect()
}

/// Every plan is of other stops, and the device says that it was at all of them.
#[test]
fn plans_that_replace_each_other_leave_a_bounded_number_of_stops_and_none_that_was_not_told() {
    let mut stops = Stops::new(&plan(0));
    for number in 1..10 {
        if number % 2 == 0 {
            for n in 0..LEFT_OUT_MAX {
                let news =
                    StopNews { trip_id: "T".into(), stop_id: format!("{}-{n}", number - 1), what: StopChange::Arrival };
                stops.on_news(EventTime(n as i64), &news);
            }
        }
        stops.stops.iter_mut().for_each(|stop| stop.has_news = false);
        stops.replace(&plan(number));
        assert!(stops.stops.len() <= 3 * LEFT_OUT_MAX, "{}", stops.stops.len());
        let removed = stops.stops.iter().filter(|stop| stop.has_news && stop.status == VisitStatus::Removed);
        assert_eq!(removed.count(), if number % 2 == 0 { 0 } else { LEFT_OUT_MAX }, "plan {number}");
    }
}
