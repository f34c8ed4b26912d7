//! Whether a shape is one, and if not, why exactly.

use crate::LatLon;

/// Most positions of a shape: a command of 64 KiB holds hardly more, and every one of them costs memory.
pub const POSITIONS_MAX: usize = 4_000;
/// Most polygons of a shape.
pub const POLYGONS_MAX: usize = 256;
/// Largest radius of a circle, metres.
pub const RADIUS_M_MAX: f64 = 500_000.0;
/// Largest width of a corridor, metres.
pub const WIDTH_M_MAX: f64 = 50_000.0;

/// Twice the area of a square of about a centimetre, in square degrees.
const AREA_DEG2_MIN: f64 = 2e-14;

/// Why a shape is none. Rings are counted from 0, the outer one first; positions from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BadGeometry(pub String);

fn bad<T>(detail: String) -> Result<T, BadGeometry> {
    Err(BadGeometry(detail))
}

/// Which position of which ring of which polygon.
fn place(polygon: usize, ring: usize, position: usize) -> String {
    format!("position {position} of ring {ring} of polygon {polygon}")
}

fn position(at: LatLon, what: impl Fn() -> String) -> Result<(), BadGeometry> {
    let is_on_globe = (-90.0..=90.0).contains(&at.lat) && (-180.0..=180.0).contains(&at.lon);
    if is_on_globe {
        return Ok(());
    }
    bad(format!("{} is out of range: longitude {}, latitude {}", what(), at.lon, at.lat))
}

pub fn circle(centre: LatLon, radius_m: f64) -> Result<(), BadGeometry> {
    position(centre, || "the centre".to_owned())?;
    if !(1.0..=RADIUS_M_MAX).contains(&radius_m) {
        return bad(format!("a radius of {radius_m} m, must be within 1..={RADIUS_M_MAX}"));
    }
    Ok(())
}

pub fn line(line: Vec<LatLon>, width_m: f64) -> Result<Vec<LatLon>, BadGeometry> {
    if !(1.0..=WIDTH_M_MAX).contains(&width_m) {
        return bad(format!("a width of {width_m} m, must be within 1..={WIDTH_M_MAX}"));
    }
    count(line.len())?;
    for (index, at) in line.iter().enumerate() {
        position(*at, || format!("position {index} of the line"))?;
    }
    let mut line = line;
    line.dedup();
    if line.len() < 2 {
        return bad(format!("a line of {} different positions, at least 2 are needed", line.len()));
    }
    unroll(&mut line);
    Ok(line)
}

fn count(positions: usize) -> Result<(), BadGeometry> {
    if positions > POSITIONS_MAX {
        return bad(format!("{positions} positions, at most {POSITIONS_MAX} are allowed"));
    }
    Ok(())
}

pub fn polygons(polygons: Vec<Vec<Vec<LatLon>>>) -> Result<Vec<Vec<Vec<LatLon>>>, BadGeometry> {
    if polygons.is_empty() || polygons.iter().any(Vec::is_empty) {
        return bad("a polygon without a ring".to_owned());
    }
    if polygons.len() > POLYGONS_MAX {
        return bad(format!("{} polygons, at most {POLYGONS_MAX} are allowed", polygons.len()));
    }
    count(polygons.iter().flatten().map(Vec::len).sum())?;
    let mut checked = Vec::with_capacity(polygons.len());
    for (number, rings) in polygons.into_iter().enumerate() {
        checked.push(polygon(number, rings)?);
    }
    // Parts on both sides of the antimeridian stand beside each other, not around the globe.
    let first_west = west_of(&checked[0][0]);
    for rings in &mut checked {
        let turn = ((west_of(&rings[0]) - first_west) / 360.0).round() * 360.0;
        rings.iter_mut().flatten().for_each(|at| at.lon -= turn);
    }
    Ok(checked)
}

fn west_of(ring: &[LatLon]) -> f64 {
    ring.iter().map(|at| at.lon).fold(f64::INFINITY, f64::min)
}

fn polygon(number: usize, rings: Vec<Vec<LatLon>>) -> Result<Vec<Vec<LatLon>>, BadGeometry> {
    let mut checked: Vec<Vec<LatLon>> = Vec::with_capacity(rings.len());
    for (ring_number, ring) in rings.into_iter().enumerate() {
        checked.push(ring_of(number, ring_number, ring)?);
    }
    let (outer, holes) = checked.split_first_mut().ok_or_else(|| BadGeometry("a polygon without a ring".to_owned()))?;
    for (index, hole) in holes.iter_mut().enumerate() {
        // A hole is unrolled to where its outer ring is.
        let turn = ((hole[0].lon - outer[0].lon) / 360.0).round() * 360.0;
        hole.iter_mut().for_each(|at| at.lon -= turn);
        if let Some(outside) = hole.iter().position(|at| !super::is_in_ring(outer, *at) && !is_on_ring(outer, *at)) {
            let what = place(number, index + 1, outside);
            return bad(format!("{what} lies outside of the outer ring: a hole must be inside"));
        }
    }
    crossings(number, &checked)?;
    if let Some(flat) = checked.iter().position(|ring| area_deg2(ring).abs() < AREA_DEG2_MIN) {
        return bad(format!("ring {flat} of polygon {number} has no area"));
    }
    Ok(checked)
}

