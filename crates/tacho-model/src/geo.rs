//! Positions and the distances between them.

/// Mean Earth radius in metres (IUGG), used by every distance in the product.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

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
    /// Great-circle distance to `other` in metres: haversine, R = 6 371 008.8 m.
    pub fn distance_m(self, other: LatLon) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_dlat = (lat2 - lat1) * 0.5;
        let half_dlon = (other.lon - self.lon).to_radians() * 0.5;
        let (sin_lat, sin_lon) = (half_dlat.sin(), half_dlon.sin());
        let a = sin_lat * sin_lat + lat1.cos() * lat2.cos() * sin_lon * sin_lon;
        2.0 * EARTH_RADIUS_M * a.min(1.0).sqrt().asin()
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
    fn a_destination_lies_at_its_distance_and_bearing() {
        let from = LatLon { lat: 12.97, lon: 77.59 };
        for bearing in [0.0, 45.0, 133.0, 270.0] {
            let to = from.destination(bearing, 5_000.0);
            assert!((from.distance_m(to) - 5_000.0).abs() < 0.01);
            assert!((from.bearing_deg(to) - bearing).abs() < 0.01);
        }
    }
}
