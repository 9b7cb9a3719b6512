//! Tokens of clients: renewed in time, or not; and revoked.

use roomcast_core::room::ConnectionId;
use roomcast_core::room::message::Action;
use roomcast_protocol::signal::RoomType;

use super::{FromClient, World};
use crate::client::{State, signal};
use crate::token::{LIFE, Token};
use roomcast_checker::{Event, Outcome};

/// The time before the end of its token at which a client renews it.
const AHEAD: u64 = 20_000;
/// The life of a token that is not renewed.
const LAPSES: u64 = 3000;

impl World {
    /// Takes a token as the client's.
    fn take_token(&mut self, client: usize, token: Token) {
        self.clients[client].token = Some(token);
        let Token { issued, ends, .. } = token;
        // In a call everybody has a place.
        let publishes = token.publishes || self.types[self.clients[client].plan.room] == RoomType::P2p;
        self.note(Event::Token { client, issued, ends, publishes });
    }

    /// Returns the token with which a client joins. One that has ended is replaced; one that was revoked is not.
    pub(super) fn token_to_join(&mut self, client: usize, creating: bool) -> Option<Token> {
        if !self.wants_tokens {
            return None;
        }
        let state = &self.clients[client];
        let moderates = state.moderates;
        let is_good = |token: &Token| token.ends > self.now + 500 && (token.publishes || !creating);
        let token = state.token.filter(|token| is_good(token) || state.is_refused);
        if token.is_none() {
            self.clients[client].lapses = false;
            self.take_token(client, Token::new(self.now, moderates));
        }
        self.clients[client].token
    }

    /// Renews a token before it ends.
    pub(super) fn tick_token(&mut self, client: usize) {
        let now = self.now;
        let state = &self.clients[client];
        let Some(token) = state.token.filter(|_| state.state == State::In && !state.gone) else { return };
        let is_due = !state.lapses && token.ends < now + AHEAD && state.asked_token < now;
        if let Some(connection) = state.connection.filter(|_| is_due) {
            self.clients[client].asked_token = now + 1000;
            let renewed = Token { publishes: token.publishes, ..Token::new(now, token.moderates) };
            self.tell_node(self.clients[client].node, connection, FromClient::Renew(renewed));
        }
    }

    /// A client says RENEW with a token of other grants; without a membership it has it at once.
    pub(super) fn renew(&mut self, client: usize, publishes: bool) {
        let state = &self.clients[client];
        let Some(former) = state.token.filter(|_| !state.gone) else { return };
        let token = Token { publishes, ..Token::new(self.now, former.moderates) };
        match (state.state, state.connection) {
            (State::In, Some(connection)) => {
                self.clients[client].lapses = false;
                if !publishes {
                    // It may count before its answer is here.
                    self.take_token(client, Token { publishes, ..former });
                }
                self.tell_node(self.clients[client].node, connection, FromClient::Renew(token));
            }
            (State::Idle, _) => {
                self.clients[client].is_refused = false;
                self.take_token(client, token);
            }
            _ => {}
        }
    }

    /// A client takes a token that ends soon, and renews it no more.
    pub(super) fn lapse(&mut self, client: usize) {
        let state = &self.clients[client];
        let is_in = state.state == State::In && !state.gone && !state.lapses;
        let Some(former) = state.token.filter(|_| is_in) else { return };
        let Some(connection) = state.connection else { return };
        let token = Token { issued: self.now, ends: self.now + LAPSES, ..former };
        self.clients[client].lapses = true;
        // It may count before its answer is here.
        self.take_token(client, token);
        self.tell_node(self.clients[client].node, connection, FromClient::Renew(token));
    }

    /// RENEW was accepted.
    pub(super) fn renewed(&mut self, client: usize, connection: ConnectionId, token: Token) {
        let state = &self.clients[client];
        if state.connection == Some(connection) && state.token.is_none_or(|former| former.issued < token.issued) {
            self.take_token(client, token);
        }
    }

    /// `POST /api/revoke` at a node, for all tokens of a user.
    pub(super) fn revoke(&mut self, client: usize, node: usize) {
        if !self.wants_tokens || self.hosts[node].node.is_none() || self.hosts[node].paused {
            return;
        }
        self.note(Event::RevokeAsked { client });
        let user = self.clients[client].session.user_id.clone();
        self.with_node(node, |node, now| node.revoke(now, &user));
    }

    /// A moderator kicks a client and revokes its tokens.
    pub(super) fn banish(&mut self, by: usize, of: usize) {
        if !self.wants_tokens || by == of || self.clients[by].room != self.clients[of].room {
            return;
        }
        self.ids += 1;
        let id = self.ids;
        self.note(Event::KickAsked { of });
        self.note(Event::RevokeAsked { client: of });
        self.note(Event::BanishAsked { of });
        self.say(by, signal(Action::KickAndRevoke, Some(of), id), id);
    }

    /// A connection was closed for its token, or a JOIN refused: the client takes another, unless it was revoked.
    pub(super) fn token_over(&mut self, client: usize) {
        let now = self.now;
        let state = &mut self.clients[client];
        let has_ended = state.token.is_some_and(|token| token.ends <= now);
        state.lapses = false;
        if has_ended && !state.is_refused {
            return self.lose(client, Outcome::TokenOver);
        }
        state.is_refused = true;
        self.end(client, Outcome::TokenOver);
    }
}

const _: () = assert!(LIFE > AHEAD + LAPSES, "a token is renewed once in its life");
