//! Holds a log of what clients saw against what must be true whatever breaks.
//!
//! Pure, and without any knowledge of what made the log: virtual nodes (`core/tests/cluster`) or real processes
//! (`tests/tests/cluster_random`). A rule demands only what is certain: whoever was on a node that failed may have been
//! taken for dead, and what had no answer may have happened or not.

mod access;
mod agreement;
mod delivery;
mod lists;
mod log;
mod losses;
mod members;
mod playlists;
mod presence;
mod returning;
mod stays;
#[cfg(test)]
mod tests;

pub use log::{Event, Fault, Kind, Log, Outcome};

/// A rule: everything in the log that breaks it, in sentences.
type Rule = fn(&Log) -> Vec<String>;

/// The rules by name.
const RULES: &[(&str, Rule)] = &[
    ("one creator", members::one_creator),
    ("kicked is out", members::kicked_is_out),
    ("revoked is out", access::revoked_is_out),
    ("nobody is closed for a good token", access::good_tokens_hold),
    ("who may not publish does not", access::only_publishers_publish),
    ("nobody is removed for a failure of Redis", members::nobody_removed),
    ("nothing waits for ever", members::nothing_waits),
    ("nothing is left behind", members::nothing_left),
    ("the left are soon off the lists", agreement::left_are_off),
    ("the lost are soon off the lists", agreement::lost_are_off),
    ("one connection of a session", agreement::one_connection),
    ("all agree soon", agreement::agree_soon),
    ("refused at once", returning::refused_at_once),
    ("back in time", returning::resumes_in_time),
    ("capacity", lists::capacity),
    ("lists never run back", lists::never_back),
    ("oldest publisher first", lists::oldest_first),
    ("the owner is first", lists::owner_is_first),
    ("all agree", lists::all_agree),
    ("the gone are in no list", lists::gone_are_gone),
    ("members are in all lists", presence::nobody_vanishes),
    ("sequence numbers rise", delivery::numbers_rise),
    ("in order and once", delivery::in_order_and_once),
    ("numbered signals arrive", losses::numbered_arrive),
    ("senders are held back", losses::held_back),
    ("unnumbered signals arrive", losses::unnumbered_arrive),
    ("numbered signals are confirmed", losses::confirmed),
    ("a segment has one name", playlists::numbers_mean_the_same),
    ("what is listed is there", playlists::all_named_is_there),
    ("all list the same media", playlists::all_list_the_same),
];

/// Everything in the log that must not be: each violation begins with the name of its rule and a colon.
#[must_use]
pub fn violations(log: &Log) -> Vec<String> {
    let found = RULES.iter().flat_map(|(name, rule)| rule(log).into_iter().map(move |text| format!("{name}: {text}")));
    found.collect()
}
