use super::*;

fn at(lon: f64, lat: f64) -> LatLon {
    LatLon { lat, lon }
}

fn ring(corners: &[(f64, f64)]) -> Vec<LatLon> {
    corners.iter().chain([&corners[0]]).map(|&(lon, lat)| at(lon, lat)).collect()
}

fn square(west: f64, south: f64, side: f64) -> Vec<LatLon> {
    let (east, north) = (west + side, south + side);
    ring(&[(west, south), (east, south), (east, north), (west, north)])
}

fn polygon(rings: Vec<Vec<LatLon>>) -> Shape {
    Shape::polygons(vec![rings]).unwrap()
}

#[test]
fn a_hole_is_outside_and_has_a_distance_to_the_ring() {
    let shape = polygon(vec![square(10.0, 50.0, 0.3), square(10.1, 50.1, 0.1)]);
    assert!(shape.contains(at(10.05, 50.05)));
    assert!(!shape.contains(at(10.15, 50.15)));
    assert!(!shape.contains(at(10.4, 50.15)));
    let from_hole_m = shape.distance_m(at(10.15, 50.11));
    assert!((from_hole_m - 0.01 * M_PER_DEGREE).abs() < 1.0, "{from_hole_m}");
    let from_west_m = shape.distance_m(at(9.99, 50.15));
    assert!((from_west_m - at(9.99, 50.15).distance_m(at(10.0, 50.15))).abs() < 1.0, "{from_west_m}");
}

#[test]
fn a_position_on_a_corners_latitude_is_counted_once() {
    let diamond = polygon(vec![ring(&[(0.0, 1.0), (1.0, 0.0), (2.0, 1.0), (1.0, 2.0)])]);
    for (lon, is_inside) in [(-0.5, false), (0.5, true), (1.5, true), (2.5, false)] {
        assert_eq!(diamond.contains(at(lon, 1.0)), is_inside, "{lon}");
    }
}

#[test]
fn parts_of_a_multipolygon_are_all_inside() {
    let shape = Shape::polygons(vec![vec![square(0.0, 0.0, 1.0)], vec![square(5.0, 5.0, 1.0)]]).unwrap();
    assert!(shape.contains(at(0.5, 0.5)) && shape.contains(at(5.5, 5.5)));
    assert!(!shape.contains(at(3.0, 3.0)));
}

#[test]
fn a_shape_across_the_antimeridian_is_where_it_is() {
    let rolled = ring(&[(179.0, -1.0), (-179.0, -1.0), (-179.0, 1.0), (179.0, 1.0)]);
    let westward = ring(&[(-179.0, -1.0), (179.0, -1.0), (179.0, 1.0), (-179.0, 1.0)]);
    let halves = vec![
        vec![ring(&[(-180.0, -1.0), (-179.0, -1.0), (-179.0, 1.0), (-180.0, 1.0)])],
        vec![ring(&[(179.0, -1.0), (180.0, -1.0), (180.0, 1.0), (179.0, 1.0)])],
    ];
    let corridor = Shape::corridor(vec![at(-179.0, 0.0), at(179.0, 0.0)], 40_000.0).unwrap();
    let circle = Shape::circle(at(-179.9, 0.0), 50_000.0).unwrap();
    for shape in [polygon(vec![rolled]), polygon(vec![westward]), Shape::polygons(halves).unwrap(), corridor, circle] {
        for lon in [179.9, -179.9, -180.0] {
            assert!(shape.contains(at(lon, 0.1)), "{lon} in {shape:?}");
        }
        for lon in [0.0, 178.0, -178.0] {
            assert!(!shape.contains(at(lon, 0.1)), "{lon} in {shape:?}");
        }
        let near_m = shape.distance_m(at(178.7, 0.0));
        assert!((5_000.0..130_000.0).contains(&near_m), "{near_m} {shape:?}");
        assert!(shape.is_crossed(at(-178.0, 0.05), at(178.0, 0.05)), "{shape:?}");
        assert!(!shape.is_crossed(at(-178.0, 2.0), at(178.0, 2.0)), "{shape:?}");
    }
}

