//! How leads ripen: the stages of `b2b-mtl` that each of them has been in, and when.

use chrono::{DateTime, Duration, Utc};

use super::random::Chance;

/// How a lead came.
pub const CHANNELS: [&str; 6] = ["website", "searchAdvertising", "event", "download", "social", "other"];
/// In the last days a hand-over takes twice as long: what an early warning should find.
const SLOW: i64 = 90;
/// So often a lead is sent back before it is given up.
const PATIENCE: usize = 3;

/// A stay in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    pub stage: &'static str,
    pub entered: DateTime<Utc>,
}

/// The way of one lead until now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// At least the entry.
    pub stays: Vec<Stay>,
    /// How often sales sent it back.
    pub sent_back: u32,
}

impl Way {
    /// Draws the way of a lead that came then by that channel.
    pub fn draw(channel: &str, came: DateTime<Utc>, now: DateTime<Utc>, chance: &mut Chance) -> Self {
        let mut way = Self { stays: vec![Stay { stage: "awareness", entered: came }], sent_back: 0 };
        let mut at = came;
        while let Some((stage, hours)) = way.next(channel, now - at, chance) {
            at += Duration::hours(i64::from(hours.max(1)));
            if at > now {
                break;
            }
            if stage == "target" && way.seen("mql").max(way.seen("sql")) > 0 {
                way.sent_back += 1;
            }
            way.stays.push(Stay { stage, entered: at });
        }
        way
    }

    /// The stage it is in.
    pub fn stage(&self) -> &'static str {
        self.stays.last().map_or("awareness", |stay| stay.stage)
    }

    fn seen(&self, stage: &str) -> usize {
        self.stays.iter().filter(|stay| stay.stage == stage).count()
    }

    /// Where it goes from here, and after how many hours; `None` where it stays.
    fn next(&self, channel: &str, ago: Duration, chance: &mut Chance) -> Option<(&'static str, u32)> {
        let direct = matches!(channel, "website" | "searchAdvertising");
        let tired = self.seen("mql") + self.seen("sql") > PATIENCE;
        let slow = if ago < Duration::days(SLOW) { 2 } else { 1 };
        let mut days = |low: u32, high: u32| chance.between(low * 24, high * 24);
        Some(match self.stage() {
            "awareness" if direct => ("sql", 1),
            "awareness" if channel == "social" => ("friend", days(0, 5)),
            "awareness" => ("name", days(0, 6)),
            "friend" => ("name", days(3, 30)),
            stage => {
                let (roads, low, high): (&[(&'static str, u32)], u32, u32) = match stage {
                    "name" => (&[("engaged", 850), ("", 150)], 2, 20),
                    "engaged" => (&[("target", 780), ("", 220)], 3, 30),
                    "target" => (&[("mql", 720), ("", 280)], 10, 60),
                    "mql" if tired => (&[("disqualified", 1)], 2, 9),
                    "mql" => (&[("sql", 620), ("target", 260), ("disqualified", 120)], slow, 6 * slow),
                    "sql" if tired => (&[("opportunity", 400), ("disqualified", 600)], 4, 20),
                    "sql" => (&[("opportunity", 500), ("target", 270), ("disqualified", 230)], 4, 20),
                    "opportunity" => (&[("customer", 460), ("disqualified", 540)], 20, 70),
                    _ => return None,
                };
                let weights: Vec<u32> = roads.iter().map(|(_, weight)| *weight).collect();
                let (to, _) = roads.get(chance.weighted(&weights)).copied().unwrap_or(("", 0));
                if to.is_empty() {
                    return None;
                }
                (to, chance.between(low * 24, high * 24))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_go_forward_in_time_and_come_to_all_ends() {
        let now: DateTime<Utc> = "2026-11-21T00:00:00Z".parse().expect("a moment");
        let mut chance = Chance::new(1, "ways");
        let mut ends = std::collections::BTreeMap::new();
        let mut again = 0;
        for number in 0..2_000 {
            let channel = CHANNELS[number % CHANNELS.len()];
            let came = now - Duration::days(i64::from(chance.below(365)));
            let way = Way::draw(channel, came, now, &mut chance);
            assert!(way.stays.windows(2).all(|pair| pair[0].entered < pair[1].entered), "{way:?}");
            assert!(way.stays.iter().all(|stay| stay.entered <= now), "{way:?}");
            *ends.entry(way.stage()).or_insert(0) += 1;
            again += usize::from(way.seen("mql") > 1);
        }
        for end in ["target", "mql", "sql", "opportunity", "customer", "disqualified"] {
            assert!(ends.get(end).is_some_and(|count| *count > 5), "{end}: {ends:?}");
        }
        assert!(again > 20, "some leads are handed over a second time: {again}");
    }
}
