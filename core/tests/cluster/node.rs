//! A node: the shell around the pure parts, as the server's is, in virtual time.

pub mod access;
mod packets;

use std::collections::BTreeMap;

use roomcast_core::cluster::lease::Lease;
use roomcast_core::cluster::peers::{Header, Peer, Ticket};
use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room::ConnectionId;
use roomcast_core::room::edge::{Edge, ToClient};
use roomcast_core::room::message::{JoinRequest, Message, Signal};
use roomcast_core::room::owner::{Owner, StreamSettings};
use roomcast_core::room::site::{self, Context, DirectoryQuery, Site, SiteEffect};
use roomcast_core::time::Instant;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::{RoomId, UserId};
use roomcast_protocol::signal::MemberKey;

use crate::command::{Answer, Command};
use crate::token::Token;
use access::Access;

/// Messages of one turn of a node for another node.
#[derive(Debug)]
pub struct Packet {
    pub header: Header,
    pub messages: Vec<Message>,
}

/// An output of a node.
#[derive(Debug)]
pub enum Out {
    Publish(BootId, BootId, Packet),
    Command(Command),
    Tell(ConnectionId, ToClient),
    Close(ConnectionId, CloseCode),
    /// Pause or resume reading from the socket.
    Read(ConnectionId, bool),
    /// A connection for which more is kept than may be is closed, though an owner is known.
    CutOff(ConnectionId),
    /// RENEW is answered.
    Renewed(ConnectionId, Token),
    /// All nodes learn that the tokens of a user are refused that were issued until then.
    Revoked(UserId, u64),
}

/// Attachments and JOINs that a site may number.
const IDS: u64 = 1 << 20;

pub struct Node {
    settings: ClusterSettings,
    pub lease: Lease,
    next_lease: Instant,
    peers: BTreeMap<BootId, Peer>,
    pub sites: BTreeMap<RoomId, Site>,
    outbox: BTreeMap<BootId, Vec<Message>>,
    /// Packets that a slow room has handled only once the turn is over.
    handled_late: Vec<(BootId, Ticket)>,
    connections: BTreeMap<ConnectionId, (RoomId, MemberKey)>,
    access: Access,
    ids: u64,
    pub draining: bool,
    out: Vec<Out>,
    now: Instant,
}

impl Node {
    pub fn new(settings: ClusterSettings, boot: BootId, now: Instant) -> Self {
        Self {
            settings,
            lease: Lease::new(settings, boot, now),
            next_lease: now,
            peers: BTreeMap::new(),
            sites: BTreeMap::new(),
            outbox: BTreeMap::new(),
            handled_late: Vec::new(),
            connections: BTreeMap::new(),
            access: Access::default(),
            ids: 0,
            draining: false,
            out: Vec::new(),
            now,
        }
    }

    pub const fn boot(&self) -> BootId {
        self.lease.boot()
    }

    /// The rooms that this node owns.
    pub fn owned(&self) -> impl Iterator<Item = (&RoomId, &Owner)> {
        self.sites.iter().filter_map(|(room, site)| Some((room, site.owner()?)))
    }

    fn begin(&mut self, now: Instant) {
        self.now = now;
        for (from, ticket) in std::mem::take(&mut self.handled_late) {
            self.peers.get_mut(&from).into_iter().for_each(|peer| peer.handled(ticket));
        }
    }

    /// Ends the turn: sends one packet to each node.
    fn end(&mut self) -> Vec<Out> {
        self.flush();
        std::mem::take(&mut self.out)
    }

