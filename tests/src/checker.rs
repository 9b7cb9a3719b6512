//! Holds a log of operations against what must be true whatever breaks.
//!
//! Pure: the log is made by a test with random faults, or by hand to see that each rule can fail. A rule demands only
//! what is certain: an operation without an answer may have happened or not, and whoever was on a node that died,
//! stood still or was cut off may have been taken for dead.

mod delivery;
mod lists;
mod log;
mod playlists;
mod rooms;
mod stays;

#[cfg(test)]
mod tests;

pub use log::{Entry, Fault, Joined, Log, What};

/// Everything in the log that must not be, in sentences.
#[must_use]
pub fn violations(log: &Log) -> Vec<String> {
    let rules: [fn(&Log) -> Vec<String>; 13] = [
        rooms::one_creator,
        rooms::kicked_is_out,
        delivery::numbers_rise,
        delivery::once_and_in_order,
        delivery::nothing_lost,
        lists::capacity,
        lists::owner_is_first,
        lists::dead_are_gone,
        lists::nobody_leaves,
        lists::all_agree,
        playlists::numbers_mean_the_same,
        playlists::all_named_is_there,
        playlists::all_list_the_same,
    ];
    rules.iter().flat_map(|rule| rule(log)).collect()
}
