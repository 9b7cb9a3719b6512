//! Playlists: the same on all nodes, and of nothing that is not there.

use std::collections::BTreeMap;

use super::log::{Log, What};

/// A segment has one name under one number, whichever node lists it and whenever.
pub fn numbers_mean_the_same(log: &Log) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in &log.entries {
        let What::Listed(playlist, number, name) = &entry.what else { continue };
        let first = known.entry((playlist, number)).or_insert(name);
        if *first != name {
            wrong.push(format!("segment {number} of {playlist} is {first}, and {name} at {:?}", entry.at));
        }
    }
    wrong
}

/// No playlist names what cannot be fetched.
pub fn all_named_is_there(log: &Log) -> Vec<String> {
    let missing = log.entries.iter().filter_map(|entry| match &entry.what {
        What::Unfetchable(name) => Some(format!("{name} is listed and cannot be fetched at {:?}", entry.at)),
        _ => None,
    });
    missing.collect()
}

/// At the end all nodes have the same playlist.
pub fn all_list_the_same(log: &Log) -> Vec<String> {
    let lists = log.entries.iter().filter_map(|entry| match &entry.what {
        What::Playlist(node, list) => Some((*node, list)),
        _ => None,
    });
    let lists: Vec<_> = lists.collect();
    let Some((first, known)) = lists.first() else { return Vec::new() };
    let others = lists.iter().filter(|(_, list)| list != known);
    others.map(|(node, list)| format!("node {first} lists\n{known}\nand node {node}\n{list}")).collect()
}