    /// Steps a room, which is made where it is not here, and carries out what follows.
    fn with_site(&mut self, room: &RoomId, step: impl FnOnce(&mut Site, Context<'_>) -> Vec<SiteEffect>) {
        let (settings, boot) = (self.settings, self.boot());
        let site = self.sites.entry(room.clone()).or_insert_with(|| {
            self.ids += IDS;
            Site::new(settings.into(), StreamSettings::default(), (boot, self.ids), room.clone())
        });
        let context = Context { now: self.now, shared: self.now, lease: Some(&self.lease), draining: self.draining };
        let effects = step(site, context);
        if site.is_gone() {
            self.sites.remove(room);
        }
        effects.into_iter().for_each(|effect| self.carry_out(room, effect));
    }

    fn all_sites(&mut self, step: impl Fn(&mut Site, Context<'_>) -> Vec<SiteEffect>) {
        let rooms: Vec<RoomId> = self.sites.keys().cloned().collect();
        rooms.iter().for_each(|room| self.with_site(room, &step));
    }

    fn carry_out(&mut self, room: &RoomId, effect: SiteEffect) {
        match effect {
            SiteEffect::Tell(connection, message) => {
                note_written(&message);
                self.out.push(Out::Tell(connection, message));
            }
            SiteEffect::Close(connection, code) => {
                self.connections.remove(&connection);
                let has_owner = |site: &Site| site.edge().is_some_and(|edge| !edge.is_seeking());
                if code == CloseCode::SlowConsumer && self.sites.get(room).is_some_and(has_owner) {
                    self.out.push(Out::CutOff(connection));
                }
                self.out.push(Out::Close(connection, code));
            }
            SiteEffect::Read(connection, reads) => self.out.push(Out::Read(connection, reads)),
            SiteEffect::Forget(connection) => _ = self.connections.remove(&connection),
            SiteEffect::Send(to, message) => self.outbox.entry(to).or_default().push(message),
            SiteEffect::DirectoryQuery(ask) => self.out.push(Out::Command(Command::Of(room.clone(), ask))),
            SiteEffect::Revoke(revocation) => self.revoke_now(&revocation.user),
            SiteEffect::Live(..) | SiteEffect::Everything(..) | SiteEffect::Uploaded(..) => {}
        }
    }

    /// Takes a JOIN over a connection with this token.
    pub fn join(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        room: &RoomId,
        (request, token): (JoinRequest, Option<Token>),
    ) -> Vec<Out> {
        self.begin(now);
        if !self.admits(connection, &request, token) {
            return self.end();
        }
        self.connections.insert(connection, (room.clone(), request.session.key()));
        self.with_site(room, |site, context| site.join(context, connection, request).1);
        self.end()
    }

    /// Takes another signal.
    pub fn take_signal(&mut self, now: Instant, connection: ConnectionId, n: Option<u64>, signal: Signal) -> Vec<Out> {
        self.begin(now);
        if let Some((room, key)) = self.connections.get(&connection).cloned() {
            self.with_site(&room, |site, context| site.take_signal(context, (connection, &key), n, signal));
        }
        self.end()
    }

    /// Takes a heartbeat.
    pub fn heartbeat(&mut self, now: Instant, connection: ConnectionId, sq: Option<u64>) -> Vec<Out> {
        self.begin(now);
        match self.connections.get(&connection).cloned() {
            Some((room, key)) => {
                self.with_site(&room, |site, context| site.heartbeat(context, (connection, &key), sq));
            }
            None => self.out.push(Out::Tell(connection, ToClient::NotMember)),
        }
        self.end()
    }

    /// Notes that a connection is gone.
    pub fn disconnected(&mut self, now: Instant, connection: ConnectionId) -> Vec<Out> {
        self.begin(now);
        self.forget_token(connection);
        if let Some((room, _)) = self.connections.remove(&connection) {
            self.with_site(&room, |site, context| site.disconnected(context, connection));
        }
        self.end()
    }

    /// Forgives absences after the subscription was built anew.
    pub fn resubscribed(&mut self, now: Instant) -> Vec<Out> {
        self.begin(now);
        self.forgive();
        self.end()
    }

    fn forgive(&mut self) {
        self.all_sites(|site, context| {
            site.forgive(context);
            Vec::new()
        });
    }

    /// Begins to drain; true once every room is released.
    pub fn drain(&mut self, now: Instant) -> Vec<Out> {
        self.begin(now);
        self.draining = true;
        self.all_sites(Site::drain);
        self.end()
    }

    /// Does what is due by time.
    pub fn tick(&mut self, now: Instant) -> Vec<Out> {
        self.begin(now);
        if now >= self.next_lease {
            self.next_lease = Instant(now.0 + 1000);
            let mut peers: Vec<_> = self.sites.values().flat_map(Site::peers).collect();
            peers.sort();
            peers.dedup();
            let revoked = self.access.revoked.clone();
            self.out.push(Out::Command(Command::Lease { sent: now, boot: self.boot(), peers, revoked }));
            self.out.push(Out::Command(Command::Begin));
        }
        self.close_ended();
        self.all_sites(|site, context| {
            let is_due = site.due(context).is_some_and(|due| due <= context.now);
            if is_due { site.on_time(context) } else { Vec::new() }
        });
        self.doubt_by_time(now);
        self.end()
    }

    /// Takes the answer to a command. `fresh_boot` is the next boot id, should this one be dead.
    pub fn on_answer(&mut self, now: Instant, command: Command, answer: Answer, fresh_boot: BootId) -> Vec<Out> {
        self.begin(now);
        match (command, answer) {
            (Command::Lease { sent, boot, revoked: told, .. }, Answer::Lease(answer, revoked))
                if boot == self.boot() =>
            {
                self.note_told(&told);
                self.learn(&revoked);
                let news = self.lease.on_answer(sent, now, &answer);
                if news.deposed {
                    self.depose(fresh_boot);
                }
                if news.amnesty {
                    self.forgive();
                }
                self.drop_dead_nodes();
            }
            (Command::Begin, Answer::Era(era)) if self.lease.on_era(era) => {
                self.all_sites(|site, context| site.on_era(context, era));
            }
            (Command::Of(room, ask), answer) => self.on_directory(&room, ask, answer),
            _ => {}
        }
        self.end()
    }

    fn on_directory(&mut self, room: &RoomId, ask: DirectoryQuery, answer: Answer) {
        let answer = match answer {
            Answer::Looked(looked) => site::DirectoryAnswer::Looked(looked),
            Answer::Claimed(claimed) => site::DirectoryAnswer::Claimed(claimed),
            Answer::Asserted(asserted) => site::DirectoryAnswer::Asserted(asserted),
            Answer::Journaled(journaled) => site::DirectoryAnswer::Journaled(journaled),
            Answer::Done => site::DirectoryAnswer::Released,
            Answer::Lease(..) | Answer::Era(_) | Answer::Failed => site::DirectoryAnswer::Failed,
        };
        self.with_site(room, |site, context| site.on_answer(context, ask, answer));
    }

    /// Tells the rooms who is dead.
    fn drop_dead_nodes(&mut self) {
        self.lease.dead().for_each(|boot| _ = self.peers.remove(&boot));
        self.all_sites(Site::on_dead);
    }

    /// This node was declared dead: it drops its rooms and comes back under another boot id.
    fn depose(&mut self, boot: BootId) {
        self.lease.restart(boot);
        self.next_lease = self.now;
        self.peers.clear();
        self.outbox.clear();
        self.all_sites(|site, context| site.on_deposed(context, boot));
    }
}

/// Sockets take everything at once.
fn note_written(message: &ToClient) {
    match message {
        ToClient::Deliver(delivery, watermark) => watermark.raise(delivery.sq),
        ToClient::List(_, sq, watermark) => watermark.raise(*sq),
        _ => {}
    }
}

/// The edge of a room that is attached to a node.
fn attached_edge(site: &Site, node: BootId) -> bool {
    site.edge().and_then(Edge::attachment).is_some_and(|(owner, _)| owner == node)
}
