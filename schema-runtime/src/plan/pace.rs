//! How fast this database changes on its machine, learnt from the runs that its history has.

use serde::{Deserialize, Serialize};

/// By what an estimate is multiplied: how long past changes of this database took beside what was estimated for them.
///
/// It is the median over the revisions whose estimate, before it was multiplied, was 50 ms at least, and never below an eighth or above
/// eight: one slow night does not count, and a history that was copied from another machine can mislead no further than that.
/// Without such revisions it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pace(u32);

/// The estimates that are too small to tell anything are below this, milliseconds.
const TELLING: u64 = 50;
/// Thousandths.
const ONE: u32 = 1_000;
const LEAST: u64 = 125;
const MOST: u64 = 8_000;

/// As much of a recorded plan as the pace is made from.
#[derive(Deserialize)]
struct Recorded {
    #[serde(default)]
    pace: Pace,
    steps: Vec<RecordedStep>,
}

#[derive(Deserialize)]
struct RecordedStep {
    cost: RecordedCost,
}

#[derive(Deserialize)]
struct RecordedCost {
    ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace(ONE)
    }
}

impl Pace {
    /// The factor in thousandths.
    pub fn thousandths(self) -> u32 {
        self.0
    }

    /// Whether nothing was learnt.
    pub fn is_one(&self) -> bool {
        self.0 == ONE
    }

    /// From recorded plans, as JSON, each with the milliseconds that its change took. One that cannot be read is passed over.
    pub(crate) fn learnt<'p>(history: impl IntoIterator<Item = (&'p str, u64)>) -> Pace {
        let mut factors: Vec<u64> =
            history.into_iter().filter_map(|(plan, took)| factor(plan, took)).collect();
        factors.sort_unstable();
        let Some(upper) = factors.get(factors.len() / 2) else { return Pace::default() };
        let lower = factors.get((factors.len() - 1) / 2).unwrap_or(upper);
        let median = (lower / 2).saturating_add(upper / 2).saturating_add((lower % 2 + upper % 2) / 2);
        Pace(u32::try_from(median.clamp(LEAST, MOST)).unwrap_or(ONE))
    }

    /// `time` at this pace.
    pub(crate) fn scale(self, time: u64) -> u64 {
        let scaled = u128::from(time) * u128::from(self.0) / u128::from(ONE);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

/// Thousandths of the estimate, as it was before it was multiplied, that the change took.
fn factor(plan: &str, took: u64) -> Option<u64> {
    let recorded: Recorded = serde_json::from_str(plan).ok()?;
    let estimate = recorded.steps.iter().map(|step| step.cost.ms).fold(0, u64::saturating_add);
    let estimate = u128::from(estimate) * u128::from(ONE) / u128::from(recorded.pace.0.max(1));
    if estimate < u128::from(TELLING) {
        return None;
    }
    u64::try_from(u128::from(took) * u128::from(ONE) / estimate).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pace: u32, costs: &[u64]) -> String {
        let steps: Vec<String> =
            costs.iter().map(|ms| format!("{{\"cost\":{{\"ms\":{ms}}},\"sql\":[]}}")).collect();
        format!("{{\"format\":1,\"pace\":{pace},\"steps\":[{}]}}", steps.join(","))
    }

    fn learnt(history: &[(String, u64)]) -> u32 {
        Pace::learnt(history.iter().map(|(plan, took)| (plan.as_str(), *took))).thousandths()
    }

    #[test]
    fn without_a_telling_revision_the_estimate_stays_as_it_is() {
        assert_eq!(learnt(&[]), 1_000);
        assert_eq!(learnt(&[(plan(1_000, &[20, 29]), 4_900)]), 1_000);
        assert_eq!(learnt(&[("no plan".to_owned(), 9_000), ("{}".to_owned(), 9_000)]), 1_000);
    }

    #[test]
    fn the_pace_is_the_median_and_not_the_mean() {
        let took = [90, 220, 200, 100_000, 210];
        let history: Vec<(String, u64)> = took.iter().map(|took| (plan(1_000, &[60, 40]), *took)).collect();
        assert_eq!(learnt(&history), 2_100);
        assert_eq!(learnt(&history[..2]), 1_550);
    }

    #[test]
    fn what_was_multiplied_before_is_not_multiplied_twice() {
        // Estimated 400 ms at twice the pace, and 400 ms it took.
        assert_eq!(learnt(&[(plan(2_000, &[400]), 400)]), 2_000);
        // 80 ms at twice the pace were 40 ms: too few to tell.
        assert_eq!(learnt(&[(plan(2_000, &[80]), 8_000)]), 1_000);
    }

    #[test]
    fn the_pace_is_between_an_eighth_and_eight() {
        assert_eq!(learnt(&[(plan(1_000, &[1_000]), 1)]), 125);
        assert_eq!(learnt(&[(plan(1_000, &[1_000]), u64::MAX)]), 8_000);
        assert_eq!(learnt(&[(plan(0, &[u64::MAX, 5]), 1)]), 125);
    }

    #[test]
    fn an_estimate_is_scaled_without_overflow() {
        assert_eq!(Pace(125).scale(0), 0);
        assert_eq!(Pace(8_000).scale(u64::MAX), u64::MAX);
        assert_eq!(Pace(1_500).scale(200), 300);
    }
}
