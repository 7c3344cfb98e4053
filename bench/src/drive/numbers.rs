//! Repeatable numbers for the driver: SplitMix64.

/// A stream of numbers.
pub struct Numbers(u64);

impl Numbers {
    /// One stream a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 1 to `end`.
    pub fn up_to(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(end)).unwrap_or(0) + 1
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let end = u32::try_from(from.len()).ok().filter(|end| *end > 0)?;
        from.get(self.up_to(end) as usize - 1)
    }
}
