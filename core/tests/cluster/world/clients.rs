//! Behaviour of the clients.

use roomcast_core::room::ConnectionId;
use roomcast_core::room::edge::ToClient;
use roomcast_core::room::message::{Action, Delivery, List, Signal};
use roomcast_protocol::ack::{Role, RoomClosedReason};
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::signal::Recipient;

use super::{FromClient, Happens, World};
use crate::client::{State, Unconfirmed, index_of, signal};
use crate::plan::NODES;
use roomcast_checker::{Event, Outcome};

/// The interval of heartbeats, and the time after which an unanswered one means a dead line.
pub(super) const BEAT: u64 = 3000;
pub(super) const DEAD_LINE: u64 = 7000;
/// The time after which a JOIN is given up.
const JOIN_TIMEOUT: u64 = 10_000;
/// Unconfirmed signals from which a client says nothing more.
const KEPT: usize = 256;

impl World {
    /// Opens a connection on a node, or on another one if that takes none.
    pub(super) fn connect(&mut self, client: usize, node: usize, creating: bool) {
        let open = |host: &super::Host| host.node.as_ref().is_some_and(|node| !node.draining) && !host.paused;
        let node = (0..NODES).map(|step| (node + step) % NODES).find(|node| open(&self.hosts[*node]));
        let Some(node) = node else {
            self.clients[client].state = State::Waiting { at: self.now + 500, creating };
            return;
        };
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.owners.insert(connection, client);
        let now = self.now;
        let state = &mut self.clients[client];
        (state.connection, state.node) = (Some(connection), node);
        (state.state, state.unanswered_since) = (State::Joining { since: now, creating }, None);
        self.note(Event::Asked { client });
        let token = self.token_to_join(client, creating);
        self.from(client, connection, FromClient::Join { creating, token });
    }

    fn from(&mut self, client: usize, connection: ConnectionId, said: FromClient) {
        self.tell_node(self.clients[client].node, connection, said);
    }

    pub(super) fn tell_node(&mut self, node: usize, connection: ConnectionId, said: FromClient) {
        let run = self.hosts[node].run;
        let at = self.now + self.latency_of(connection);
        self.schedule(at, Happens::FromClient(node, run, connection, said));
    }

    /// Gives up a connection.
    pub(super) fn disconnect(&mut self, client: usize) {
        if let Some(connection) = self.clients[client].connection.take() {
            self.owners.remove(&connection);
            self.from(client, connection, FromClient::Gone);
        }
    }

    pub(super) fn tick_client(&mut self, client: usize) {
        let now = self.now;
        let state = &self.clients[client];
        if state.gone {
            return;
        }
        match state.state {
            State::Waiting { at, creating } if at <= now => {
                let node = state.node;
                self.connect(client, node, creating);
            }
            State::Joining { since, .. } if now >= since + JOIN_TIMEOUT => self.lose(client, Outcome::Lost),
            State::In if state.unanswered_since.is_some_and(|since| now >= since + DEAD_LINE) => {
                self.lose(client, Outcome::Lost);
            }
            State::In if now >= state.next_beat => self.beat(client),
            _ => {}
        }
    }

    fn beat(&mut self, client: usize) {
        let now = self.now;
        let state = &mut self.clients[client];
        let Some(connection) = state.connection else { return };
        state.next_beat = now + BEAT;
        state.unanswered_since.get_or_insert(now);
        let sq = (state.plan.numbers || state.plan.confirms).then_some(state.had);
        self.from(client, connection, FromClient::Heartbeat(sq));
    }

    /// The connection is gone: the client comes back, wherever.
    pub(super) fn lose(&mut self, client: usize, outcome: Outcome) {
        let was = self.clients[client].state;
        self.disconnect(client);
        if was == State::In {
            self.note(Event::Ended { client, outcome });
        }
        let at = self.now + 100 + self.rng.below(700);
        let node = usize::try_from(self.rng.below(NODES as u64)).unwrap();
        let state = &mut self.clients[client];
        state.node = node;
        state.state = match was {
            State::Idle => State::Idle,
            State::Joining { creating, .. } | State::Waiting { creating, .. } => State::Waiting { at, creating },
            State::In => State::Waiting { at, creating: false },
        };
    }

    /// The membership is over, and the client wants no other.
    pub(super) fn end(&mut self, client: usize, outcome: Outcome) {
        if self.clients[client].was_in {
            self.note(Event::Ended { client, outcome });
        }
        self.disconnect(client);
        self.give_up_formers(client);
        let state = &mut self.clients[client];
        state.state = State::Idle;
        // It names no number of a membership that is over, and takes that of the next ack.
        (state.was_in, state.had) = (false, 0);
        state.unconfirmed.clear();
    }

    pub(super) fn leave(&mut self, client: usize) {
        if let (State::In, Some(connection), false) =
            (self.clients[client].state, self.clients[client].connection, self.clients[client].gone)
        {
            self.note(Event::LeaveSaid { client });
            self.from(client, connection, FromClient::Said(None, signal(Action::Leave, None, 0)));
        }
        if !self.clients[client].gone {
            self.end(client, Outcome::Left);
        }
    }

    /// Says something, if the client is in.
    pub(super) fn say(&mut self, client: usize, signal: Signal, id: u64) {
        let state = &mut self.clients[client];
        let Some(connection) = state.connection.filter(|_| state.state == State::In && !state.gone) else { return };
        let n = state.plan.numbers.then_some(state.next_n);
        if n.is_some() {
            if state.unconfirmed.len() >= KEPT {
                return;
            }
            state.unconfirmed.push_back(Unconfirmed { n: state.next_n, id, signal: signal.clone() });
        }
        state.next_n += 1;
        if let (Action::Relay(_), Some(Recipient::Session(key))) = (signal.action, &signal.to) {
            let to = index_of(key);
            self.note(Event::Sent { from: client, to, id });
        }
        self.from(client, connection, FromClient::Said(n, signal));
    }

