//! Names of settings at the places where they were given, for messages about what they lead to.

use std::collections::BTreeMap;

use super::given::Given;

/// Names of the settings that were given; the flags for all others.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Takes the names of everything that was given.
    pub fn new(given: &[Given]) -> Self {
        Self(given.iter().map(|given| (given.id.clone(), given.name())).collect())
    }

    /// The name of a setting by its id.
    pub fn of(&self, id: &str) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| format!("--{}", id.replace('_', "-")))
    }
}
