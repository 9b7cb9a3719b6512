//! Playlists: the same on all nodes, and of nothing that is not there.

use std::collections::BTreeMap;

use crate::log::{Event, Log};

/// A segment has one name under one number, whichever node lists it and whenever.
pub fn numbers_mean_the_same(log: &Log) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        let Event::Listed { playlist, number, name } = event else { continue };
        let first = known.entry((playlist, number)).or_insert(name);
        if *first != name {
            wrong.push(format!("segment {number} of {playlist} is {first}, and {name} at {at}"));
        }
    }
    wrong
}

/// No playlist names what cannot be fetched.
pub fn all_named_is_there(log: &Log) -> Vec<String> {
    let missing = log.events.iter().filter_map(|(at, event)| match event {
        Event::Unfetchable { name } => Some(format!("{name} is listed and cannot be fetched at {at}")),
        _ => None,
    });
    missing.collect()
}

/// At the end all nodes have the same playlist.
pub fn all_list_the_same(log: &Log) -> Vec<String> {
    let lists = log.events.iter().filter_map(|(_, event)| match event {
        Event::Playlist { node, text } => Some((*node, text)),
        _ => None,
    });
    let lists: Vec<_> = lists.collect();
    let Some((first, known)) = lists.first() else { return Vec::new() };
    let others = lists.iter().filter(|(_, list)| list != known);
    others.map(|(node, list)| format!("node {first} lists\n{known}\nand node {node}\n{list}")).collect()
}
