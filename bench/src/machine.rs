//! The machine: what it is, which core belongs to whom, and how many connections it lets us have.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

use crate::error::{Error, attempt};

/// Files that are open besides connections.
const SPARE_FILES: u64 = 200;

/// The machine on which the figures were measured.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_mib: u64,
    pub kernel: String,
    /// Processes that wanted to run in the minute before: over half the cores, figures are not to be trusted.
    pub load_before: f64,
    pub open_files: u64,
}

/// The cores of the server and of the generator; the same one where there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cores {
    pub server: usize,
    pub generator: usize,
}

impl Machine {
    /// Looks at this machine.
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        Self {
            processor: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            cores: cpuinfo.lines().filter(|line| line.starts_with("processor")).count(),
            memory_mib: kibibytes(&read("/proc/meminfo"), "MemTotal").unwrap_or(0) / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            open_files: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        }
    }

    /// Whether somebody else used the machine.
    pub fn is_busy(&self) -> bool {
        self.load_before > self.cores as f64 / 2.0
    }

    /// Connections that the limit on open files lets one process have.
    pub fn connections(&self) -> usize {
        usize::try_from(self.open_files.saturating_sub(SPARE_FILES)).unwrap_or(usize::MAX)
    }
}

/// The rest of the line of a `/proc` file that begins with a name.
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// A number of kibibytes in a `/proc` file.
pub fn kibibytes(text: &str, name: &str) -> Option<u64> {
    field(text, name)?.split(' ').next()?.parse().ok()
}

/// Raises the limit on open files as far as the system permits; the server inherits it.
///
/// # Errors
/// When the system refuses its own maximum.
pub fn raise_open_files() -> Result<(), Error> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    attempt("raise the limit on open files", setrlimit(Resource::Nofile, raised).map_err(Into::into))
}

impl Cores {
    /// The first two cores that this process may use.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn choose() -> Result<Self, Error> {
        let set = attempt("ask for the cores", sched_getaffinity(None).map_err(Into::into))?;
        let mut free = (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core));
        let server = free.next().unwrap_or(0);
        Ok(Self { server, generator: free.next().unwrap_or(server) })
    }

    /// Whether server and generator disturb each other.
    pub fn shared(self) -> bool {
        self.server == self.generator
    }
}

/// Keeps this thread, and what it starts from now on, on one core.
///
/// # Errors
/// When the system refuses.
pub fn pin(core: usize) -> Result<(), Error> {
    let mut set = CpuSet::new();
    set.set(core);
    attempt("pin to a core", sched_setaffinity(None, &set).map_err(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_files_are_found() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\nVmRSS:\t   12345 kB\n";
        assert_eq!(field(text, "model name"), Some("AMD EPYC"));
        assert_eq!(kibibytes(text, "VmRSS"), Some(12_345));
        assert_eq!(kibibytes(text, "VmHWM"), None);
    }
}
