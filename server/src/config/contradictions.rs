//! Contradictions between settings, told by the names and values that were given.

use std::time::Duration;

use super::given::Given;

/// Collects contradictions, with settings by the name under which they were given.
pub struct Contradictions<'a> {
    given: &'a [Given],
    faulty: &'a [String],
    faults: Vec<String>,
}

impl<'a> Contradictions<'a> {
    /// `faulty` has the ids of the settings that are wrong by themselves.
    pub fn new(given: &'a [Given], faulty: &'a [String]) -> Self {
        Self { given, faulty, faults: Vec::new() }
    }

    /// Returns the settings that were given.
    pub fn given(&self) -> &'a [Given] {
        self.given
    }

    /// Returns all contradictions.
    pub fn into_faults(self) -> Vec<String> {
        self.faults
    }

    /// Returns a setting, if it was given.
    pub fn find(&self, id: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.id == id)
    }

    /// Returns the name of a setting where it was given, else its flag.
    pub fn of(&self, id: &str) -> String {
        self.find(id).map_or_else(|| format!("--{}", id.replace('_', "-")), Given::name)
    }

    /// `name "value"`: the value as it was given, or the default.
    pub fn with(&self, id: &str, value: impl std::fmt::Display) -> String {
        self.find(id).map_or_else(|| format!("{} \"{value}\" (default)", self.of(id)), Given::with_value)
    }

    /// Returns the same for a time.
    pub fn time(&self, id: &str, value: Duration) -> String {
        self.with(id, humantime::format_duration(value))
    }

    /// Adds a fault of these settings, unless one of them is wrong by itself.
    pub fn refuse(&mut self, ids: &[&str], fault: String) {
        if !ids.iter().any(|id| self.faulty.iter().any(|faulty| faulty == id)) {
            self.faults.push(fault);
        }
    }

    /// Demands that a time is at most the longest one that another time allows.
    pub fn at_most(&mut self, [short, long]: [(&str, Duration); 2], relation: &str, longest: Duration) {
        if short.1 > longest {
            let (short_is, long_is) = (self.time(short.0, short.1), self.time(long.0, long.1));
            let fault = format!("{short_is} must be {relation} {long_is}, such as {}", suggested(longest));
            self.refuse(&[short.0, long.0], fault);
        }
    }
}

/// A time as a person would write it, no longer than the given one.
pub fn suggested(longest: Duration) -> humantime::FormattedDuration {
    let steps = [3_600_000, 60_000, 1000, 100, 10, 1].map(Duration::from_millis);
    // At most a third is lost.
    let step =
        steps.into_iter().find(|step| *step * 3 <= longest || longest.as_nanos().is_multiple_of(step.as_nanos()));
    let step = step.unwrap_or(Duration::from_nanos(1)).as_nanos();
    let rounded = u64::try_from(longest.as_nanos() / step * step).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_nanos(rounded))
}

/// Returns the next whole second above a time.
pub fn next_second(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(time.as_secs().saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn suggested_times_are_round_and_not_too_long() {
        let text = |nanos| super::suggested(Duration::from_nanos(nanos)).to_string();
        let times = [166_666, 333_333_333, 3_333_333_333, 20_000_000_000, 200_000_000_000, 300_000_000_000];
        assert_eq!(times.map(text), ["166us 666ns", "300ms", "3s", "20s", "3m", "5m"]);
    }
}
