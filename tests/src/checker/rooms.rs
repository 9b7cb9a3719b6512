//! Rooms are created once, and who was kicked is out.

use std::collections::BTreeMap;

use super::log::{Log, What};
use super::stays::{Stay, stays};

/// Whether a room began with this.
fn created(stay: &&Stay) -> bool {
    stay.joined.creating && !stay.joined.resumed
}

/// A room that certainly had a member all the time was not created in that time, nor by two at once.
pub fn one_creator(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let mut wrong = Vec::new();
    for creation in stays.iter().filter(created) {
        for member in stays.iter().filter(|stay| stay.room == creation.room && stay.session != creation.session) {
            let was_in = member.from <= creation.joined.asked && member.to >= creation.from;
            // Whichever of two creators was first, was in when the other created.
            let both = created(&member)
                && member.connection < creation.connection
                && member.from.max(creation.from) <= member.to.min(creation.to);
            if was_in || both {
                wrong.push(format!(
                    "room {} was created by {} at {:?} while {} was in since {:?}",
                    creation.room, creation.session, creation.from, member.session, member.from
                ));
            }
        }
    }
    wrong
}

/// Nobody who was told of a kick joins within its time, which began when it was asked for or later: the news of it may
/// have been long on its way. A room that all have left and that was created anew knows nothing of earlier kicks.
pub fn kicked_is_out(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let mut asked = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in &log.entries {
        match &entry.what {
            What::KickAsked(session) => _ = asked.entry(session).or_insert(entry.at),
            What::Kicked(session) => {
                let Some(began) = asked.remove(session) else { continue };
                let anew = |stay: &Stay| {
                    let between = |other: &&Stay| other.joined.asked > entry.at && other.from <= stay.from;
                    stays.iter().filter(created).filter(between).any(|other| other.room == stay.room)
                };
                let back = |stay: &&Stay| {
                    let early = stay.joined.asked > entry.at && stay.from < began + log.kick;
                    stay.session == session && early && !anew(stay)
                };
                wrong.extend(
                    stays
                        .iter()
                        .filter(back)
                        .map(|stay| format!("{session}, kicked at {:?}, is in again at {:?}", entry.at, stay.from)),
                );
            }
            _ => {}
        }
    }
    wrong
}
