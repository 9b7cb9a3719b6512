//! Several nodes and a Redis in one process and in virtual time: the judge of the cluster's rules.
//!
//! Random clients and faults run over the pure parts; the checker holds what the clients saw against the invariants.
//! `ROOMCAST_TEST_CASES` sets the number of cases (`make cluster-judge` runs many).

#![expect(clippy::unwrap_used, reason = "a test may")]

mod client;
mod command;
#[cfg(feature = "mutants")]
mod mutants;
mod node;
mod plan;
mod redis;
mod rng;
mod scenarios;
mod survey;
mod token;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};
use roomcast_core::cluster::ClusterSettings;
use roomcast_core::cluster::settings::BacklogBounds;

/// Random cases of an ordinary run.
const CASES: u32 = 1500;

/// The settings of all cases: a kick that ends within a case, backlogs that hold what is said in a burst, and edges
/// that keep less.
fn settings() -> ClusterSettings {
    let kick_duration = std::time::Duration::from_secs(15);
    let backlog = BacklogBounds { signals: 512, bytes: 256 * 1024 };
    ClusterSettings { kick_duration, backlog, max_unseen: 256, ..ClusterSettings::default() }
}

fn config() -> Config {
    let cases = std::env::var("ROOMCAST_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let file = FileFailurePersistence::Direct("tests/cluster/regressions.txt");
    let failure_persistence = Some(Box::new(file) as Box<_>);
    // The same cases each time: the long form looks for new ones.
    let seed = std::env::var("ROOMCAST_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    Config { cases, failure_persistence, rng_seed: RngSeed::Fixed(seed), max_shrink_iters: 2000, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_breaks_the_invariants_hold(plan in plan::plans()) {
        let log = world::run(settings(), &plan);
        let wrong = roomcast_checker::violations(&log);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