fn ring_of(number: usize, ring_number: usize, mut ring: Vec<LatLon>) -> Result<Vec<LatLon>, BadGeometry> {
    let what = || format!("ring {ring_number} of polygon {number}");
    for (index, at) in ring.iter().enumerate() {
        position(*at, || place(number, ring_number, index))?;
    }
    if ring.len() < 4 {
        return bad(format!("{} has {} positions, at least 4 are needed", what(), ring.len()));
    }
    if ring.first() != ring.last() {
        return bad(format!("{} is not closed: its last position must be its first", what()));
    }
    ring.pop();
    ring.dedup();
    if ring.len() < 3 {
        return bad(format!("{} has {} different positions, at least 3 are needed", what(), ring.len()));
    }
    unroll(&mut ring);
    let closing = ring[ring.len() - 1].lon - ring[0].lon;
    if closing.abs() > 180.0 {
        return bad(format!("{} goes around a pole", what()));
    }
    Ok(ring)
}

/// A step of more than half a turn is one across the antimeridian.
fn unroll(line: &mut [LatLon]) {
    for index in 1..line.len() {
        let before = line[index - 1].lon;
        line[index].lon -= ((line[index].lon - before) / 360.0).round() * 360.0;
    }
}

/// Twice the signed area in square degrees (shoelace formula, taken from the first corner for precision).
fn area_deg2(ring: &[LatLon]) -> f64 {
    let origin = ring[0];
    let cross = |(a, b): (LatLon, LatLon)| {
        (a.lon - origin.lon) * (b.lat - origin.lat) - (b.lon - origin.lon) * (a.lat - origin.lat)
    };
    legs(ring).map(cross).sum()
}

/// The legs of a ring, the closing one included.
pub fn legs(ring: &[LatLon]) -> impl Iterator<Item = (LatLon, LatLon)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// A leg with the place it came from.
#[derive(Debug, Clone, Copy)]
struct Leg {
    ring: usize,
    index: usize,
    /// Legs of its ring.
    of: usize,
    a: LatLon,
    b: LatLon,
}

impl Leg {
    fn west(&self) -> f64 {
        self.a.lon.min(self.b.lon)
    }
    fn east(&self) -> f64 {
        self.a.lon.max(self.b.lon)
    }
}

/// No ring crosses or touches itself, and none crosses another. Legs are compared from west to east while they overlap.
fn crossings(number: usize, rings: &[Vec<LatLon>]) -> Result<(), BadGeometry> {
    let of_ring = |(ring, positions): (usize, &Vec<LatLon>)| {
        let of = positions.len();
        legs(positions).enumerate().map(move |(index, (a, b))| Leg { ring, index, of, a, b }).collect::<Vec<_>>()
    };
    let mut all: Vec<Leg> = rings.iter().enumerate().flat_map(of_ring).collect();
    all.sort_by(|a, b| a.west().total_cmp(&b.west()));
    for (index, leg) in all.iter().enumerate() {
        for other in all[index + 1..].iter().take_while(|other| other.west() <= leg.east()) {
            if is_conflict(leg, other) {
                let (first, second) =
                    if (leg.ring, leg.index) < (other.ring, other.index) { (leg, other) } else { (other, leg) };
                let (from, to) = (place(number, first.ring, first.index), place(number, second.ring, second.index));
                let what =
                    if first.ring == second.ring { "a ring crosses or touches itself" } else { "two rings cross" };
                return bad(format!("{what}: the lines from {from} and from {to}"));
            }
        }
    }
    Ok(())
}

fn is_conflict(first: &Leg, second: &Leg) -> bool {
    if first.ring != second.ring {
        return do_cross(first.a, first.b, second.a, second.b);
    }
    let is_next = |leg: &Leg, next: &Leg| (leg.index + 1) % leg.of == next.index;
    match (is_next(first, second), is_next(second, first)) {
        // Neighbours share a corner; they must not lie on each other.
        (true, _) => is_spike(first, second),
        (_, true) => is_spike(second, first),
        _ => do_touch(first, second),
    }
}

fn is_spike(leg: &Leg, next: &Leg) -> bool {
    let (dx, dy) = (leg.b.lon - leg.a.lon, leg.b.lat - leg.a.lat);
    let (ex, ey) = (next.b.lon - next.a.lon, next.b.lat - next.a.lat);
    dx * ey - dy * ex == 0.0 && dx * ex + dy * ey < 0.0
}

/// On which side of the line from `a` to `b` a position is: positive to the left, 0 on it.
fn side(a: LatLon, b: LatLon, at: LatLon) -> f64 {
    (b.lon - a.lon) * (at.lat - a.lat) - (b.lat - a.lat) * (at.lon - a.lon)
}

/// True if two legs cross within both.
pub fn do_cross(a: LatLon, b: LatLon, c: LatLon, d: LatLon) -> bool {
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

fn is_on_leg(a: LatLon, b: LatLon, at: LatLon) -> bool {
    let within = |low: f64, high: f64, value: f64| value >= low.min(high) && value <= low.max(high);
    side(a, b, at) == 0.0 && within(a.lon, b.lon, at.lon) && within(a.lat, b.lat, at.lat)
}

fn is_on_ring(ring: &[LatLon], at: LatLon) -> bool {
    legs(ring).any(|(a, b)| is_on_leg(a, b, at))
}

fn do_touch(first: &Leg, second: &Leg) -> bool {
    let touches = |leg: &Leg, other: &Leg| is_on_leg(leg.a, leg.b, other.a) || is_on_leg(leg.a, leg.b, other.b);
    do_cross(first.a, first.b, second.a, second.b) || touches(first, second) || touches(second, first)
}
