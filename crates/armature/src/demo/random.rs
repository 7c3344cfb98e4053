//! Repeatable chance: SplitMix64 from a fixed seed, whole numbers only, so that every machine draws the same data.

/// A stream of numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A stream for one part of the data set: parts do not disturb each other's numbers.
    pub fn new(seed: u64, part: &str) -> Self {
        let name = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(seed ^ name)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `end`, which must not be 0.
    pub fn below(&mut self, end: u32) -> u32 {
        let wide = u64::from(u32::try_from(self.next() >> 32).unwrap_or(u32::MAX));
        u32::try_from((wide * u64::from(end)) >> 32).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True in so many of a thousand cases.
    pub fn permille(&mut self, of_thousand: u32) -> bool {
        self.below(1000) < of_thousand
    }

    /// One of them; `None` of nothing.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let end = u32::try_from(from.len()).unwrap_or(u32::MAX);
        if end == 0 { None } else { from.get(self.below(end) as usize) }
    }

    /// The place of one of them, each as likely as its weight; 0 when there is no weight at all.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        if total == 0 {
            return 0;
        }
        let mut left = self.below(total);
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        0
    }

    /// Round `middle`, seldom far from it (the mean of four draws), never below 1: for durations.
    pub fn around(&mut self, middle: u32) -> u32 {
        let sum: u32 = (0..4).map(|_| self.below(middle * 2)).sum();
        (sum / 4).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn the_same_seed_draws_the_same_and_stays_within_bounds() {
        let draw = |part: &str| {
            let mut chance = Chance::new(7, part);
            (0..1000).map(|_| chance.between(3, 9)).collect::<Vec<_>>()
        };
        assert_eq!(draw("leads"), draw("leads"));
        assert_ne!(draw("leads"), draw("tasks"));
        let drawn = draw("leads");
        assert!((3..=9).all(|value| drawn.contains(&value)));
        assert!(drawn.iter().all(|value| (3..=9).contains(value)));
    }

    #[test]
    fn weights_decide() {
        let mut chance = Chance::new(1, "weights");
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[chance.weighted(&[0, 1, 3])] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(counts[2] > counts[1] * 2 && counts[2] < counts[1] * 4, "{counts:?}");
    }
}
