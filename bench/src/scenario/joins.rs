//! Members connect, upgrade and join calls of two, 32 rooms at a time, and stay.

use crate::crowd::{Crowd, Seating, Tokens};
use crate::error::Error;
use crate::finding::Findings;
use crate::process::{Load, Meter};
use crate::scenario::Lab;
use crate::statistics::median;

const MEMBERS: usize = 5000;

/// Every round has a new server; the figures are medians.
pub async fn run(lab: &Lab) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let members = lab.crowd(lab.pick(MEMBERS, MEMBERS / 2), &mut findings);
    let mut rounds = Vec::new();
    for _ in 0..lab.pick(5, 3) {
        rounds.push(lone(lab, &[], members, &Tokens::default()).await?);
    }
    let middle = |value: &dyn Fn(&Load) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    findings.heed(&rounds);
    findings.add("joins", middle(&|load| load.rate(members)), "/s");
    findings.add("server CPU per join", middle(&|load| load.server_micros_per(members)), "µs");
    findings.add("server CPU", middle(&Load::server_percent), "%");
    findings.add("generator CPU", middle(&Load::generator_percent), "%");
    Ok(findings)
}

/// Measures the joins of `members` to a server of their own that stands alone, with these flags and tokens.
pub(super) async fn lone(lab: &Lab, flags: &[&str], members: usize, tokens: &Tokens) -> Result<Load, Error> {
    let server = lab.serve(flags).await?;
    let mut crowd = Crowd::new(server.address, Seating::Pairs).with_tokens(Tokens::clone(tokens));
    let meter = Meter::start(server.pid);
    crowd.grow(members).await?;
    let load = meter.read();
    crowd.is_whole()?;
    crowd.vanish().await;
    server.stop().await?;
    Ok(load)
}
