//! Load of a process, from `/proc` (proc(5)): processor time in nanoseconds from the scheduler's own account of each
//! thread, resident memory from `status`.

use std::fs;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::error::{Error, within};
use crate::machine::kibibytes;

/// Time that a server may take to come to rest.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A server rests whose threads all sleep and have hardly run since the last look, twice in a row.
const LOOK: Duration = Duration::from_millis(20);
const RESTING: Duration = Duration::from_micros(500);

/// Processor time of a server and of the generator between two moments.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub wall: Duration,
    pub server: Duration,
    pub generator: Duration,
    /// Time for which the server was ready to run but its core was taken.
    pub waited: Duration,
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

    /// Percent of the time that others kept the server from running.
    pub fn waited_percent(&self) -> f64 {
        100.0 * self.waited.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each of so many.
    pub fn server_micros_per(&self, count: usize) -> f64 {
        self.server.as_secs_f64() * 1e6 / count.max(1) as f64
    }

    /// Rate per second of `count` operations.
    pub fn rate(&self, count: usize) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }
}

/// A beginning.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    pid: u32,
    began: Instant,
    server: Time,
    generator: Time,
}

/// Times that the scheduler reports for the live threads of a process.
#[derive(Debug, Default, Clone, Copy)]
struct Time {
    ran: Duration,
    waited: Duration,
}

impl Meter {
    /// Begins to measure a server.
    pub fn start(pid: u32) -> Self {
        Self { pid, server: Time::of(pid), generator: Time::of(std::process::id()), began: Instant::now() }
    }

    /// Returns the load until now.
    pub fn read(&self) -> Load {
        let (server, generator) = (Time::of(self.pid), Time::of(std::process::id()));
        Load {
            wall: self.began.elapsed(),
            server: server.ran.saturating_sub(self.server.ran),
            generator: generator.ran.saturating_sub(self.generator.ran),
            waited: server.waited.saturating_sub(self.server.waited),
        }
    }
}

impl Time {
    fn of(pid: u32) -> Self {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let accounts = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
        accounts
            .map(|text| Self::read(&text))
            .fold(Self::default(), |sum, time| Self { ran: sum.ran + time.ran, waited: sum.waited + time.waited })
    }

    /// The first two numbers of `schedstat`: nanoseconds on a processor, and waiting for one.
    fn read(schedstat: &str) -> Self {
        let mut numbers = schedstat.split(' ').map(|number| Duration::from_nanos(number.parse().unwrap_or(0)));
        Self { ran: numbers.next().unwrap_or_default(), waited: numbers.next().unwrap_or_default() }
    }
}

/// Waits until a server has nothing to do.
///
/// # Errors
/// When it does not come to rest.
pub async fn quiet(pid: u32) -> Result<(), Error> {
    within(TIMEOUT, "the server's coming to rest", async {
        let (mut before, mut rests) = (Time::of(pid).ran, 0);
        while rests < 2 {
            sleep(LOOK).await;
            let now = Time::of(pid).ran;
            // One whose core was taken by others hardly runs either.
            rests = if now.saturating_sub(before) < RESTING && sleeps(pid) { rests + 1 } else { 0 };
            before = now;
        }
        Ok(())
    })
    .await
}

/// Whether no thread of a process runs or would like to.
fn sleeps(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let states = threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    states.map(|text| state(&text)).all(|state| state == Some('S'))
}

/// The state in a `stat` file: behind the name, which may hold anything.
fn state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
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
        // Other threads of the process count as well, so that less may have passed than was used.
        assert!(load.wall > Duration::ZERO);
        assert!(load.server_percent() > 0.0);
        assert!(resident(std::process::id()) > 100.0);
    }

    #[test]
    fn a_thread_that_runs_does_not_sleep() {
        assert!(!sleeps(std::process::id()));
        assert_eq!(state("7 (a) b) S 1 7 7 0"), Some('S'));
        assert_eq!(state(""), None);
    }

    #[test]
    fn costs_are_shared_out() {
        let second = Duration::from_secs(1);
        let load = Load { wall: second * 2, server: second, generator: second / 2, waited: second / 4 };
        assert_eq!(load.server_percent(), 50.0);
        assert_eq!(load.generator_percent(), 25.0);
        assert_eq!(load.waited_percent(), 12.5);
        assert_eq!(load.server_micros_per(1000), 1000.0);
        assert_eq!(load.rate(1000), 500.0);
    }
}
