//! Many cases: how many break which rule, and how fast they run. The first failing one is shrunk.

use std::collections::BTreeMap;
use std::time::Instant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use roomcast_core::cluster::ClusterSettings;

use crate::plan::{Plan, plans};
use crate::world;

/// Attempts to shrink a case at most.
const SHRINKS: u32 = 2000;

/// Result of a survey.
#[derive(Debug, Default)]
pub struct Survey {
    /// The cases that were run.
    pub cases: u32,
    /// The cases with a violation.
    pub failed: u32,
    /// The violations by rule, with the first of each.
    pub rules: BTreeMap<String, (u32, String)>,
    /// The first case with a violation, shrunk.
    pub first: Option<Plan>,
}

/// A source of plans: the same seed gives the same plans.
fn runner(seed: u64) -> TestRunner {
    let bytes: Vec<u8> = seed.to_le_bytes().into_iter().cycle().take(32).collect();
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Returns the violations in a run of a plan; of one rule only, if it is named.
fn broken(settings: ClusterSettings, plan: &Plan, rule: Option<&str>) -> Vec<String> {
    let mut wrong = roomcast_checker::violations(&world::run(settings, plan));
    wrong.retain(|text| rule.is_none_or(|rule| text.starts_with(rule)));
    wrong
}

/// The simplest plan behind a failing one that still breaks the same rule.
fn shrink(settings: ClusterSettings, shrinks: u32, rule: &str, mut tree: impl ValueTree<Value = Plan>) -> Plan {
    let mut simplest = tree.current();
    let mut goes_on = tree.simplify();
    for _ in 0..shrinks {
        if !goes_on {
            break;
        }
        let plan = tree.current();
        goes_on = if broken(settings, &plan, Some(rule)).is_empty() {
            tree.complicate()
        } else {
            simplest = plan;
            tree.simplify()
        };
    }
    simplest
}

fn rule_of(text: &str) -> String {
    text.split(':').next().unwrap_or_default().to_owned()
}

/// Runs cases until `enough` of them failed.
pub fn survey(settings: ClusterSettings, seed: u64, cases: u32, enough: u32, shrinks: u32) -> Survey {
    let mut runner = runner(seed);
    let mut found = Survey::default();
    let rule = std::env::var("ROOMCAST_TEST_RULE").ok();
    while found.cases < cases && found.failed < enough {
        let tree = plans().new_tree(&mut runner).unwrap();
        found.cases += 1;
        let wrong = broken(settings, &tree.current(), rule.as_deref());
        if wrong.is_empty() {
            continue;
        }
        found.failed += 1;
        let first = rule_of(&wrong[0]);
        for text in wrong {
            let rule = rule_of(&text);
            let entry = found.rules.entry(rule).or_insert((0, format!("case {}: {text}", found.cases)));
            entry.0 += 1;
        }
        found.first.get_or_insert_with(|| shrink(settings, shrinks, &first, tree));
    }
    found
}

/// The settings of a trace; with `ROOMCAST_TEST_BREAK` one rule is broken.
#[cfg(feature = "mutants")]
fn traced_settings() -> ClusterSettings {
    ClusterSettings { broken: crate::mutants::named(), ..crate::settings() }
}

#[cfg(not(feature = "mutants"))]
fn traced_settings() -> ClusterSettings {
    crate::settings()
}

/// The plan to be traced: `ROOMCAST_TEST_PLAN` is a file, `ROOMCAST_TEST_CASE` the number of a case of a survey.
fn traced() -> Option<Plan> {
    if let Ok(file) = std::env::var("ROOMCAST_TEST_PLAN") {
        return Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap());
    }
    let case: u32 = std::env::var("ROOMCAST_TEST_CASE").ok()?.parse().ok()?;
    let seed = std::env::var("ROOMCAST_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut runner = runner(seed);
    (0..case).map(|_| plans().new_tree(&mut runner).unwrap().current()).last()
}

/// Prints steps and events of one case.
#[test]
fn trace_of_one_case() {
    let Some(plan) = &traced() else { return };
    println!("seed: {}\n{:?}", plan.seed, plan.clients);
    plan.steps.iter().for_each(|step| println!("{:6} {:?}", step.wait, step.op));
    let (log, nodes) = world::inspect(traced_settings(), plan);
    println!("{nodes}");
    log.events.iter().for_each(|(at, event)| println!("{at:8} {event:?}"));
    roomcast_checker::violations(&log).iter().for_each(|text| println!("{text}"));
}

/// `ROOMCAST_TEST_SURVEY` is the number of cases: the long form, which `make cluster-judge` runs.
/// `ROOMCAST_TEST_RULE` is the rule that is looked at, all without it.
#[test]
fn survey_of_many_cases() {
    let Some(cases) = std::env::var("ROOMCAST_TEST_SURVEY").ok().and_then(|cases| cases.parse().ok()) else { return };
    let seed = std::env::var("ROOMCAST_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let began = Instant::now();
    let found = survey(crate::settings(), seed, cases, u32::MAX, SHRINKS);
    let rate = f64::from(found.cases) / began.elapsed().as_secs_f64();
    println!("{} cases of seed {seed}, {} failed, {rate:.0} cases per second", found.cases, found.failed);
    for (rule, (count, first)) in &found.rules {
        println!("{count:6} {rule}\n       {first}");
    }
    // To be kept in `found`, under the name of the rule that it broke.
    found.first.into_iter().for_each(|plan| println!("{}", serde_json::to_string(&plan).unwrap()));
    assert_eq!(found.failed, 0);
}
