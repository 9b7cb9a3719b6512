//! Three servers that take turns: an open one, another open one, and one with a key.

use crate::metric::Metrics;
use crate::statistics::{median, quantile};

/// Times the processor time of an open server that a server with a key may take.
const LIMIT: f64 = 1.05;

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Open,
    Twin,
    Keyed,
}

impl Who {
    pub const ALL: [Self; 3] = [Self::Open, Self::Twin, Self::Keyed];

    /// Returns `count` turns of each. Each turn has another one first: what comes first may find other caches.
    pub fn turns(count: usize) -> impl Iterator<Item = Self> {
        (0..count).flat_map(|turn| (0..3).map(move |place| Self::ALL[(turn + place) % 3]))
    }
}

/// Microseconds for each operation, of each server turn by turn.
#[derive(Debug, Default)]
pub struct Pairs([Vec<f64>; 3]);

impl Pairs {
    /// Takes the figure of a turn.
    pub fn note(&mut self, who: Who, micros: f64) {
        self.0[who as usize].push(micros);
    }

    /// The middle figure of a server.
    pub fn middle(&self, who: Who) -> f64 {
        median(&self.0[who as usize])
    }

    fn over_open(&self, who: Who) -> Vec<f64> {
        self.0[who as usize].iter().zip(&self.0[Who::Open as usize]).map(|(one, open)| one / open).collect()
    }

    /// Adds the figures of processor time.
    pub fn report(&self, what: &str, metrics: &mut Metrics) {
        metrics.add(format!("{what}: open server, CPU"), self.middle(Who::Open), "µs");
        metrics.add(format!("{what}: with tokens, CPU"), self.middle(Who::Keyed), "µs");
        self.compare(what, LIMIT, metrics);
    }

    /// Adds the ratios. A limit that lies nearer than the quartiles of equal servers' ratios lie apart is put as far off.
    pub fn compare(&self, what: &str, limit: f64, metrics: &mut Metrics) {
        let (keyed, equal) = (self.over_open(Who::Keyed), self.over_open(Who::Twin));
        let spread = quantile(&equal, 0.75) - quantile(&equal, 0.25);
        let mut add = |name: &str, value, unit| metrics.add(format!("{what}: {name}"), value, unit);
        add("of two equal ones", median(&equal), "×");
        add("of two equal ones, quartiles apart", spread * 100.0, "%");
        add("with tokens, quartiles apart", (quantile(&keyed, 0.75) - quantile(&keyed, 0.25)) * 100.0, "%");
        metrics.add_target(format!("{what}: with tokens"), median(&keyed), "×", limit.max(1.0 + spread));
        if 1.0 + spread > limit {
            metrics.note(format!(
                "{what}: the quartiles of equal ones are {:.1} % apart, which is the limit",
                spread * 100.0
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(twin: [f64; 4], keyed: f64) -> Metrics {
        let (mut pairs, mut metrics) = (Pairs::default(), Metrics::default());
        for micros in twin {
            pairs.note(Who::Open, 10.0);
            pairs.note(Who::Twin, micros);
            pairs.note(Who::Keyed, keyed);
        }
        pairs.report("joins", &mut metrics);
        metrics
    }

    #[test]
    fn each_is_first_as_often_and_all_take_as_many_turns() {
        let turns: Vec<_> = Who::turns(3).collect();
        assert_eq!([turns[0], turns[3], turns[6]], Who::ALL);
        assert!(Who::ALL.iter().all(|who| turns.iter().filter(|turn| *turn == who).count() == 3));
    }

    #[test]
    fn a_limit_is_never_finer_than_equal_servers_are_equal() {
        let limit = |metrics: &Metrics| metrics.figures.last().and_then(|figure| figure.at_most).unwrap();
        let steady = reported([10.0, 10.1, 9.9, 10.0], 10.6);
        assert!((limit(&steady) - LIMIT).abs() < 1e-9 && steady.notes.is_empty());
        assert_eq!(steady.figures.last().unwrap().met, Some(false));
        let wild = reported([8.0, 9.0, 11.0, 12.0], 10.6);
        assert!(limit(&wild) > 1.2 && wild.notes.len() == 1);
        assert_eq!(wild.figures.last().unwrap().met, Some(true));
    }
}