#[test]
fn a_circle_is_measured_by_great_circle_distance() {
    let centre = at(24.9, 60.2);
    let shape = Shape::circle(centre, 1_000.0).unwrap();
    for bearing in [0.0, 77.0, 180.0, 300.0] {
        assert!(shape.contains(centre.destination(bearing, 999.9)));
        let outside = centre.destination(bearing, 1_030.0);
        assert!(!shape.contains(outside));
        assert!((shape.distance_m(outside) - 30.0).abs() < 0.1);
    }
    let polar = Shape::circle(at(0.0, 89.99), 20_000.0).unwrap();
    assert!(polar.contains(at(180.0, 89.99)), "beyond the pole");
}

#[test]
fn a_corridor_is_as_wide_as_it_says() {
    let shape = Shape::corridor(vec![at(77.5, 12.9), at(77.6, 12.9), at(77.6, 13.0)], 100.0).unwrap();
    let middle = at(77.55, 12.9);
    assert!(shape.contains(middle.destination(0.0, 49.0)));
    assert!(!shape.contains(middle.destination(0.0, 51.0)));
    assert!((shape.distance_m(middle.destination(180.0, 80.0)) - 30.0).abs() < 0.5);
    assert!(shape.contains(at(77.6, 13.0).destination(0.0, 40.0)), "its ends are round");
    assert!(shape.is_crossed(middle.destination(0.0, 200.0), middle.destination(180.0, 200.0)));
    assert!(!shape.is_crossed(middle.destination(0.0, 200.0), at(77.51, 13.0)));
}

#[test]
fn a_bad_shape_says_what_is_wrong_with_it() {
    let bow_tie = ring(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]);
    let spike = ring(&[(0.0, 0.0), (2.0, 0.0), (1.0, 0.0), (1.0, 1.0)]);
    let mut open = square(0.0, 0.0, 1.0);
    open.pop();
    let far = square(170.0, 80.0, 15.0);
    for (rings, words) in [
        (
            vec![bow_tie],
            "crosses or touches itself: the lines from position 0 of ring 0 of polygon 0 and from position 2",
        ),
        (vec![spike], "touches itself"),
        (vec![open], "ring 0 of polygon 0 is not closed"),
        (vec![far], "position 1 of ring 0 of polygon 0 is out of range: longitude 185"),
        (vec![ring(&[(0.0, 0.0), (1.0, 1.0)])], "has 3 positions, at least 4 are needed"),
        (vec![ring(&[(0.0, 0.0), (1.0, 1.0), (1.0, 1.0)])], "2 different positions, at least 3"),
        (vec![ring(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])], "touches itself"),
        (vec![square(0.0, 0.0, 1.0), square(2.0, 2.0, 0.1)], "position 0 of ring 1 of polygon 0 lies outside"),
        (vec![square(0.0, 0.0, 1.0), square(0.2, 0.2, 0.3), square(0.4, 0.4, 0.3)], "two rings cross"),
        (vec![square(0.0, 0.0, f64::NAN)], "out of range"),
        (vec![], "without a ring"),
        (vec![ring(&[(-180.0, 80.0), (-90.0, 80.0), (0.0, 80.0), (90.0, 80.0), (180.0, 80.0), (180.0, 85.0)])], "pole"),
        (vec![vec![at(0.0, 0.0); POSITIONS_MAX + 1]], "4001 positions, at most 4000"),
    ] {
        let error = Shape::polygons(vec![rings]).expect_err(words);
        assert!(error.0.contains(words), "{error}");
    }
    assert!(Shape::circle(at(0.0, 91.0), 10.0).unwrap_err().0.contains("the centre is out of range"));
    assert!(Shape::circle(at(0.0, 9.0), 0.5).unwrap_err().0.contains("a radius of 0.5 m"));
    assert!(Shape::corridor(vec![at(1.0, 1.0); 2], 9.0).unwrap_err().0.contains("1 different positions"));
    assert!(Shape::corridor(vec![at(1.0, 1.0), at(2.0, 1.0)], 1e6).unwrap_err().0.contains("a width of 1000000 m"));
}
