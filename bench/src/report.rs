//! The report: what was measured, where, when and with which versions; as a table, as JSON and as a plot.

mod plot;
mod table;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

use crate::error::{Error, attempt};
use crate::machine::{Cores, Machine};
use crate::metric::Metrics;
use crate::process::output;
use crate::scenario::Scenario;

pub use table::table;

/// One scenario.
#[derive(Debug, Serialize)]
pub struct Entry {
    pub name: &'static str,
    pub question: &'static str,
    pub seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// Versions of the measured programs, and of the generator.
#[derive(Debug, Serialize)]
pub struct Versions {
    pub server: String,
    pub generator: &'static str,
    /// Empty outside a git checkout.
    pub commit: String,
    pub echo: bool,
    /// Version that nginx reports; empty where there is none.
    pub nginx: String,
    /// Version that Redis reports; empty where there is none.
    pub redis: String,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub date: String,
    pub quick: bool,
    pub machine: Machine,
    pub cores: Cores,
    pub versions: Versions,
    pub scenarios: Vec<Entry>,
}

impl Entry {
    /// A scenario that took so long and ended so.
    pub fn new(scenario: Scenario, time: Duration, result: Result<Metrics, Error>) -> Self {
        let (metrics, error) = match result {
            Ok(metrics) => (metrics, None),
            Err(error) => (Metrics::default(), Some(error.to_string())),
        };
        Self { name: scenario.name(), question: scenario.question(), seconds: time.as_secs_f64(), error, metrics }
    }
}

impl Versions {
    /// Asks the programs, and git.
    pub fn ask(server: &Path, echo: bool, nginx: Option<&Path>, redis: Option<&Path>) -> Self {
        let git = Command::new("git").args(["describe", "--always", "--dirty"]).output();
        let commit = git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        let nginx = nginx.map(|nginx| output(nginx, &["-v"])).unwrap_or_default();
        let redis = redis.map(|redis| output(redis, &["--version"])).unwrap_or_default();
        Self {
            server: output(server, &["--version"]),
            generator: env!("CARGO_PKG_VERSION"),
            commit,
            echo,
            nginx,
            redis,
        }
    }
}

impl Report {
    /// Nothing measured yet.
    pub fn new(machine: Machine, cores: Cores, versions: Versions, quick: bool) -> Self {
        let date = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { date, quick, machine, cores, versions, scenarios: Vec::new() }
    }

    /// Says what about this machine spoils the figures.
    pub fn warn(&self) {
        if self.cores.shared() {
            eprintln!("there is one core: server and generator share it, and every figure is worse for it");
        }
        if self.machine.is_busy() {
            eprintln!("the machine is busy (load {}): figures are worse than the server", self.machine.load_before);
        }
    }

    /// Writes `report.json` and `report.svg` into a folder that git ignores.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let json = serde_json::to_string_pretty(self).expect("a report serialises");
        attempt("make the folder of the report", fs::create_dir_all(folder))?;
        attempt("write the report", fs::write(folder.join(".gitignore"), "*\n"))?;
        attempt("write the report", fs::write(folder.join("report.json"), json + "\n"))?;
        attempt("write the plot", fs::write(folder.join("report.svg"), plot::svg(self)))
    }
}
