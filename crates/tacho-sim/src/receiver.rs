//! The error of a positioning receiver.
//!
//! It wanders, it does not jump: its parts (ionosphere, orbits, multipath, the receiver's own filter) change within
//! minutes. Recordings of stationary receivers are described by an Ornstein-Uhlenbeck process, and not by white noise
//! (Sensors 2020, 20(21), 6050, doi 10.3390/s20216050); the autocorrelation of a Garmin 12XL bends after about a minute
//! (D. Wilson, "Correlation of errors"). White noise of 5 m would add 16 to 20 % to the way of a vehicle in a city at
//! 1 Hz; in a recording of 17,725 s of real driving, the way along the positions is 0.5 % longer than the integral of
//! the speed.

use crate::dice::Dice;
use tacho_model::EventTime;

/// After this long, 1/e of an error is left, seconds.
const CORRELATION_S: f64 = 60.0;

/// The present error of one receiver: a stationary Ornstein-Uhlenbeck (first-order Gauss-Markov) process on either axis.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Receiver {
    seen: Option<EventTime>,
    east_m: f64,
    north_m: f64,
}

impl Receiver {
    /// Metres to the east and to the north by which the position of `now` is wrong, with a standard deviation of
    /// `noise_m` on either axis; nothing is drawn without noise.
    pub fn error_m(&mut self, now: EventTime, noise_m: f64, dice: &mut Dice) -> (f64, f64) {
        if noise_m <= 0.0 {
            return (0.0, 0.0);
        }
        let kept = self.seen.map_or(0.0, |seen| (-(now.ms_since(seen) as f64) / 1_000.0 / CORRELATION_S).exp());
        let fresh_m = noise_m * (1.0 - kept * kept).max(0.0).sqrt();
        self.east_m = self.east_m * kept + fresh_m * dice.bell();
        self.north_m = self.north_m * kept + fresh_m * dice.bell();
        self.seen = Some(now);
        (self.east_m, self.north_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Purpose;

    #[test]
    fn an_error_has_its_size_and_wanders_slowly() {
        let mut dice = Dice::new(1, 0, Purpose::Sensors);
        let mut receiver = Receiver::default();
        let errors: Vec<f64> =
            (0..60_000).map(|second| receiver.error_m(EventTime(second * 1_000), 5.0, &mut dice).0).collect();
        let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let size_m = mean_of(&errors.iter().map(|error| error * error).collect::<Vec<_>>()).sqrt();
        assert!((size_m - 5.0).abs() < 0.4, "{size_m}");
        let kept = |lag: usize| {
            let products: Vec<f64> = errors.iter().zip(&errors[lag..]).map(|(now, later)| now * later).collect();
            mean_of(&products) / (size_m * size_m)
        };
        assert!((kept(1) - 0.983).abs() < 0.005, "{}", kept(1));
        assert!((kept(60) - 0.368).abs() < 0.1, "{}", kept(60));
    }
}
