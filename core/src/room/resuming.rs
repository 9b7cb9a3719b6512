//! `JOIN` of a session that is a member already: it resumes, and nobody else is told that anything happened.
//!
//! A resumed member goes on as it was: `ve`, `ae` and the session's description are those of its first `JOIN`
//! or of what it said since. What has changed meanwhile it tells with `UPDATE`.

use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::signal::MemberKey;

use super::effect::Effect;
use super::joining::JoinRequest;
use super::shared::Errand;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

impl Room {
    /// Lets a connection speak for a member and gives the number from which to send again, if any is to be.
    ///
    /// On the member's own connection everything handed to it is still on its way: without a number nothing is
    /// sent again. On another one everything that was not written to the one before is.
    pub(super) fn resume(
        &mut self,
        now: Instant,
        request: &JoinRequest,
        out: &mut Vec<Effect>,
    ) -> Result<Option<u64>, Refusal> {
        let (from, key, options) = (request.connection, request.key(), &request.join.options);
        let claimed = options.resume_from;
        let Some(member) = self.members.get_mut(&key) else {
            return refuse(AckCode::NotRoomMember, "the session is no member");
        };
        if member.connection == Some(from) {
            member.last_heard = now;
            return Ok(claimed.map(|claimed| member.backlog.resume_point(Some(claimed))));
        }
        if !member.accepts(options.resume_token.as_ref()) {
            return refuse(AckCode::PermissionNotFound, "the session is taken over only with its resume token");
        }
        member.last_heard = now;
        let resume_point = member.backlog.resume_point(claimed);
        member.backlog.reconnect(resume_point);
        if let Some(old) = self.members.attach(&key, from) {
            out.push(Effect::Close { connection: old, code: CloseCode::SessionReplaced });
        }
        Ok(Some(resume_point))
    }

    /// Sends again what came after a number.
    pub(super) fn replay(&self, key: &MemberKey, from: Option<u64>, out: &mut Vec<Effect>) {
        if let (Some(from), Some(member)) = (from, self.members.get(key)) {
            if let (Some(_), Some(to)) = (&self.shared, member.connection) {
                out.push(Effect::Elsewhere(Errand::Replays { to }));
            }
            member.replay(self.id.clone(), from, out);
        }
    }
}
