//! Cases that broke the design or these parts once, as the random runs found them: one file each, named for the rule.

use std::path::Path;

use roomcast_core::cluster::ClusterSettings;

use crate::plan::Plan;
use crate::{settings, world};

/// Runs the cases; returns the first that breaks an invariant, and how.
pub fn first_broken(settings: ClusterSettings) -> Option<String> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/found");
    let mut files: Vec<_> = std::fs::read_dir(found).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "the cases are there");
    files.into_iter().find_map(|path| {
        let plan: Plan = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let wrong = roomcast_checker::violations(&world::run(settings, &plan));
        (!wrong.is_empty()).then(|| format!("{}: {}", path.file_stem().unwrap().display(), wrong.join("; ")))
    })
}

#[test]
fn cases_that_broke_a_rule_once_hold_it() {
    assert_eq!(first_broken(settings()), None);
}
