//! Messages from the owner about individual members and JOINs, and their effect on sockets here.

use roomcast_protocol::code::CloseCode;

use super::{Connections, EdgeEffect, ToClient};
use crate::cluster::{ClusterSettings, Mutation};
use crate::room::message::{Delivery, StayEnd, StayRef, ToEdge};

impl Connections {
    /// Handles a message about a member or a JOIN.
    pub fn on_message(&mut self, message: ToEdge, out: &mut Vec<EdgeEffect>) {
        match message {
            ToEdge::JoinRefused(id, refusal) => self.refuse_join(id, refusal, out),
            ToEdge::JoinSuperseded(id) => {
                let join = self.joins.take(id);
                out.extend(join.map(|join| EdgeEffect::Close(join.connection, CloseCode::SessionReplaced)));
            }
            ToEdge::Gap(stay, first, last) => {
                if let Some(member) = self.members.get_mut(&stay) {
                    member.note_gap(last);
                    out.extend(member.connection.map(|to| EdgeEffect::Tell(to, ToClient::Gap(first, last))));
                }
            }
            ToEdge::Confirmed(stay, n) => {
                if let Some(member) = self.members.get_mut(&stay) {
                    member.heartbeat.confirm(n);
                }
            }
            ToEdge::Refused(stay, refused) => {
                let to = self.members.get_mut(&stay).and_then(|member| member.connection);
                out.extend(to.map(|to| EdgeEffect::Tell(to, ToClient::Refused(refused))));
            }
            ToEdge::EndStay(stay, stay_end) => self.end_stay(&stay, stay_end, out),
            _ => {}
        }
    }

    /// Delivers a signal to a member, unless it is a repetition.
    pub fn deliver(
        &mut self,
        stay: &StayRef,
        delivery: Delivery,
        settings: &ClusterSettings,
        out: &mut Vec<EdgeEffect>,
    ) {
        let drop_repetitions = !settings.breaks(Mutation::DropRepetitions);
        let Some(member) = self.members.get_mut(stay) else { return };
        if let Some(connection) = member.connection
            && let Some(watermark) = member.take(&delivery, drop_repetitions)
        {
            out.push(EdgeEffect::Tell(connection, ToClient::Deliver(delivery, watermark)));
        }
    }

    fn end_stay(&mut self, stay: &StayRef, stay_end: StayEnd, out: &mut Vec<EdgeEffect>) {
        let Some(connection) = self.members.remove(stay).and_then(|member| member.connection) else { return };
        match stay_end {
            StayEnd::TakenOver => out.push(EdgeEffect::Close(connection, CloseCode::SessionReplaced)),
            StayEnd::Unknown => out.push(EdgeEffect::Close(connection, CloseCode::ServiceRestart)),
            StayEnd::Kicked(sq, text) => {
                out.push(EdgeEffect::Tell(connection, ToClient::Kicked(sq, text)));
                self.forget(connection, out);
            }
        }
    }
}
