//! The plot: a bar for every figure that has a target, as a share of it, and every curve.

use std::fmt::Write as _;

use super::Report;
use super::table::{number, verdict};
use crate::metric::{Curve, Metric};

const WIDTH: f64 = 900.0;
const MARGIN: f64 = 20.0;
/// Height of one bar with its name.
const ROW: f64 = 40.0;
/// Height of a curve with its name and axes.
const CURVE: f64 = 240.0;
/// Place of the target.
const FULL: f64 = 600.0;
/// Bars of figures far over their targets are cut here.
const LONGEST: f64 = 860.0;

const STYLE: &str = "text{font:13px sans-serif;fill:#222}.small{font-size:11px;fill:#666}.met{fill:#3a7d44}.missed{fill:#b3392f}\
    .axis{stroke:#999}.curve{fill:none;stroke:#2b5c8a;stroke-width:2}.title{font-size:16px;font-weight:bold}";

/// The report as one picture.
pub fn svg(report: &Report) -> String {
    let metrics = || report.scenarios.iter().map(|entry| &entry.metrics);
    let figures = || report.scenarios.iter().flat_map(|entry| entry.metrics.figures.iter().map(|it| (entry.name, it)));
    let targets = || figures().filter(|(_, figure)| figure.at_most.is_some());
    let curves = || metrics().flat_map(|metrics| &metrics.curves);
    let bars = 60.0 + targets().count() as f64 * ROW;
    let height = bars + curves().count() as f64 * CURVE + MARGIN;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"><style>{STYLE}</style><rect width="100%" height="100%" fill="white"/>"#
    );
    let quick = if report.quick { ", quick" } else { "" };
    let title = format!("{}, {}, {}{quick}", report.versions.server, report.date, report.machine.processor);
    text(&mut svg, MARGIN, 28.0, "title", &title);
    for (place, (scenario, figure)) in targets().enumerate() {
        bar(&mut svg, 50.0 + place as f64 * ROW, scenario, figure);
    }
    text(&mut svg, FULL - 18.0, 44.0, "small", "target");
    line(&mut svg, (FULL, 50.0), (FULL, bars - 10.0));
    for (place, curve) in curves().enumerate() {
        plot(&mut svg, bars + place as f64 * CURVE, curve);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, top: f64, scenario: &str, figure: &Metric) {
    let share = figure.value.max(0.0) / figure.at_most.unwrap_or(1.0);
    let length = (share * (FULL - MARGIN)).clamp(1.0, LONGEST);
    let class = if figure.met == Some(true) { "met" } else { "missed" };
    let name = format!("{scenario}: {}: {} {}, {}", figure.name, number(figure.value), figure.unit, verdict(figure));
    text(svg, MARGIN, top + 14.0, "", &name);
    let _ = write!(svg, r#"<rect class="{class}" x="{MARGIN}" y="{}" width="{length:.1}" height="12"/>"#, top + 19.0);
}

fn plot(svg: &mut String, top: f64, curve: &Curve) {
    let largest = |value: fn(&(f64, f64)) -> f64| curve.points.iter().map(value).fold(f64::MIN_POSITIVE, f64::max);
    let (right, highest) = (largest(|point| point.0), largest(|point| point.1));
    let (left, floor, ceiling) = (MARGIN + 50.0, top + CURVE - 40.0, top + 35.0);
    text(svg, MARGIN, top + 16.0, "", &format!("{} ({})", curve.name, curve.y));
    line(svg, (left, ceiling), (left, floor));
    line(svg, (left, floor), (WIDTH - MARGIN, floor));
    text(svg, MARGIN, ceiling + 8.0, "small", &number(highest));
    text(svg, MARGIN, floor, "small", "0");
    text(svg, WIDTH - MARGIN - 90.0, floor + 16.0, "small", &format!("{} {}", number(right), curve.x));
    let points: Vec<String> = curve
        .points
        .iter()
        .map(|(x, y)| {
            let x = left + x / right * (WIDTH - MARGIN - left);
            format!("{x:.1},{:.1}", floor - y / highest * (floor - ceiling))
        })
        .collect();
    let _ = write!(svg, r#"<polyline class="curve" points="{}"/>"#, points.join(" "));
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = write!(svg, r#"<text class="{class}" x="{x}" y="{y}">{words}</text>"#);
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let (x1, y1, x2, y2) = (from.0, from.1, to.0, to.1);
    let _ = write!(svg, r#"<line class="axis" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_break_the_picture() {
        let mut svg = String::new();
        text(&mut svg, 0.0, 0.0, "", "a < b & c");
        assert_eq!(svg, r#"<text class="" x="0" y="0">a &lt; b &amp; c</text>"#);
    }

    #[test]
    fn a_curve_stays_within_its_axes() {
        let mut svg = String::new();
        let points = vec![(0.0, 10.0), (5.0, 20.0)];
        plot(&mut svg, 0.0, &Curve { name: "memory".into(), x: "s", y: "MiB", points });
        assert!(svg.contains(r#"points="70.0,117.5 880.0,35.0""#), "{svg}");
    }
}
