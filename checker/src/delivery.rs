//! Rules about what arrives: in order, and once.

use std::collections::BTreeMap;

use crate::log::{Event, Log, Outcome};

/// By then an owner whose node was apart has ended, or goes on.
const CLEARED: u64 = 12_000;

/// Sequence numbers of a session never run back nor come twice.
pub fn numbers_rise(log: &Log) -> Vec<String> {
    let mut highest: BTreeMap<usize, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        match event {
            // A client that does not say what it has may get the same again on another connection.
            Event::Joined { client, .. } if !log.clients[*client].confirms => _ = highest.remove(client),
            Event::Ended { client, outcome } if forgets(log, *client, *outcome) => _ = highest.remove(client),
            Event::Got { to, sq, .. } | Event::Numbered { to, sq } => {
                let before = highest.insert(*to, *sq).filter(|before| before >= sq);
                wrong.extend(before.map(|before| format!("{to} got number {sq} behind {before} at {at}")));
            }
            _ => {}
        }
    }
    wrong
}

/// Whether a client knows no number any more when its membership ends so.
fn forgets(log: &Log, client: usize, outcome: Outcome) -> bool {
    !log.clients[client].remembers && !matches!(outcome, Outcome::Lost | Outcome::Unknown)
}

/// Signals of a pair come in order, and none twice but for what [`Heard::may_repeat`] says.
///
/// A sender without numbers that goes on over another node, while the one before cannot reach Redis, may be overtaken
/// by itself: what that node has accepted comes late rather than never. Therefore its order is that of one connection.
pub fn in_order_and_once(log: &Log) -> Vec<String> {
    let mut now = vec![Heard::default(); log.clients.len()];
    let (mut sent, mut got, mut newest) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        match event {
            Event::Joined { client, .. } => now[*client].connection += 1,
            Event::Ended { client, outcome } if forgets(log, *client, *outcome) => now[*client].memory += 1,
            Event::Sent { from, id, .. } => _ = sent.insert(*id, now[*from].connection),
            Event::Got { to, from, id, .. } => {
                let heard = Heard { at: *at, ..now[*to] };
                if let Some(before) = got.insert((*to, *id), heard) {
                    if !before.may_repeat(log, (*from, *to), heard) {
                        wrong.push(format!("{to} got {id} of {from} twice, again at {at}"));
                    }
                    continue;
                }
                let over = (!log.clients[*from].numbers).then(|| sent.get(id).copied().unwrap_or_default());
                let Some((before, then)) = newest.insert((*from, over, *to), (*id, heard)) else { continue };
                // Signals that an owner refused are said again with the rest to the next one, which may take it.
                let again = over.is_none() && then.may_repeat(log, (*from, *to), heard);
                if before > *id && !again {
                    wrong.push(format!("{to} got {id} of {from} behind {before} at {at}"));
                }
            }
            _ => {}
        }
    }
    wrong
}

/// A hearing of a client: when and on which connection it heard something, and how often it had forgotten what it
/// heard.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    at: u64,
    connection: u32,
    memory: u32,
}

impl Heard {
    /// Whether a recipient may get a signal again on another connection: it does not say what it had, or an owner may
    /// have ended since that knew what it had; and one of the two does not number.
    fn may_repeat(self, log: &Log, (from, to): (usize, usize), again: Self) -> bool {
        let (sender, recipient) = (log.clients[from], log.clients[to]);
        let forgot = !recipient.confirms || self.memory != again.memory;
        let failed = || log.is_any_unsound(self.at.saturating_sub(CLEARED), again.at);
        self.connection != again.connection && !(sender.numbers && recipient.numbers) && (forgot || failed())
    }
}
