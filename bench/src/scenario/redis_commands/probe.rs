//! Counts or measures an operation that is done some times.

use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::error::Error;
use crate::metric::Metrics;
use crate::process::{Meter, quiet};
use crate::redis::{Calls, Monitor, Redis};

/// Time after which the asynchronous consequences of an operation have arrived.
const SETTLING: Duration = Duration::from_millis(300);

/// Packets that only acknowledge, for each operation.
const ACKNOWLEDGED: f64 = 0.4;

/// One of the two.
pub struct Probe {
    count: usize,
    pid: u32,
    monitor: Option<Monitor>,
    meter: Meter,
    began: Instant,
    stretches: Vec<Stretch>,
}

/// One operation.
struct Stretch {
    name: &'static str,
    limit: usize,
    times: usize,
    time: Duration,
    calls: Calls,
    cpu: Duration,
}

impl Probe {
    /// Counts, with a monitor.
    pub async fn counting(redis: &Redis, count: usize) -> Result<Self, Error> {
        let mut probe = Self::measuring(redis, count);
        probe.monitor = Some(Monitor::start(redis).await?);
        Ok(probe)
    }

    /// Measures what it costs Redis.
    pub fn measuring(redis: &Redis, count: usize) -> Self {
        let pid = redis.program.pid;
        let (meter, began) = (Meter::start(pid), Instant::now());
        Self { count, pid, monitor: None, meter, began, stretches: Vec::new() }
    }

    /// Numbers of rooms, of which no two probes have the same.
    pub fn numbers(&self) -> Range<usize> {
        let first = if self.monitor.is_some() { 0 } else { 1000 };
        first..first + self.count
    }

    /// Starts to count.
    pub async fn begin(&mut self) -> Result<(), Error> {
        sleep(SETTLING).await;
        quiet(self.pid).await?;
        if let Some(monitor) = &mut self.monitor {
            monitor.read().await?;
        }
        (self.meter, self.began) = (Meter::start(self.pid), Instant::now());
        Ok(())
    }

    /// Counts everything since the start for this operation, done once for each number, with at most `limit` round
    /// trips for each.
    pub async fn end(&mut self, name: &'static str, limit: usize) -> Result<(), Error> {
        self.end_of(name, limit, self.count).await
    }

    /// The same of an operation that was done so often.
    pub async fn end_of(&mut self, name: &'static str, limit: usize, times: usize) -> Result<(), Error> {
        // The first is a time in which nothing is done: long enough to see what nodes do by themselves.
        sleep(if self.stretches.is_empty() { SETTLING * 10 } else { SETTLING }).await;
        let cpu = self.meter.read().server;
        let calls = match &mut self.monitor {
            Some(monitor) => monitor.read().await?,
            None => Calls::default(),
        };
        self.stretches.push(Stretch { name, limit, times, time: self.began.elapsed(), calls, cpu });
        Ok(())
    }

    /// Adds a line or two for each.
    pub fn report(&self, metrics: &mut Metrics) {
        let Some((idle, stretches)) = self.stretches.split_first() else { return };
        let per_second = |count: usize| count as f64 / idle.time.as_secs_f64();
        if self.monitor.is_some() {
            metrics.add("lease calls of two nodes", per_second(idle.calls.leases), "/s");
            metrics.add("other calls while nothing is done", per_second(idle.calls.round_trips), "/s");
        } else {
            metrics.add(
                "CPU of Redis while nothing is done",
                idle.cpu.as_secs_f64() / idle.time.as_secs_f64() * 100.0,
                "%",
            );
        }
        for stretch in stretches {
            self.line(stretch, idle, metrics);
        }
    }

    fn line(&self, stretch: &Stretch, idle: &Stretch, metrics: &mut Metrics) {
        let share = stretch.time.as_secs_f64() / idle.time.as_secs_f64();
        let each = |all: f64, idle: f64| (all - idle * share).max(0.0) / stretch.times as f64;
        let Stretch { name, limit, .. } = stretch;
        if self.monitor.is_none() {
            let cpu = each(stretch.cpu.as_secs_f64(), idle.cpu.as_secs_f64()) * 1e6;
            return metrics.add(format!("{name}: CPU of Redis"), cpu, "µs");
        }
        let trips = each(stretch.calls.round_trips as f64, idle.calls.round_trips as f64);
        metrics.add_target(format!("{name}: round trips"), trips, "", *limit as f64 + ACKNOWLEDGED);
        metrics.add(
            format!("{name}: commands in scripts"),
            each(stretch.calls.inner as f64, idle.calls.inner as f64),
            "",
        );
    }
}
