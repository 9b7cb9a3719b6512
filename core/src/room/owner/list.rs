//! The list of publishers as sent to members: it reflects the last journaled state, and changes are rate-limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::limits::LIST_CHANGE_INTERVAL;

use super::OwnerEffect;
use super::edges::Edges;
use super::member::Presence;
use super::members::Members;
use crate::cluster::BootId;
use crate::room::message::{List, Listed, ToEdge};
use crate::room::state::RoomState;
use crate::time::Instant;

/// The list that may be sent to members, and the time at which a change is due.
#[derive(Debug, Default)]
pub(super) struct AnnouncedList {
    list: List,
    /// The time at which a change is to be sent.
    due: Option<Instant>,
    shown_at: Option<Instant>,
}

/// Returns the publishers and the playing broadcasts of a room's state.
pub(super) fn listed(state: &RoomState) -> (Arc<Vec<Listed>>, Arc<Vec<ObjectId>>) {
    let publishers = state.publishers().iter().map(|publisher| Listed {
        session: publisher.session.clone(),
        video: publisher.video,
        audio: publisher.audio,
        name: publisher.name.clone(),
    });
    (Arc::new(publishers.collect()), Arc::new(state.playing().cloned().collect()))
}

impl AnnouncedList {
    /// Initializes the list from a state that edges know already or receive with their attachment.
    pub fn begin(&mut self, term: u64, state: &RoomState) {
        let (publishers, playing) = listed(state);
        self.list = List { version: (term, 0), publishers, playing };
    }

    /// Returns the newest list.
    pub const fn newest(&self) -> &List {
        &self.list
    }

    pub const fn version(&self) -> (u64, u64) {
        self.list.version
    }

    /// Returns the time at which a change is to be sent.
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Replaces the list. It gets the version after the given one, and is scheduled to be sent.
    pub fn replace(&mut self, (term, version): (u64, u64), publishers: Arc<Vec<Listed>>, playing: Arc<Vec<ObjectId>>) {
        self.list = List { version: (term, version + 1), publishers, playing };
        self.due.get_or_insert(self.shown_at.map_or(Instant(0), |at| at + LIST_CHANGE_INTERVAL));
    }

    /// Continues above a version from an owner that a failover lost, so that members do not treat new lists as older
    /// ones.
    pub fn count_on_above(&mut self, version: (u64, u64)) {
        if version > self.list.version {
            let (publishers, playing) = (Arc::clone(&self.list.publishers), Arc::clone(&self.list.playing));
            self.replace(version, publishers, playing);
        }
    }

    /// Sends the list to all members, if it has changed and the minimum interval since the last change has passed.
    pub fn show(&mut self, now: Instant, members: &mut Members, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        (self.due, self.shown_at) = (None, Some(now));
        let mut stays: BTreeMap<BootId, Vec<(u64, u64)>> = edges.nodes().map(|edge| (edge, Vec::new())).collect();
        // A member whose JOIN is still to be answered gets the list with the answer.
        for member in members.values_mut().filter(|member| member.committed) {
            let sq = member.backlog.push_list();
            let edge = stays.get_mut(&member.edge).filter(|_| member.presence == Presence::Present);
            edge.into_iter().for_each(|edge| edge.push((member.stay, sq)));
        }
        for (edge, stays) in stays {
            edges.send(edge, ToEdge::List(self.list.clone(), stays), out);
        }
    }

    /// Sends the list to the members of one edge that holds another version.
    pub fn show_at(&self, edge: BootId, members: &mut Members, edges: &Edges, out: &mut Vec<OwnerEffect>) {
        let there = members.values_mut().filter(|member| member.edge == edge && member.committed);
        let stays = there.map(|member| (member.stay, member.backlog.push_list())).collect();
        edges.send(edge, ToEdge::List(self.list.clone(), stays), out);
    }
}
