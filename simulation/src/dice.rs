//! The seed's random numbers.

use rand::Rng;
use rand_pcg::Pcg64Mcg;
use std::ops::Range;

/// A stream of random numbers that follows from a seed and what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Pcg64Mcg);

impl Dice {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let purpose = u128::from(crc32c::crc32c(purpose.as_bytes()));
        let mut dice =
            Self(Pcg64Mcg::new((u128::from(seed) << 32 | purpose) ^ 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        // Neighbouring seeds differ in few bits; a few steps spread them.
        (0..8).for_each(|_| {
            dice.0.next_u64();
        });
        dice
    }
    /// Uniform within `range`.
    pub(crate) fn below(&mut self, range: Range<u64>) -> u64 {
        range.start + self.0.next_u64() % (range.end - range.start)
    }
    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.below(0..n) == 0
    }
    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(0..of.len() as u64) as usize]
    }
}
