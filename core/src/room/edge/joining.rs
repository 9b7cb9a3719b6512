//! JOINs of sessions on this node, and the stays that begin with their answers.

use std::time::Duration;

use roomcast_protocol::code::AckCode;

use super::EdgeEffect;
use super::joins::WaitingJoin;
use super::sessions::Sessions;
use super::viewers::Viewer;
use crate::room::message::{JoinRequest, Joined, ToOwner};
use crate::room::{ConnectionId, refuse};

impl Sessions<'_> {
    /// Handles a JOIN. `fresh` states whether the lease of this node is fresh.
    pub fn join(&mut self, fresh: bool, connection: ConnectionId, mut request: JoinRequest, out: &mut Vec<EdgeEffect>) {
        let key = request.session.key();
        if let Some(stay) = self.connections.members.newest_of(&key) {
            self.report_had_of(&stay, out);
        }
        request.holds = self.connections.members.stay_of(connection, &key).map(|stay| stay.stay);
        self.decide_join(fresh, Box::new(WaitingJoin::new(self.now, connection, request)), out);
        self.link.seek(out);
    }

    /// Admits a viewer, or sends the JOIN to the owner for a decision.
    pub fn decide_join(&mut self, fresh: bool, join: Box<WaitingJoin>, out: &mut Vec<EdgeEffect>) {
        if !self.may_admit_viewer(&join.request) {
            return self.connections.joins.insert(join, self.link, out);
        }
        let unavailable = || refuse(AckCode::Unavailable, "the server has lost its connection to the other nodes");
        match if fresh { self.admit_viewer(&join) } else { unavailable() } {
            Err(refusal) => self.connections.refuse(&join, refusal, out),
            Ok((joined, viewer, newest)) => {
                let (stay, sequence) = (joined.stay.clone(), joined.sequence);
                self.begin_stay(*join, (joined, Some(viewer)), out);
                if let Some(member) = self.connections.members.get_mut(&stay).filter(|_| newest > sequence) {
                    out.extend(member.show_list(&self.room.list, newest, true));
                }
                self.tell_of_viewers(out);
            }
        }
    }

    /// Handles the answer to an accepted JOIN.
    pub fn on_joined(&mut self, joined: Joined, out: &mut Vec<EdgeEffect>) {
        if let Some(member) = self.connections.members.get_mut(&joined.stay) {
            // A repeated answer tells what was confirmed since the first.
            member.heartbeat.confirm(joined.confirmed);
        } else if let Some(join) = self.connections.joins.take(joined.id) {
            self.begin_stay(*join, (joined, None), out);
        } else {
            self.link.send(ToOwner::Absent(joined.stay, Duration::ZERO), out);
        }
    }

    /// Begins the stay of an admitted member, and handles the signals queued after its JOIN.
    fn begin_stay(&mut self, join: WaitingJoin, joined: (Joined, Option<Box<Viewer>>), out: &mut Vec<EdgeEffect>) {
        let stay = joined.0.stay.clone();
        self.room.begin_stay(self.now, &mut self.connections.members, &join, joined, out);
        self.connections.members.deadlines.schedule_silence_check(self.now + self.settings.heartbeat_timeout);
        if self.connections.viewers.told {
            self.tell_of_viewers(out);
        }
        if let Some(credentials) = join.request.credentials.filter(|_| join.renewed) {
            self.renew_stay(&stay, &credentials, out);
        }
        for (signal, _) in join.behind {
            self.take_signal((join.connection, &stay.member), None, signal, out);
        }
    }
}
