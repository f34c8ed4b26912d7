//! Positions and the distances between them.

/// Mean Earth radius in metres (IUGG), used by every distance in the product.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Angles under this, in radians, need no more of a series than its first two terms: what is left out is less than the
/// last bit of what remains. Twice this is 12 km on Earth, so that the legs between fixes need one cosine and a root.
const SMALL_ANGLE: f64 = 1e-3;

fn small_sin(angle: f64) -> f64 {
    angle - angle * angle * angle / 6.0
}

fn small_asin(sine: f64) -> f64 {
    sine + sine * sine * sine / 6.0
}

/// A position in degrees, WGS 84: `lat` within -90..=90, `lon` within -180..=180.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct LatLon {
    /// Latitude in degrees, north positive.
    pub lat: f64,
    /// Longitude in degrees, east positive.
    pub lon: f64,
}

impl LatLon {
    /// No position: not known, or not to be told. NaN, so that nothing takes it for a place.
    pub const UNKNOWN: LatLon = LatLon { lat: f64::NAN, lon: f64::NAN };

    /// True for a position.
    pub fn is_known(self) -> bool {
        !self.lat.is_nan()
    }

    /// Great-circle distance to `other` in metres: haversine, R = 6 371 008.8 m.
    pub fn distance_m(self, other: LatLon) -> f64 {
        let half_dlat = ((other.lat - self.lat) * 0.5).to_radians();
        let half_dlon = ((other.lon - self.lon) * 0.5).to_radians();
        // The product of the latitudes' cosines in the usual form is that of their mean squared, less `sin_lat` squared.
        let mean_cos = ((self.lat + other.lat) * 0.5).to_radians().cos();
        let is_near = half_dlat.abs().max(half_dlon.abs()) < SMALL_ANGLE;
        let (sin_lat, sin_lon) =
            if is_near { (small_sin(half_dlat), small_sin(half_dlon)) } else { (half_dlat.sin(), half_dlon.sin()) };
        let (lat2, lon2) = (sin_lat * sin_lat, sin_lon * sin_lon);
        let chord = (lat2 * (1.0 - lon2) + mean_cos * mean_cos * lon2).clamp(0.0, 1.0).sqrt();
        let half_angle = if is_near { small_asin(chord) } else { chord.asin() };
        2.0 * EARTH_RADIUS_M * half_angle
    }

    /// Initial bearing towards `other`, degrees clockwise from north within 0..360.
    pub fn bearing_deg(self, other: LatLon) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let dlon = (other.lon - self.lon).to_radians();
        let y = dlon.sin() * lat2.cos();
        let x = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * dlon.cos();
        y.atan2(x).to_degrees().rem_euclid(360.0)
    }

    /// The position `distance_m` metres away along `bearing_deg`, on the sphere of [`EARTH_RADIUS_M`].
    pub fn destination(self, bearing_deg: f64, distance_m: f64) -> LatLon {
        let angle = distance_m / EARTH_RADIUS_M;
        let (lat1, lon1, bearing) = (self.lat.to_radians(), self.lon.to_radians(), bearing_deg.to_radians());
        let lat2 = (lat1.sin() * angle.cos() + lat1.cos() * angle.sin() * bearing.cos()).asin();
        let lon2 = lon1 + (bearing.sin() * angle.sin() * lat1.cos()).atan2(angle.cos() - lat1.sin() * lat2.sin());
        LatLon { lat: lat2.to_degrees(), lon: (lon2.to_degrees() + 540.0).rem_euclid(360.0) - 180.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_longitude_on_the_equator_is_111_195_m() {
        let d = LatLon { lat: 0.0, lon: 0.0 }.distance_m(LatLon { lat: 0.0, lon: 1.0 });
        assert!((d - 111_195.08).abs() < 0.1, "{d}");
    }

    #[test]
    fn near_distances_are_those_of_the_textbook() {
        let textbook = |a: LatLon, b: LatLon| {
            let (lat1, lat2) = (a.lat.to_radians(), b.lat.to_radians());
            let (sin_lat, sin_lon) = (((lat2 - lat1) * 0.5).sin(), ((b.lon - a.lon).to_radians() * 0.5).sin());
            2.0 * EARTH_RADIUS_M * (sin_lat * sin_lat + lat1.cos() * lat2.cos() * sin_lon * sin_lon).sqrt().asin()
        };
        for lat in [-89.9, -60.0, -0.001, 12.97, 51.5, 80.0] {
            let from = LatLon { lat, lon: 77.59 };
            for (north, east) in [(1e-6, 0.0), (0.0, 2e-5), (3e-4, -2e-4), (0.05, 0.08), (-0.0999, 0.1145), (0.3, 2.0)]
            {
                let to = LatLon { lat: lat + north * 0.9, lon: 77.59 + east };
                let (found, expected) = (from.distance_m(to), textbook(from, to));
                assert!((found - expected).abs() <= 1e-8 + expected * 1e-12, "{from:?} {to:?}: {found} {expected}");
            }
        }
        assert_eq!(LatLon { lat: 12.0, lon: 77.0 }.distance_m(LatLon { lat: 12.0, lon: 77.0 }), 0.0);
    }

    #[test]
    fn a_destination_lies_at_its_distance_and_bearing() {
        let from = LatLon { lat: 12.97, lon: 77.59 };
        for bearing in [0.0, 45.0, 133.0, 270.0] {
            let to = from.destination(bearing, 5_000.0);
            assert!((from.distance_m(to) - 5_000.0).abs() < 0.01);
            assert!((from.bearing_deg(to) - bearing).abs() < 0.01);
        }
    }
}
