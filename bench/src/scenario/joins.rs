//! Members connect, upgrade and join calls of two, 32 rooms at a time, and stay.

use crate::error::Error;
use crate::load_clients::{LoadClients, Seating, Tokens};
use crate::metric::Metrics;
use crate::process::{Load, Meter};
use crate::scenario::Harness;
use crate::statistics::median;

const MEMBERS: usize = 5000;

/// Every round has a new server; the figures are medians.
pub async fn run(harness: &Harness) -> Result<Metrics, Error> {
    let mut metrics = Metrics::default();
    let members = harness.client_count(harness.pick(MEMBERS, MEMBERS / 2), &mut metrics);
    let mut rounds = Vec::new();
    for _ in 0..harness.pick(5, 3) {
        rounds.push(lone(harness, &[], members, &Tokens::default()).await?);
    }
    let middle = |value: &dyn Fn(&Load) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    metrics.heed(&rounds);
    metrics.add("joins", middle(&|load| load.rate(members)), "/s");
    metrics.add("server CPU per join", middle(&|load| load.server_micros_per(members)), "µs");
    metrics.add("server CPU", middle(&Load::server_percent), "%");
    metrics.add("generator CPU", middle(&Load::generator_percent), "%");
    Ok(metrics)
}

/// Measures the joins of `members` to a server of their own that stands alone, with these flags and tokens.
pub(super) async fn lone(harness: &Harness, flags: &[&str], members: usize, tokens: &Tokens) -> Result<Load, Error> {
    let server = harness.serve(flags).await?;
    let mut clients = LoadClients::new(server.address, Seating::Pairs).with_tokens(Tokens::clone(tokens));
    let meter = Meter::start(server.pid);
    clients.grow(members).await?;
    let load = meter.read();
    clients.is_whole()?;
    clients.vanish().await;
    server.stop().await?;
    Ok(load)
}
