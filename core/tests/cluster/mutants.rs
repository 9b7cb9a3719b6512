//! Tests of the judge: each rule of the design, broken on purpose, must make it fail.
//!
//! `make cluster-mutants` runs them: they need the feature `mutants`, with which one rule can be switched off.

use roomcast_core::cluster::{ClusterSettings, Mutation};

use crate::scenarios::first_broken;
use crate::survey::survey;

/// Cases after which a mutant counts as not noticed.
const CASES: u32 = 3000;

/// Rules whose loss neither the cases in `found` nor 3,000 random ones notice, since other rules stand behind them.
const UNNOTICED: &[(Mutation, &str)] = &[(
    Mutation::PartialWrite,
    "an owner that learns of another era asserts and writes whole by itself, and what comes late of a former era has a \
     lower number: what is left is an owner whose `begin` fails for a whole settling while its `lease` does not, and \
     that dies before it is answered. The tests of the directory hold the rule itself",
)];

#[test]
fn the_judge_notices_each_broken_rule() {
    let mut unnoticed = Vec::new();
    for mutation in Mutation::ALL {
        if UNNOTICED.iter().any(|(known, _)| known == mutation) {
            continue;
        }
        let settings = ClusterSettings { broken: Some(*mutation), ..crate::settings() };
        if let Some(scenario) = first_broken(settings) {
            println!("{mutation:?}: {scenario}");
            continue;
        }
        let found = survey(settings, 1, CASES, 1, 0);
        let rules: Vec<&String> = found.rules.keys().collect();
        println!("{mutation:?}: {} after {} cases: {rules:?}", found.failed, found.cases);
        if found.failed == 0 {
            unnoticed.push(*mutation);
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}

/// The rule that `ROOMCAST_TEST_BREAK` names.
pub fn named() -> Option<Mutation> {
    let name = std::env::var("ROOMCAST_TEST_BREAK").ok()?;
    Mutation::ALL.iter().copied().find(|mutation| format!("{mutation:?}") == name)
}

/// Surveys the breaking of one rule; the first case that notices is shrunk.
#[test]
fn survey_of_one_broken_rule() {
    let Some(broken) = named() else { return };
    let cases = std::env::var("ROOMCAST_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let found = survey(ClusterSettings { broken: Some(broken), ..crate::settings() }, 1, cases, u32::MAX, 2000);
    println!("{broken:?}: {} of {cases} notice", found.failed);
    found.rules.iter().for_each(|(rule, (count, first))| println!("{count:6} {rule}\n       {first}"));
    found.first.into_iter().for_each(|plan| println!("{}", serde_json::to_string(&plan).unwrap()));
}
