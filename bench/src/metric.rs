//! Metrics of a scenario: figures with their targets, curves, and notes.

use serde::Serialize;

use crate::process::Load;

/// A number with its unit, and what it ought to be.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// The largest value that is good enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
}

/// A curve.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    pub name: String,
    pub x: &'static str,
    pub y: &'static str,
    pub points: Vec<(f64, f64)>,
}

/// Everything that one scenario found.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Metrics {
    pub figures: Vec<Metric>,
    pub curves: Vec<Curve>,
    pub notes: Vec<String>,
    /// The largest share of a measurement in which others had the server's core.
    pub disturbed_percent: f64,
}

impl Metrics {
    /// Adds a figure without a target.
    pub fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Metric { name: name.into(), value, unit, at_most: None, met: None });
    }

    /// Adds a figure that should be at most this.
    pub fn add_target(&mut self, name: impl Into<String>, value: f64, unit: &'static str, at_most: f64) {
        let (at_most, met) = (Some(at_most), Some(value <= at_most));
        self.figures.push(Metric { name: name.into(), value, unit, at_most, met });
    }

    /// Remembers how much others disturbed a measurement.
    pub fn heed<'a>(&mut self, loads: impl IntoIterator<Item = &'a Load>) {
        let most = loads.into_iter().map(Load::waited_percent).fold(0.0, f64::max);
        self.disturbed_percent = self.disturbed_percent.max(most);
    }

    /// Says something about the figures.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_when_it_is_reached_exactly() {
        let mut metrics = Metrics::default();
        metrics.add_target("ratio", 1.3, "×", 1.3);
        metrics.add_target("ratio", 1.31, "×", 1.3);
        metrics.add("rate", 5.0, "/s");
        let met: Vec<_> = metrics.figures.iter().map(|figure| figure.met).collect();
        assert_eq!(met, [Some(true), Some(false), None]);
    }
}
