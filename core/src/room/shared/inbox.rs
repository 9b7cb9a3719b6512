//! Signals from other nodes, taken in the order in which they were counted.
//!
//! What is missing is asked for; until it is here, everything later for that member waits behind it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::ack::{self, Gap};
use roomcast_protocol::limits::BACKLOG_SIGNALS;
use roomcast_protocol::signal::MemberKey;

use super::MOST_STRAYS;
use super::errand::{Errand, Mark};
use crate::room::Room;
use crate::room::backlog::first_after;
use crate::room::effect::Effect;
use crate::time::Instant;

/// How long a missing signal may be on its way before it is asked for.
const LATE: Duration = Duration::from_millis(100);

impl Room {
    /// A signal from another node.
    pub(super) fn take_in(&mut self, now: Instant, key: &MemberKey, mark: Mark, text: Arc<str>, out: &mut Vec<Effect>) {
        let remote = self.members.get_mut(key).and_then(|member| member.remote.as_mut());
        let Some(remote) = remote.filter(|remote| remote.birth >= mark.birth) else {
            return self.keep_stray(key, mark, text);
        };
        // What is for an earlier membership came too late.
        if remote.birth == mark.birth && mark.count > remote.seen && remote.early.len() < 2 * BACKLOG_SIGNALS {
            remote.early.insert(mark.count, text);
        }
        self.drain(key, out);
        self.miss(now, key);
    }

    /// Its recipient may be here as soon as what was proposed is answered.
    fn keep_stray(&mut self, key: &MemberKey, mark: Mark, text: Arc<str>) {
        let Some(shared) = self.shared.as_mut().filter(|shared| shared.flight.is_some()) else { return };
        shared.strays.push_back((key.clone(), mark, text));
        if shared.strays.len() > MOST_STRAYS {
            shared.strays.pop_front();
        }
    }

    /// A member is here: what came for it already is taken in.
    pub(in crate::room) fn take_strays(&mut self, now: Instant, key: &MemberKey, out: &mut Vec<Effect>) {
        let Some(shared) = &mut self.shared else { return };
        let (own, others) = std::mem::take(&mut shared.strays).into_iter().partition(|(to, ..)| to == key);
        shared.strays = others;
        let own: VecDeque<(MemberKey, Mark, Arc<str>)> = own;
        for (key, mark, text) in own {
            self.take_in(now, &key, mark, text, out);
        }
    }

    /// Passes on what stands in line without a gap.
    pub(super) fn drain(&mut self, key: &MemberKey, out: &mut Vec<Effect>) {
        let Some(member) = self.members.get_mut(key) else { return };
        let Some(remote) = member.remote.as_mut().filter(|remote| remote.arriving.is_none()) else { return };
        let mut ready = Vec::new();
        while let Some(text) = remote.early.remove(&(remote.seen + 1)) {
            remote.seen += 1;
            // An empty one only stands for a number that was passed over.
            if !text.is_empty() {
                ready.push((remote.seen, text));
            }
        }
        for (count, text) in ready {
            member.forward_remote(count, &text, out);
        }
    }

    /// A member has been sent so many, whether they have come or not.
    pub(super) fn expect_up_to(&mut self, now: Instant, key: &MemberKey, mark: Mark) {
        let remote = self.members.get_mut(key).and_then(|member| member.remote.as_mut());
        if let Some(remote) = remote.filter(|remote| remote.birth == mark.birth) {
            remote.awaited = remote.awaited.max(mark.count);
        }
        self.miss(now, key);
    }

    /// Has the room look for what is missing in a moment.
    fn miss(&mut self, now: Instant, key: &MemberKey) {
        let waits = self.members.get(key).and_then(|member| member.remote.as_ref());
        if waits.is_some_and(|remote| remote.lacks_some() && remote.arriving.is_none())
            && let Some(shared) = &mut self.shared
        {
            let due = now + LATE;
            shared.inbox_due = Some(shared.inbox_due.map_or(due, |before| before.min(due)));
        }
    }

    /// Asks for what is missing, and goes on without a node that does not hand over.
    pub(in crate::room) fn look_after_inboxes(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let Some(shared) = self.shared.as_mut() else { return };
        if shared.inbox_due.is_none_or(|due| due > now) {
            return;
        }
        shared.inbox_due = None;
        let mut late = Vec::new();
        let mut next: Option<Instant> = None;
        for (key, member) in self.members.iter() {
            let Some(remote) = &member.remote else { continue };
            match &remote.arriving {
                Some(arriving) if arriving.until <= now => late.push(key.clone()),
                Some(arriving) => next = Some(next.map_or(arriving.until, |due| due.min(arriving.until))),
                None if remote.lacks_some() => {
                    out.push(Effect::Elsewhere(Errand::Fetch { key: key.clone(), after: remote.seen }));
                    next = Some(next.map_or(now + LATE * 5, |due| due.min(now + LATE * 5)));
                }
                None => {}
            }
        }
        if let Some(shared) = &mut self.shared {
            shared.inbox_due = next;
        }
        for key in late {
            self.complete_arrival(now, &key, None, out);
        }
    }

    /// What was asked for; what is not among it is lost.
    pub(super) fn fill_inbox(
        &mut self,
        key: &MemberKey,
        Mark { birth, count }: Mark,
        kept: Vec<(u64, Arc<str>)>,
        out: &mut Vec<Effect>,
    ) {
        let id = self.id.clone();
        let Some(member) = self.members.get_mut(key) else { return };
        let Some(remote) = &mut member.remote else { return };
        if remote.arriving.is_some() || remote.birth != birth {
            return;
        }
        remote.awaited = 0;
        for (number, text) in kept {
            if number > remote.seen {
                remote.early.insert(number, text);
            }
        }
        let first = remote.early.keys().next().copied().unwrap_or(count + 1);
        if first > remote.seen + 1 && count > remote.seen {
            // Nobody has them any more.
            let lost = (first - 1).min(count);
            let from = first_after(remote.seen + 1).max(member.backlog.last() + 1);
            remote.seen = lost;
            member.backlog.lose(first_after(lost));
            member.say(ack::encode(ack::name::GAP, &Gap { room_id: id, from, to: first_after(lost).max(from) }), out);
        }
        self.drain(key, out);
    }
}
