//! The table for people.

use std::fmt::Write as _;

use super::Entry;
use crate::metric::Metric;

/// Percent of the time from which it is worth saying that others had the server's core.
const DISTURBED: f64 = 5.0;

/// One scenario.
pub fn table(entry: &Entry) -> String {
    let mut text = format!("\n{} ({:.0} s)\n", entry.name, entry.seconds);
    let width = entry.metrics.figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
    for figure in &entry.metrics.figures {
        let row =
            format!("  {:width$}  {:>10} {:<6}  {}", figure.name, number(figure.value), figure.unit, verdict(figure));
        let _ = writeln!(text, "{}", row.trim_end());
    }
    if entry.metrics.disturbed_percent > DISTURBED {
        let percent = number(entry.metrics.disturbed_percent);
        let _ = writeln!(text, "  note: other programs had the server's core for up to {percent} % of the time");
    }
    for note in &entry.metrics.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    if let Some(error) = &entry.error {
        let _ = writeln!(text, "  failed: {error}");
    }
    text
}

/// Whether a figure is what it ought to be; empty without a target.
pub fn verdict(figure: &Metric) -> String {
    match (figure.at_most, figure.met) {
        (Some(limit), Some(true)) => format!("met (at most {})", number(limit)),
        (Some(limit), _) => format!("MISSED (at most {})", number(limit)),
        _ => String::new(),
    }
}

/// Three significant places, and no fraction of large numbers.
pub fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metrics;

    #[test]
    fn numbers_show_what_is_known_of_them() {
        assert_eq!(number(123_456.7), "123457");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(2.0), "2");
        assert_eq!(number(1.257), "1.26");
        assert_eq!(number(-12.34), "-12.3");
    }

    #[test]
    fn a_missed_target_cannot_be_overlooked() {
        let mut metrics = Metrics::default();
        metrics.add_target("a ratio", 1.4, "×", 1.3);
        metrics.add("messages", 100_000.0, "/s");
        let entry = Entry { name: "relay", question: "?", seconds: 1.0, error: Some("why".into()), metrics };
        let text = table(&entry);
        assert!(text.contains("a ratio         1.40 ×       MISSED (at most 1.30)"), "{text}");
        assert!(text.ends_with("failed: why\n"), "{text}");
    }
}