    fn say_again(&mut self, client: usize) {
        let Some(connection) = self.clients[client].connection else { return };
        let again: Vec<_> = self.clients[client].unconfirmed.iter().cloned().collect();
        for kept in again {
            self.from(client, connection, FromClient::Said(Some(kept.n), kept.signal));
        }
    }

    pub(super) fn closed(&mut self, client: usize, connection: ConnectionId, code: CloseCode) {
        self.end_former(connection);
        if self.clients[client].connection != Some(connection) || self.clients[client].gone {
            return;
        }
        match code {
            CloseCode::TokenExpired => self.token_over(client),
            CloseCode::SessionReplaced => self.end(client, Outcome::TakenOver),
            CloseCode::ServiceRestart if !self.is_draining(client) => self.lose(client, Outcome::Unknown),
            _ => self.lose(client, Outcome::Lost),
        }
    }

    fn is_draining(&self, client: usize) -> bool {
        let host = &self.hosts[self.clients[client].node];
        host.node.as_ref().is_none_or(|node| node.draining)
    }

    pub(super) fn client_gets(&mut self, client: usize, connection: ConnectionId, message: ToClient) {
        self.former_gets(connection, &message);
        if self.clients[client].connection != Some(connection) || self.clients[client].gone {
            return;
        }
        match message {
            ToClient::Joined(answer) => {
                let (resumed, sequence) = (answer.resumed, answer.sequence);
                self.joined(client, (resumed, sequence, answer.confirmed.unwrap_or(0)), &answer.list);
            }
            ToClient::JoinRefused(_, refusal) => self.refused(client, refusal.code),
            ToClient::Deliver(delivery, _) => self.deliver(client, &delivery),
            ToClient::List(list, sq, _) => {
                self.note(Event::Numbered { to: client, sq });
                self.clients[client].had = self.clients[client].had.max(sq);
                self.see(client, &list);
            }
            ToClient::Gap(_, last) => {
                self.clients[client].had = self.clients[client].had.max(last);
                self.note(Event::Gap { client });
            }
            ToClient::Resend(confirmed) => {
                self.confirm(client, confirmed);
                self.say_again(client);
            }
            ToClient::Refused(refused) => {
                let kept = self.clients[client].unconfirmed.iter().find(|kept| kept.n == refused.n).map(|kept| kept.id);
                // Clients that do not number cannot tell: nothing of theirs is refused but for want of a recipient.
                if let Some(id) = kept {
                    self.note(Event::Doubtful { id });
                }
            }
            ToClient::Heartbeat(_, confirmed, _) => {
                self.clients[client].unanswered_since = None;
                self.confirm(client, confirmed.unwrap_or(0));
            }
            ToClient::NotMember if self.clients[client].state == State::In => self.lose(client, Outcome::Unknown),
            ToClient::NotMember => {}
            ToClient::Kicked(..) => self.end(client, Outcome::Kicked),
            ToClient::RoomClosed(RoomClosedReason::Denied) => self.token_over(client),
            ToClient::RoomClosed(_) => self.end(client, Outcome::Closed),
        }
    }

    fn joined(&mut self, client: usize, (resumed, sequence, confirmed): (bool, u64, u64), list: &List) {
        let State::Joining { creating, .. } = self.clients[client].state else { return };
        let now = self.now;
        let state = &mut self.clients[client];
        (state.state, state.next_beat, state.was_in) = (State::In, now + BEAT, true);
        state.last_version = (0, 0);
        // Another membership counts anew.
        state.had = if resumed { state.had } else { sequence };
        let node = state.node;
        self.note(Event::Joined { client, node, creating, resumed });
        self.replace_formers(client);
        self.see(client, list);
        self.confirm(client, confirmed);
        self.say_again(client);
    }

    fn refused(&mut self, client: usize, code: AckCode) {
        let State::Joining { creating, .. } = self.clients[client].state else { return };
        self.note(Event::Refused { client, code: code.number() });
        self.disconnect(client);
        let at = self.now + 500;
        let state = &mut self.clients[client];
        state.state = State::Waiting { at, creating };
        match code {
            AckCode::Unavailable => {}
            AckCode::Unauthenticated => self.token_over(client),
            AckCode::AlreadyExistRoom => state.state = State::Waiting { at, creating: false },
            _ => {
                self.clients[client].state = State::Idle;
                self.end(client, Outcome::Closed);
            }
        }
    }

    fn confirm(&mut self, client: usize, n: u64) {
        if let Some(id) = self.clients[client].confirm(n) {
            self.note(Event::Confirmed { client, id });
        }
    }

    fn deliver(&mut self, client: usize, delivery: &Delivery) {
        let state = &mut self.clients[client];
        if delivery.sq <= state.had && state.plan.numbers {
            return;
        }
        state.had = state.had.max(delivery.sq);
        let from = index_of(&delivery.from.member);
        if delivery.numbered && !state.note_signal(from, delivery.n) {
            return;
        }
        let (id, sq) = (delivery.text.parse().unwrap(), delivery.sq);
        self.note(Event::Got { to: client, from, id, sq });
    }

    fn see(&mut self, client: usize, list: &List) {
        if self.clients[client].state != State::In {
            return;
        }
        let keys = || list.publishers.iter().map(|listed| listed.session.key());
        let publishers = keys().map(|key| index_of(&key)).collect();
        let owners = keys().filter(|key| list.role(key) == Role::Admin).map(|key| index_of(&key)).collect();
        self.note(Event::List { client, version: Some(list.version), publishers, owners });
    }
}
