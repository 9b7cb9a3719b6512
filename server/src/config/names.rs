//! Names of settings at the places where they were given, for messages about what they lead to.

use std::collections::BTreeMap;

use super::given::Given;

/// Names of the settings that were given; the flags for all others.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: BTreeMap<String, String>,
    secret_files: BTreeMap<String, String>,
}

impl Names {
    /// Takes the names of everything that was given.
    pub fn new(given: &[Given]) -> Self {
        let secret_file = |given: &Given| Some((given.id.clone(), given.secret_file()?.to_owned()));
        Self {
            names: given.iter().map(|given| (given.id.clone(), given.name())).collect(),
            secret_files: given.iter().filter_map(secret_file).collect(),
        }
    }

    /// Returns the name of a setting by its id.
    pub fn of(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| format!("--{}", id.replace('_', "-")))
    }

    /// Returns the value of a setting that was given as `file:PATH` of a secret.
    pub fn secret_file(&self, id: &str) -> Option<&str> {
        self.secret_files.get(id).map(String::as_str)
    }
}
