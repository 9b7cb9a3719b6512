//! Access tokens at a node, as the server's sessions keep them: their ends, renewals, and the revocations that all
//! nodes tell each other with their leases.

use std::collections::BTreeMap;

use roomcast_core::room::edge::ToClient;
use roomcast_core::room::message::JoinRequest;
use roomcast_core::room::{ConnectionId, Refusal};
use roomcast_core::time::Instant;
use roomcast_protocol::access::{Grant, Permit, RoomTypes};
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::id::UserId;

use super::{Node, Out};
use crate::token::Token;

/// Users whose tokens are refused, with the time until which those were issued.
pub type Revoked = BTreeMap<UserId, u64>;

/// A node's knowledge of tokens.
#[derive(Debug, Default)]
pub struct Access {
    tokens: BTreeMap<ConnectionId, (UserId, Token)>,
    pub revoked: Revoked,
    /// Revocations that Redis is not known to have.
    pub untold: Revoked,
}

/// Takes revocations of another table; returns the users of which something is new.
pub fn merge(known: &mut Revoked, other: &Revoked) -> Vec<UserId> {
    let mut news = Vec::new();
    for (user, before) in other {
        let entry = known.entry(user.clone()).or_default();
        if *before > *entry {
            *entry = *before;
            news.push(user.clone());
        }
    }
    news
}

impl Access {
    fn refuses(&self, now: Instant, user: &UserId, token: Token) -> bool {
        token.ends <= now.0 || self.revoked.get(user).is_some_and(|before| token.issued <= *before)
    }
}

fn permit(user: &UserId, token: Token, grants: bool) -> Permit {
    let (join, create, publish) = (true, RoomTypes::All(true), token.publishes);
    let grant = Grant { join, create, publish, moderate: token.moderates, ..Grant::default() };
    let (subject, expires, issued) = (user.clone(), token.ends, token.issued);
    Permit { subject, name: None, expires, issued, id: None, grant: grants.then_some(grant) }
}

impl Node {
    /// Whether a JOIN is let through; else it is answered.
    pub(super) fn admits(&mut self, connection: ConnectionId, request: &JoinRequest, token: Option<Token>) -> bool {
        let Some(token) = token else { return true };
        let user = &request.session.user_id;
        if self.access.refuses(self.now, user, token) {
            let refusal = Refusal { code: AckCode::Unauthenticated, reason: String::new() };
            self.out.push(Out::Tell(connection, ToClient::JoinRefused(request.id, refusal)));
            return false;
        }
        self.access.tokens.insert(connection, (user.clone(), token));
        true
    }

    /// Takes another token of a connection.
    pub fn renew(&mut self, now: Instant, connection: ConnectionId, token: Token) -> Vec<Out> {
        self.begin(now);
        let Some((user, former)) = self.access.tokens.get(&connection).cloned() else { return self.end() };
        if !self.access.refuses(now, &user, former) && !self.access.refuses(now, &user, token) {
            self.access.tokens.insert(connection, (user.clone(), token));
            self.out.push(Out::Renewed(connection, token));
            self.take_permit(connection, &permit(&user, token, true));
        }
        self.end()
    }

    fn take_permit(&mut self, connection: ConnectionId, permit: &Permit) {
        if let Some((room, _)) = self.connections.get(&connection).cloned() {
            self.with_site(&room, |site, context| site.renew(context, connection, permit));
        }
    }

    /// Refuses the tokens of a user that were issued until now, and tells the other nodes.
    pub fn revoke(&mut self, now: Instant, user: &UserId) -> Vec<Out> {
        self.begin(now);
        self.revoke_now(user);
        self.end()
    }

    pub(super) fn revoke_now(&mut self, user: &UserId) {
        let revoked = Revoked::from([(user.clone(), self.now.0)]);
        merge(&mut self.access.untold, &revoked);
        self.learn(&revoked);
        self.next_lease = self.now;
    }

    /// Takes revocations: members of connections that are refused leave, and the connections are closed.
    pub(super) fn learn(&mut self, revoked: &Revoked) {
        merge(&mut self.access.revoked, revoked);
        self.close_refused(|access, now, user, token| access.refuses(now, user, token) && token.ends > now.0);
    }

    /// Notes that Redis has these revocations.
    pub(super) fn note_told(&mut self, told: &Revoked) {
        let untold = std::mem::take(&mut self.access.untold);
        for (user, before) in untold {
            match told.get(&user).is_some_and(|told| *told >= before) {
                true => self.out.push(Out::Revoked(user, before)),
                false => _ = self.access.untold.insert(user, before),
            }
        }
    }

    /// Closes the connections whose tokens have ended.
    pub(super) fn close_ended(&mut self) {
        self.close_refused(|_, now, _, token| token.ends <= now.0);
    }

    fn close_refused(&mut self, is_over: impl Fn(&Access, Instant, &UserId, Token) -> bool) {
        let now = self.now;
        let over = self.access.tokens.iter().filter(|(_, (user, token))| is_over(&self.access, now, user, *token));
        let over: Vec<_> = over.map(|(connection, (user, token))| (*connection, user.clone(), *token)).collect();
        for (connection, user, token) in over {
            self.access.tokens.remove(&connection);
            // A token that has ended makes nobody leave: the client comes back with another.
            if token.ends > now.0 {
                self.take_permit(connection, &permit(&user, token, false));
            }
            self.out.push(Out::Close(connection, CloseCode::TokenExpired));
            if let Some((room, _)) = self.connections.remove(&connection) {
                self.with_site(&room, |site, context| site.disconnected(context, connection));
            }
        }
    }

    /// Forgets the token of a connection that is gone.
    pub(super) fn forget_token(&mut self, connection: ConnectionId) {
        self.access.tokens.remove(&connection);
    }
}
