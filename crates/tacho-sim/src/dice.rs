//! Random numbers of one vehicle.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// What a stream of random numbers is for. Ids have their own, so that more fields do not change the world.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Where vehicles go and what drivers do.
    World = 1,
    /// Ids and sensor noise.
    Sensors = 2,
    /// What goes wrong on the way to the log.
    Faults = 3,
}

/// A stream of random numbers that depends on (seed, vehicle, purpose) alone.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Pcg64Mcg);

impl Dice {
    pub fn new(seed: u64, vehicle: u32, purpose: Purpose) -> Self {
        let mut mixer = seed ^ (u64::from(vehicle) << 8 | purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let high = splitmix64(&mut mixer);
        let low = splitmix64(&mut mixer);
        Self(Pcg64Mcg::new(u128::from(high) << 64 | u128::from(low)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform within 0.0..1.0.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform within `low..high`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// -1.0 or 1.0.
    pub fn sign(&mut self) -> f64 {
        if self.bits() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// Uniform within `low_s..high_s` seconds, as milliseconds.
    pub fn range_ms(&mut self, low_s: f64, high_s: f64) -> i64 {
        (self.range(low_s, high_s) * 1_000.0) as i64
    }

    /// The wait until the next of rare events with this mean distance, in milliseconds.
    pub fn wait_ms(&mut self, mean_s: f64) -> i64 {
        (-(1.0 - self.unit()).ln() * mean_s * 1_000.0) as i64
    }

    /// About normal, mean 0, standard deviation 1 (a sum of four uniforms).
    pub fn bell(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 3f64.sqrt()
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
