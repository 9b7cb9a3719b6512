//! What a process costs, from `/proc` (proc(5)): processor time in nanoseconds from the scheduler's own account of
//! each thread, resident memory from `status`.

use std::fs;
use std::time::{Duration, Instant};

use crate::machine::kibibytes;

/// Processor time of a server and of the generator between two moments.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub wall: Duration,
    pub server: Duration,
    pub generator: Duration,
}

impl Load {
    /// Percent of one core that the server used.
    pub fn server_percent(&self) -> f64 {
        100.0 * self.server.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// Percent of one core that the generator used; near 100 it was the generator that was measured.
    pub fn generator_percent(&self) -> f64 {
        100.0 * self.generator.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each of so many.
    pub fn server_micros_per(&self, count: usize) -> f64 {
        self.server.as_secs_f64() * 1e6 / count.max(1) as f64
    }

    /// How many of so many there were in a second.
    pub fn rate(&self, count: usize) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }
}

/// A beginning.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    pid: u32,
    began: Instant,
    server: Duration,
    generator: Duration,
}

impl Meter {
    /// Begins to measure a server.
    pub fn start(pid: u32) -> Self {
        Self { pid, server: processor_time(pid), generator: processor_time(std::process::id()), began: Instant::now() }
    }

    /// What it was until now.
    pub fn read(&self) -> Load {
        Load {
            wall: self.began.elapsed(),
            server: processor_time(self.pid).saturating_sub(self.server),
            generator: processor_time(std::process::id()).saturating_sub(self.generator),
        }
    }
}

/// Processor time of the threads of a process that live.
fn processor_time(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok()).map(|text| ran(&text)).sum()
}

/// The first number of `schedstat`: nanoseconds on a processor.
fn ran(schedstat: &str) -> Duration {
    Duration::from_nanos(schedstat.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// Resident memory of a process in KiB; 0 when it is gone.
pub fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    kibibytes(&status, "VmRSS").unwrap_or(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let meter = Meter::start(std::process::id());
        while meter.read().server < Duration::from_millis(1) {}
        let load = meter.read();
        assert!(load.wall >= Duration::from_millis(1));
        assert!(load.server_percent() > 0.0);
        assert!(resident(std::process::id()) > 100.0);
    }

    #[test]
    fn costs_are_shared_out() {
        let second = Duration::from_secs(1);
        let load = Load { wall: second * 2, server: second, generator: second / 2 };
        assert_eq!(load.server_percent(), 50.0);
        assert_eq!(load.generator_percent(), 25.0);
        assert_eq!(load.server_micros_per(1000), 1000.0);
        assert_eq!(load.rate(1000), 500.0);
    }
}
