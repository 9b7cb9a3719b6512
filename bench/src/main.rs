//! The load generator `roomcast-bench`: starts a release build of the server on one core, loads it from another, and
//! reports what it cost. `docs/benchmarks.md` says what is measured and what the figures mean.

mod error;
mod http;
mod live;
mod load_clients;
mod machine;
mod metric;
mod nodes;
mod process;
mod redis;
mod report;
mod scenario;
mod signal;
mod statistics;
mod token;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use error::{Error, attempt};
use live::Form;
use machine::{Cores, Machine};
use process::{built, installed, output};
use report::{Entry, Report, Versions};
use scenario::{Harness, Scenario};

/// Measures a Roomcast server.
#[derive(Debug, Parser)]
#[command(name = "roomcast-bench", version, about)]
struct Cli {
    /// Scenarios to measure; everything when left out.
    scenarios: Vec<Scenario>,
    /// Shorter measurements, for a first look.
    #[arg(long)]
    quick: bool,
    /// The folder for `report.json` and `report.svg`.
    #[arg(long, default_value = "bench-output", value_name = "DIR")]
    out: PathBuf,
    /// The server; built beside this program when left out.
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// The echo that the relay is compared with; built beside this program when left out.
    #[arg(long, value_name = "FILE")]
    echo: Option<PathBuf>,
    /// The web server that files are compared with; looked for where programs are when left out.
    #[arg(long, value_name = "FILE")]
    nginx: Option<PathBuf>,
    /// The server over which several nodes meet; looked for where programs are when left out.
    #[arg(long, value_name = "FILE")]
    redis: Option<PathBuf>,
    /// Encoding of uploaded media.
    #[arg(long, value_enum, default_value_t = Form::Multipart, value_name = "FORM")]
    upload: Form,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("roomcast-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every scenario could be carried out; a target that is missed is no failure.
fn run(cli: Cli) -> Result<bool, Error> {
    let server = cli.server.clone().or_else(|| built("roomcast")).ok_or(Error::NotBuilt)?;
    let echo = cli.echo.clone().or_else(|| built("examples/echo"));
    let cores = Cores::choose()?;
    machine::raise_open_files()?;
    machine::pin(cores.generator)?;
    let machine = Machine::look();
    let help = output(&server, &["serve", "--help"]);
    let limits_rate = help.contains("--rate-limit");
    let connections = machine.connections();
    let nginx = cli.nginx.clone().or_else(|| installed("nginx"));
    let redis = cli.redis.clone().or_else(|| installed("redis-server"));
    let versions = Versions::ask(&server, echo.is_some(), nginx.as_deref(), redis.as_deref());
    let (quick, upload) = (cli.quick, cli.upload);
    let harness = Harness { server, echo, cores, quick, connections, limits_rate, upload, nginx, redis };
    let mut report = Report::new(machine, cores, versions, cli.quick);
    report.warn();
    let scenarios = if cli.scenarios.is_empty() { Scenario::value_variants() } else { &cli.scenarios };
    for scenario in scenarios {
        let entry = measure(*scenario, &harness)?;
        println!("{}", report::table(&entry));
        report.scenarios.push(entry);
    }
    report.write(&cli.out)?;
    println!("{} and report.svg hold all figures", cli.out.join("report.json").display());
    Ok(report.scenarios.iter().all(|entry| entry.error.is_none()))
}

/// Every scenario has a runtime of its own: nothing of one is left when the next begins.
fn measure(scenario: Scenario, harness: &Harness) -> Result<Entry, Error> {
    eprintln!("{}: {}", scenario.name(), scenario.question());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = attempt("start the runtime", runtime)?;
    let began = Instant::now();
    let result = runtime.block_on(async {
        // Stopping the generator stops the server: it is killed when the scenario is dropped.
        tokio::select! {
            result = scenario.run(harness) => Ok(result),
            stopped = stop_signal() => Err(stopped),
        }
    })?;
    Ok(Entry::new(scenario, began.elapsed(), result))
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> Error {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            Error::Stopped
        }
        (Err(source), _) | (_, Err(source)) => Error::System { what: "wait for signals", source },
    }
}
