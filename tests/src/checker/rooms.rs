//! Rooms are created once, and who was kicked is out.

use super::log::{Log, What};
use super::stays::{Stay, stays};

/// A room that certainly had a member all the time was not created in that time, nor by two at once.
pub fn one_creator(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let created = |stay: &&Stay| stay.joined.creating && !stay.joined.resumed;
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

/// Nobody joins within the time of a kick that was heard of.
pub fn kicked_is_out(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    for entry in &log.entries {
        let What::Kicked(session) = &entry.what else { continue };
        for stay in stays(log).iter().filter(|stay| stay.session == session) {
            // The clocks of two nodes may differ by a little.
            if stay.joined.asked > entry.at && stay.from + std::time::Duration::from_millis(300) < entry.at + log.kick {
                wrong.push(format!("{session}, kicked at {:?}, is in again at {:?}", entry.at, stay.from));
            }
        }
    }
    wrong
}
